"""Study files: what is accepted, and what each mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.errors import SinosError, StudyError
from sinos.study import Study, load_study
from sinos.study.model import Filter, Recode, ResolveNames

GOOD = """\
about:
  title: Shoes
tables:
  transactions:
    file: sales.csv
    columns: {supplier: Seller, buyer: Client}
repairs:
  - filter: {column: buyer, not_equals: X}
  - recode: product
    map: {"01": "1"}
  - resolve_names: buyer
options:
  seed: 5
"""


@pytest.fixture
def write(tmp_path: Path):
    (tmp_path / "sales.csv").write_text("Seller,Client\n", encoding="utf-8")

    def writer(text: str | bytes) -> Path:
        path = tmp_path / "study.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writer


def refuse(path, *overrides: str) -> StudyError:
    with pytest.raises(StudyError) as caught:
        load_study(path, overrides)
    assert caught.value.fix
    return caught.value


def test_a_good_study_is_read_with_its_folder_and_repairs(write) -> None:
    study = load_study(write(GOOD))
    assert study.about.title == "Shoes"
    assert study.options.seed == 5
    assert study.folder == write(GOOD).parent
    assert [type(repair) for repair in study.repairs] == [Filter, Recode, ResolveNames]


def test_a_mapping_and_a_loaded_study_are_studies_too(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").touch()
    values = {"about": {"title": "t"}, "tables": {"transactions": {"file": "sales.csv"}}}
    study = load_study(values, folder=tmp_path)
    assert load_study(study) is study
    again = load_study(study, ["about.title=new", "options.threads=2"])
    assert (again.about.title, again.options.threads, again.folder) == ("new", 2, tmp_path)
    assert isinstance(again, Study)


def test_a_byte_order_mark_is_ignored(write) -> None:
    assert load_study(write(b"\xef\xbb\xbf" + GOOD.encode())).about.title == "Shoes"


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        (("title:", "titel:"), "line 2", ["titel", "did you mean 'title'?"]),
        (("about:\n  title: Shoes\n", ""), "about", ["'about' is missing"]),
        (("file: sales.csv", "file: slaes.csv"), "line 5", ["does not exist", "did you mean 'sales.csv'?"]),
        (("file: sales.csv", "file: '*.parquet'"), "line 5", ["no file matches"]),
        (("file: sales.csv", "url: sqlite:///x"), "line 5", ["a table or a query"]),
        (("file: sales.csv", "file: ' '"), "line 5", ["the name of the file is empty", "or of its folder"]),
        (("file: sales.csv", "sheet: 1"), "line 4", ["neither a file nor a url"]),
        (("file: sales.csv", "file: sales.csv\n    url: sqlite:///x\n    table: t"), "line 4", ["both a file"]),
        (("file: sales.csv", "file: sales.csv\n    decimal: ';'"), "line 6", ["decimal"]),
        (("file: sales.csv", "file: sales.csv\n    skip_rows: -1"), "line 6", ["at least 0"]),
        (("file: sales.csv", "file: sales.csv\n    constants: {buyer: X}"), "buyer", ["both a column", "keep one"]),
        (("{supplier: Seller", "{suplier: Seller"), "line 6", ["suplier", "did you mean 'supplier'?"]),
        (("{supplier: Seller", "{supplier: 12"), "line 6", ["must be text", 'put it in quotes: "12"']),
        (("{supplier: Seller", "{supplier: no"), "line 6", ["yes, no, on, off"]),
        (("{supplier: Seller", "{supplier: Client"), "line 6", ["same column 'Client'"]),
        (("- filter:", "- filtr:"), "line 8", ["no repair 'filtr'", "did you mean 'filter'?"]),
        (("- filter: {column: buyer, not_equals: X}", "- {to: number}"), "line 8", ["does not say what to do"]),
        (("- filter: {column: buyer, not_equals: X}", "- hello"), "line 8", ["must be a group of keys"]),
        (("- resolve_names: buyer", "- {resolve_names: buyer, drop: {column: x}}"), "line 11", ["two verbs"]),
        ((", not_equals: X", ""), "repairs.0.filter", ["has no test"]),
        ((", not_equals: X", ", matches: '('"), "repairs.0.filter", ["not a regular expression"]),
        (('map: {"01": "1"}', "map: {01: '1'}"), "line 10", ["leading zeros"]),
        (('    map: {"01": "1"}\n', ""), "repairs.1", ["changes nothing"]),
        (("resolve_names: buyer", "resolve_names: buyers"), "line 11", ["did you mean 'buyer'?"]),
        (("resolve_names: buyer", "resolve_names: buyer\n    labels: none.csv"), "line 12", ["does not exist"]),
        (("resolve_names: buyer", "convert: currency\n    to: USD"), "line 11", ["factors or a file"]),
        (("resolve_names: buyer", "buyer_groups: groups.csv"), "line 11", ["does not exist"]),
        (("seed: 5", "seed: five"), "line 13", ["must be a whole number", "the text five"]),
        (("seed: 5", "threads: 0"), "line 13", ["at least 1"]),
        (("seed: 5", "memory: lots"), "line 13", ["not an amount of memory", "4GB"]),
        (("seed: 5", "temp: nowhere"), "line 13", ["does not exist"]),
        (("seed: 5", "seed: 5\n  seed: 6"), "lines 13 and 14", ["given twice"]),
        (("seed: 5", "seed:"), "line 13", ["an empty value", "delete the line"]),
        (("options:\n  seed: 5", "options: 5"), "line 12", ["must be a group of keys"]),
        (("options:", "folder: x\noptions:"), "line 12", ["no key 'folder'"]),
        (("options:\n", "disclosure: {hash_ids: true}\noptions:\n"), "line 12", ["secret key", "salt"]),
        (("options:\n", "coverage: {first_year: 2002, last_year: 2001}\noptions:\n"), "line 12", ["before the first"]),
        (("options:\n", "coverage: {partial_years: {2001: 13}}\noptions:\n"), "line 12", ["1 to 12"]),
        (
            ("options:\n", "coverage: {missing_years: [2001], partial_years: {2001: 3}}\noptions:\n"),
            "line 12",
            ["both missing and partial"],
        ),
        (("options:\n", "coverage: {missing_years: 2001}\noptions:\n"), "line 12", ["a list of whole numbers"]),
        (("options:\n", "output: {formats: [parket]}\noptions:\n"), "line 12", ["did you mean 'parquet'?"]),
        (("options:\n", "repairs: 3\noptions:\n"), "lines 7 and 12", ["given twice"]),
        (("  seed: 5", "\tseed: 5"), "line 13", ["tab"]),
        (("  seed: 5", "  seed: 5: 6"), "line 13", ["second ': '"]),
        (("  seed: 5", " - 5\n  seed: 5"), "study.yaml", ["indentation"]),
        (("title: Shoes", "title: 'Shoes"), "study.yaml", ["never closed"]),
        (("title: Shoes", "title: 2001-13-45"), "line 2", ["cannot be read", "quotes"]),
        (("title: Shoes", "title: 2001-12-05"), "line 2", ["must be text"]),
        (("title: Shoes", "<<: {a: b}"), "line 2", ["'<<' is not supported"]),
        (("title: Shoes", "? [a]\n  : b"), "line 2", ["a key must be a word"]),
    ],
)
def test_every_mistake_names_the_place_and_the_fix(write, change, where, words) -> None:
    assert change[0] in GOOD
    text = str(refuse(write(GOOD.replace(change[0], change[1], 1))))
    assert where in text
    for word in words:
        assert word in text


def test_all_problems_are_reported_at_once_in_the_order_of_lines(write) -> None:
    text = str(refuse(write(GOOD.replace("title:", "titel:").replace("seed: 5", "sead: 5"))))
    assert "2 problems" in text  # a misspelt key is not reported as missing too
    assert text.index("titel") < text.index("sead")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("- a\n- b\n", "a list was found"),
        ("just words\n", "a text was found"),
        (b"\xff\xfe\x00about", "not a study file"),
        (b"about:\n  title: caf\xe9\n", "not UTF-8"),
        ("a: " + "[" * 3000, ""),
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
            "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]\n",
            "too many values",
        ),
    ],
)
def test_what_is_not_a_study_file_is_refused(write, content, words) -> None:
    assert words in str(refuse(write(content)))


def test_a_missing_file_names_the_nearest(write, tmp_path: Path) -> None:
    write(GOOD)
    assert "did you mean 'study.yaml'?" in str(refuse(tmp_path / "studi.yaml"))
    assert "no such study file" in str(refuse(tmp_path / "nowhere" / "x.yaml"))
    assert "study.yaml" in refuse(tmp_path).fix


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("options.sed=7", ["--set options.sed=7", "did you mean 'seed'?"]),
        ("options.seed", ["key=value"]),
        ("=3", ["key=value"]),
        ("options..seed=3", ["key=value"]),
        ("options.seed=x", ["--set options.seed=x", "whole number"]),
        ("options.seed=[", ["cannot be read"]),
        ("repairs.9.threshold=1", ["there is no '9'"]),
        ("repairs.9=1", ["there is no '9'"]),
        ("options.seed.x=1", ["there is no 'x'"]),
    ],
)
def test_wrong_overrides_name_the_option(write, override, words) -> None:
    text = str(refuse(write(GOOD), override))
    for word in words:
        assert word in text


def test_overrides_replace_add_and_reach_into_lists(write) -> None:
    study = load_study(
        write(GOOD),
        [
            "options.seed=7",
            "disclosure.min_cell=3",
            "repairs.2.threshold=0.5",
            "checks.strict=[self-trade, zero-value]",
        ],
    )
    assert study.options.seed == 7
    assert study.disclosure.min_cell == 3
    assert study.repairs[2] == ResolveNames(resolve_names="buyer", threshold=0.5)
    assert study.checks.strict == ("self-trade", "zero-value")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_ends_in_a_study_or_a_clean_error(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "study.yaml"
    path.write_bytes(text.encode("utf-8", "replace"))
    with pytest.raises(SinosError):
        load_study(path)


def test_unknown_checks_are_told_with_key_line_and_the_nearest_word(write) -> None:
    path = write(
        "about: {title: t}\ntables:\n  transactions: {url: sqlite:///x, table: t}\n"
        "checks:\n  strict:\n    - self-trade\n    - zero-valu\n  ignore: [self-trade]\n"
    )
    with pytest.raises(StudyError) as caught:
        load_study(path)
    told = str(caught.value)
    assert "line 7, checks.strict.1: 'zero-valu' is not a check; did you mean 'zero-value'" in told
    assert "line 8, checks.ignore.0: 'self-trade' is both strict and ignored" in told
