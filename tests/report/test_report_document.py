"""The document: whole, self-contained, valid, safe with hostile names, the same bytes twice, readable in odd cases."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from report_sample import Staged, make, make_study, provenance

from sinos.errors import OutputError, SinosError
from sinos.report import report
from sinos.report.blocks import Column, Table
from sinos.report.inputs import collect
from sinos.report.summary import statements
from sinos.results import Result

VOID = {"meta", "br", "link", "img", "hr"}
ORDER = [
    "data", "cluster", "governance", "buyers", "lock-in", "upgrading", "relations", "methods", "assumptions", "limits",
    "provenance",
]  # fmt: skip


class Reader(HTMLParser):
    """Collects ids, tags and links, and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "xlink:href"):
                self.targets.append(str(value))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    return reader


@pytest.fixture(scope="module")
def page() -> Any:
    study = make_study(about={"reconstruction": True, "description": "Made up.", "caveats": ["Nominal values."]})
    measures, governance, upgrading, records = make(study=study)
    return report(measures, governance, upgrading, findings=records.frames["findings"], records=records)


def test_document_is_well_formed_and_self_contained(page: Any) -> None:
    reader = read(page.html)
    assert len(reader.ids) == len(set(reader.ids))
    assert all(target.startswith("#") for target in reader.targets)
    assert {target[1:] for target in reader.targets} <= set(reader.ids)
    assert "script" not in reader.tags
    assert not {name for name in reader.attributes if name.startswith("on")}
    assert not re.findall(r'(?:src|url)\s*[=(]\s*["\']?https?:', page.html)
    assert "@import" not in page.html
    assert {"header", "nav", "main", "footer", "h1", "figcaption"} <= reader.tags
    titles = re.findall(r'<table aria-labelledby="([^"]+)"', page.html)
    assert titles
    assert set(titles) <= set(reader.ids)
    assert len(page.html.encode()) < 1_500_000


def test_sections_stand_in_order(page: Any) -> None:
    found = re.findall(r'<section id="([^"]+)"', page.html)
    assert found == ORDER


def test_charts_have_titles_descriptions_and_text(page: Any) -> None:
    charts = re.findall(r"<svg.*?</svg>", page.html, re.DOTALL)
    assert len(charts) >= 15
    for chart in charts:
        assert re.search(r"<title id=\"[^\"]+\">[^<]+</title><desc id=\"[^\"]+\">[^<]+</desc>", chart)
        assert "<text" in chart
        assert "metadata" not in chart


def test_reconstruction_is_announced(page: Any) -> None:
    assert "These records were made, not observed." in page.html
    measures, governance, upgrading, _ = make(suppliers=3, years=range(1995, 1998))
    assert "These records were made" not in report(measures, governance, upgrading).html


def test_box_holds_four_to_six_sentences_with_pointers(page: Any) -> None:
    box = re.search(r'<aside class="box".*?</aside>', page.html, re.DOTALL)
    assert box is not None
    assert 4 <= box.group().count("<li>") <= 6
    assert box.group().count('class="see"') == box.group().count("<li>")


def test_verdicts_are_said_on_the_first_page_where_claims_were_tested() -> None:
    inputs = collect(*make(suppliers=3, years=range(1995, 1998))[:3])
    table = pl.DataFrame({"claim": ["P1", "P4"], "verdict": ["supported", "not testable"]})
    said = [one.text for one in statements(inputs, Result({"claims": table}, (), provenance("propositions")))]
    assert "Of 2 claims of the paper, on these records: 1 not testable, 1 supported." in said
    assert "only the claims ask what governance did" in said[-1]
    assert "nothing here says what governance did" in statements(inputs)[-1].text


def test_findings_and_repairs_are_printed_with_counts(page: Any) -> None:
    assert "The checks found 1 error and 1 warning." in page.html
    assert "declare aggregate_duplicates" in page.html
    assert page.frame("table-repairs")["changed"].to_list() == [40]
    assert page.frame("table-findings")["severity"].to_list() == ["error", "warning"]


