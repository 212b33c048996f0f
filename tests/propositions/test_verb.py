"""The verb on worlds with a known truth: verdicts, tables, plots, cache, report section."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import sinos
from sinos.claims_run import _write
from sinos.errors import SinosError, UnknownNameError
from sinos.propositions import Claims
from sinos.propositions import test as run_test
from sinos.propositions.plots import event_study
from sinos.propositions.tables import Layout, _rendered
from sinos.propositions.worlds import NOTHING, World
from sinos.report.blocks import Figure, Fold, Table
from sinos.report.sections_claims import claims_section
from sinos.study import load_study

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def holding() -> Claims:
    stages = World(suppliers=100, years=10, noise=0.15, certainty=6.0, seed=5).stages()
    from sinos.propositions.claims import select
    from sinos.propositions.panels import build
    from sinos.propositions.propositions import _result, tested

    panels = build(*stages)
    frames = tested(panels, select("P1,P13"), True, {"the same": panels.probability}, 5, lambda *_: None)
    return _result(frames, stages[0], "key", ["P1", "P13"], True)


def test_planted_effects_are_supported_and_what_lacks_fields_is_not_testable(holding: Claims) -> None:
    assert holding.verdicts == {"P1": "supported", "P13": "not testable"}
    row = holding.frame("claims").row(0, named=True)
    assert row["p_joint"] < 0.025
    assert "80 % power" in row["power"]
    assert row["pattern"] == "process + (expected +), product + (expected +), functional - (expected -)"


def test_formulas_are_shown_in_full(holding: Claims) -> None:
    formula = holding.frame("claim_power")["formula"][0]
    assert formula.startswith("process ~ share_quasi_hierarchy + share_network")
    assert "| supplier + cluster_year" in formula


def test_naive_estimates_stand_beside(holding: Claims) -> None:
    panel = holding.frame("claim_estimates")
    first = panel.filter((panel["design"] == "panel") & (panel["outcome"] == "process"))
    assert first["reading"].to_list() == ["draws", "expected", "modal", "three_step"]


def test_tables_and_words(holding: Claims, tmp_path: Path) -> None:
    assert "Standard errors in parentheses" in holding.regression_table("P1")
    latex = holding.regression_table("P1", tmp_path / "t.tex", form="latex")
    assert latex.count("\\begin{table}") == latex.count("\\end{table}") == 3
    # What LaTeX would read as a comment or a subscript is escaped; the ends of groups are not swallowed.
    assert re.search(r"(?<!\\)[%_#]", latex) is None
    html = holding.regression_table("P1", form="html")
    assert html.count("<table") == 2
    assert html == holding.regression_table("P1", form="html")
    for name in ("t.docx", "again.docx"):
        holding.regression_table("P1", tmp_path / name, form="word")
    assert (tmp_path / "t.docx").read_bytes() == (tmp_path / "again.docx").read_bytes()
    from docx import Document

    first, second = Document(str(tmp_path / "t.docx")).tables
    assert [cell.text for cell in first.rows[0].cells] == ["", "(1) process", "(2) product", "(3) functional"]
    assert {row.cells[0].text.strip() for row in second.rows[1:-1]} >= {"first entry", "switching", "local projection"}
    assert (tmp_path / "t.tex").exists()
    text = holding.explain("P1")
    assert text.index("80 % power") < text.index("panel, process") < text.index("published, ")
    assert holding.summary().startswith("P1  supported")
    with pytest.raises(UnknownNameError, match="no form"):
        holding.regression_table("P1", form="pdf")
    with pytest.raises(SinosError, match="has no estimate"):
        holding.regression_table("P13")
    with pytest.raises(SinosError, match="needs a file"):
        holding.regression_table("P1", form="word")


ODD = Layout(
    "P9: Müller & Söhne 5% #1 of a_b $x^2$ ~ \\cmd {y} <z>",
    ["(1) R&D_50%", "(2) Çelik ş ğ Łódź"],
    [['naïve #1 & co ~ ^ \\ | < > "q"', "0.1", "\N{MINUS SIGN}0.2"], ["a – c … €", "(0.1)", "[-0.1, 0.2]"]],
)


@pytest.mark.slow
def test_latex_compiles_as_the_docs_say(holding: Claims, tmp_path: Path) -> None:
    document = (ROOT / "docs" / "claims.md").read_text("utf-8").split("```latex\n")[1].split("```")[0]
    packages = ["geometry", *document.split("\\usepackage{")[1].split("}")[0].split(",")]
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    for package in packages:
        if subprocess.run(["kpsewhich", f"{package}.sty"], capture_output=True, check=False).returncode:
            pytest.skip(f"the LaTeX package {package} is not installed")
    holding.regression_table("P1", tmp_path / "P1.tex", form="latex")
    (tmp_path / "odd.tex").write_text(_rendered([ODD], "P9", "latex", None), encoding="utf-8")
    for name in ("P1", "odd"):
        (tmp_path / f"d_{name}.tex").write_text(document.replace("P1.tex", f"{name}.tex"), encoding="utf-8")
        call = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"d_{name}.tex"]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, check=False)
        log = (tmp_path / f"d_{name}.log").read_text("utf-8", errors="replace")
        assert done.returncode == 0, log
        assert not re.search(r"Overfull|too large|Missing character", log), log


def test_a_claim_without_a_primary_estimate_gets_no_table_and_stops_nothing(holding: Claims, tmp_path: Path) -> None:
    estimates = holding.frame("claim_estimates")
    other = estimates.filter(pl.col("design") == "switching").head(1).with_columns(claim=pl.lit("P13"))
    more = replace(holding, frames={**holding.frames, "claim_estimates": pl.concat([estimates, other])})
    (tmp_path / "t.csv").write_text("supplier,buyer\n", encoding="utf-8")
    said = {"about": {"title": "Planted"}, "tables": {"transactions": {"file": "t.csv"}}}
    _write(more, tmp_path, load_study(said, folder=tmp_path))
    assert sorted(one.name for one in (tmp_path / "claims").iterdir()) == ["P1.docx", "P1.html", "P1.md", "P1.tex"]


def test_long_tables_are_cut_into_pages_in_latex(holding: Claims) -> None:
    long = Layout("P9: all", ["one"], [[f"row {number}", "-1"] for number in range(120)])
    text = _rendered([long], "P9", "latex", None)
    assert re.findall(r"\\label{(.*?)}", text) == ["tab:p9", "tab:p9-beside", "tab:p9-beside2"]
    assert text.count("P9: all (continued)") == 2
    assert text.count("$-$1") == 120


def test_plots(holding: Claims) -> None:
    axes = holding.plot(claim="P1")
    assert len(axes.get_yticklabels()) == 12
    assert "event study" in event_study(holding).get_title()
    assert holding.plot_data().height == 3


def test_report_section_has_one_line_per_claim_first(holding: Claims) -> None:
    section = claims_section(holding)
    tables = section.tables()
    assert tables[0].id == "table-claims"
    assert tables[0].frame.height == 2
    assert {"table-estimates-p1", "table-battery-p1", "table-evidence-p1", "table-power-p13"} <= {t.id for t in tables}


def test_nothing_is_supported_in_a_null_world_and_results_are_kept(tmp_path: Path) -> None:
    stages = World(NOTHING, suppliers=60, years=8, seed=4).stages()
    first = sinos.test(*stages, claims="P1,P4", robustness=False, cache=tmp_path)
    assert set(first.verdicts.values()) <= {"inconclusive", "contradicted"}
    key = first.provenance.options["fingerprint"]
    assert (tmp_path / key / "claims.parquet").exists()
    from sinos.propositions import cache

    cache._SESSION.clear()
    again = sinos.test(
        *stages, claims="P1,P4", robustness=False, cache=tmp_path, progress=lambda *_: pytest.fail("computed")
    )
    assert again.frame("claim_estimates").equals(first.frame("claim_estimates"))


def test_supported_needs_the_battery() -> None:
    stages = World(suppliers=100, years=10, noise=0.15, certainty=6.0, seed=5).stages()
    made = run_test(*stages, claims="P4", robustness=False)
    assert made.verdicts["P4"] == "inconclusive"
    assert "battery was not run" in made.frame("claims")["because"][0]


def test_small_effects_are_readable_in_the_report(holding: Claims) -> None:
    """Ticks of a picture and numbers of a table keep the digits that count, however small the effect."""
    small = holding.frame("claim_estimates").with_columns(pl.col("estimate", "low", "high", "se") / 1000)
    section = claims_section(replace(holding, frames={**holding.frames, "claim_estimates": small}))
    details = next(block for block in section.blocks if isinstance(block, Fold)).blocks
    picture = next(block for block in details if isinstance(block, Figure)).panels[0]
    ticks = re.findall(r">(−?0\.\d+)</text>", picture)
    assert any(float(tick.replace("−", "-")) != 0 for tick in ticks), ticks
    primary = next(block for block in details if isinstance(block, Table) and block.caption.startswith("Primary"))
    for row in primary.cells():
        estimate = row[2].text.partition(" (")[0].replace("−", "-")
        assert 0 < abs(float(estimate)) < 0.001