def test_totals_equal_sums_over_relations() -> None:
    measures, governance, upgrading, records = make(suppliers=6, years=range(1995, 1999))
    table = report(measures, governance, upgrading, records=records).frame("table-years")
    trade = measures.frame("relation_years").filter(pl.col("year") == 1998)
    row = table.filter(pl.col("year") == 1998).to_dicts()[0]
    assert row["value"] == pytest.approx(trade["value"].sum())
    assert row["suppliers"] == trade["supplier"].n_unique()
    assert row["relations"] == trade.height
    assert row["status"] == "full"
    assert table.filter(pl.col("year") == 1995)["status"].item() == "partial"


def test_same_bytes_whatever_came_before_and_whatever_the_order_of_rows() -> None:
    parts = make(suppliers=8, years=range(1994, 1999))
    measures, governance, upgrading, records = parts
    first = report(measures, governance, upgrading, records=records).html
    turned = [
        type(part)(**{**_fields(part), "frames": {n: f.reverse() for n, f in part.frames.items()}}) for part in parts
    ]
    assert report(turned[0], turned[1], turned[2], records=turned[3]).html == first


def _fields(part: Result) -> dict[str, Any]:
    names = ("frames", "missing", "provenance", "kind", "references")
    return {name: getattr(part, name) for name in names} | ({"study": part.study} if isinstance(part, Staged) else {})


def test_hostile_names_are_text() -> None:
    long = "Very long name " * 14
    names = ("<script>alert(1)</script>$x^2$ & \u202eé", long)
    study = make_study(about={"title": "<img src=x onerror=alert(1)>", "question": '"><script>'})
    measures, governance, upgrading, records = make(
        suppliers=4, buyers=2, years=range(1995, 1999), study=study, names=names
    )
    page = report(measures, governance, upgrading, findings=records.frames["findings"], records=records)
    reader = read(page.html)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;$x^2$ &amp;" in page.html
    assert "\u202e" not in page.html


@pytest.mark.parametrize("shape", [(1, 1, range(2000, 2001)), (2, 1, range(2000, 2002)), (1, 3, range(1999, 2003))])
def test_tiny_data(shape: tuple[int, int, range]) -> None:
    suppliers, buyers, years = shape
    measures, governance, upgrading, _ = make(suppliers=suppliers, buyers=buyers, years=years)
    page = report(measures, governance, upgrading)
    read(page.html)
    assert ("The records cover one year only" in page.html) == (len(years) == 1)
    assert "No findings of checks were handed to this report." in page.html


@pytest.mark.parametrize("min_cell", [1, 3])
def test_nothing_at_all(min_cell: int) -> None:
    empty = Staged({}, (), provenance("measures"), study=make_study(disclosure={"min_cell": min_cell}))
    other = Result({}, (), provenance("governance"))
    page = report(empty, other, other)
    read(page.html)
    assert "The records hold no relation between a supplier and a buyer." in page.html
    assert "No relation could be classified" in page.html


def test_everything_undetermined_and_without_quantity() -> None:
    measures, governance, upgrading, _ = make(suppliers=5, years=range(1996, 2000))
    bare = measures.frame("relation_years").with_columns(pl.lit(None, dtype=pl.Float64).alias("quantity"))
    measures = Staged({**measures.frames, "relation_years": bare}, (), measures.provenance, study=measures.study)
    rows = governance.frame("governance").with_columns(pl.lit("undetermined").alias("form"))
    clusters = governance.frame("cluster_governance").with_columns(pl.lit(1.0).alias("undetermined_share"))
    governance = Result({"governance": rows, "cluster_governance": clusters}, (), governance.provenance)
    page = report(measures, governance, Result({}, (), upgrading.provenance))
    read(page.html)
    assert "There are no usable quantities" in page.html
    assert "100\u202f% of value is in relations whose form is undetermined." in page.html
    assert "The lock-in index could not be computed" in page.html
    assert "all four kinds are not observable" in page.html


def test_undisclosed_years_are_unknown_not_zero() -> None:
    measures, governance, upgrading, _ = make(suppliers=4, years=range(1990, 1999))
    gone = pl.col("year").is_in([1993, 1994]).not_()
    frames = {n: f.filter(gone) if "year" in f.columns else f for n, f in measures.frames.items()}
    measures = Staged(frames, (), measures.provenance, study=measures.study)
    page = report(measures, governance, upgrading)
    assert "No records for 1993–1994." in page.html


def test_several_clusters_are_listed() -> None:
    measures, governance, upgrading, _ = make(suppliers=9, years=range(1996, 1999))
    half = (
        pl.when(pl.col("supplier") < "Supplier 005").then(pl.lit("north")).otherwise(pl.lit("south")).alias("cluster")
    )
    trade = measures.frame("relation_years").with_columns(half)
    years = measures.frame("cluster_years")
    clusters = pl.concat(
        [
            years.with_columns(pl.lit(name).alias("cluster"), pl.lit(share).alias("main_buyer_share"))
            for name, share in (("north", 0.6), ("south", 0.3))
        ]
    )
    frames = {
        **measures.frames,
        "relation_years": trade,
        "supplier_years": measures.frame("supplier_years").with_columns(half),
        "cluster_years": clusters,
    }
    page = report(Staged(frames, (), measures.provenance, study=measures.study), governance, upgrading)
    assert page.frame("table-clusters")["cluster"].to_list() == ["north", "south"]
    assert "in 2 clusters" in page.html


def test_write_is_whole_or_not_at_all(page: Any, tmp_path: Path) -> None:
    path = page.write(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == page.html
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(OutputError, match="existing folder"):
        page.write(tmp_path / "none" / "report.html")


def test_plot_and_summary(page: Any) -> None:
    axes = page.plot()
    assert len(axes.lines) >= 4
    assert page.plot(axes) is axes
    assert page.plot_data()["year"].to_list() == list(range(1990, 2000))
    assert page.summary().startswith("report.html: ")
    assert page.table("table-repairs", like="polars").height == 1


def test_wrong_arguments_are_named() -> None:
    measures, governance, upgrading, _ = make(suppliers=3, years=range(1995, 1998))
    with pytest.raises(SinosError, match="has no study"):
        report(governance, measures, upgrading)
    with pytest.raises(SinosError, match="findings are a int"):
        report(measures, governance, upgrading, findings=3)


def test_findings_may_be_a_result_or_a_frame() -> None:
    measures, governance, upgrading, records = make(suppliers=3, years=range(1995, 1998))
    frame = records.frames["findings"]
    one = report(measures, governance, upgrading, findings=frame.to_arrow()).html
    two = report(measures, governance, upgrading, findings=Result({"findings": frame}, (), records.provenance)).html
    assert one == two
    assert "declare drop" in one


def test_rows_with_sentences_are_lists_on_a_phone_and_short_tables_stay_on_a_page(page: Any) -> None:
    findings = re.search(r'<figure class="([^"]*)" id="table-findings">.*?</figure>', page.html, re.DOTALL)
    years = re.search(r'<figure class="([^"]*)" id="table-lock-in">.*?</figure>', page.html, re.DOTALL)
    assert findings is not None
    assert years is not None
    assert findings.group(1) == "table short"
    assert years.group(1) == "table"
    assert 'class="scroll"' in years.group()
    repairs = Table("t", "T", pl.DataFrame({"a": ["x" * 60], "b": [1]}), (Column("a", "A"), Column("b", "B", "count")))
    assert repairs.wordy
    assert repairs.short
    assert not Table("t", "T", pl.DataFrame({"a": ["short"] * 13}), (Column("a", "A"),)).wordy
