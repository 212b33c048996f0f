"""Regression tables as researchers publish them, through maketables: LaTeX, Word, HTML, and markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import polars as pl

from sinos.errors import OutputError, SinosError, UnknownNameError, nearest
from sinos.propositions.estimate import library
from sinos.propositions.sentences import digits, spoken

if TYPE_CHECKING:
    from sinos.propositions.result import Claims

FORMS = ("markdown", "html", "latex", "word")
_MAKETABLES = {"html": "html", "latex": "tex", "word": "docx"}
NOTE = "Standard errors in parentheses, 95 % intervals in brackets; no stars: the verdict follows the stated rule."
_ESCAPED = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TIGHT: dict[str, Any] = {"data_addlinespace": None, "first_row_addlinespace": None}
_FEW_COLUMNS = {**_TIGHT, "group_intro": r"\footnotesize"}
_MANY_COLUMNS = {**_TIGHT, "group_intro": r"\scriptsize", "tab_width": None, "data_align": "l"}
"""LaTeX styles: few columns share the width of the text; many take what they need, in smaller print."""

_ROWS_OF_A_PAGE = 50
PRIMARY = "panel"
READINGS = {
    "draws": "governance drawn (decides)",
    "none": "estimate",
    "expected": "posterior means",
    "three_step": "three-step correction",
    "modal": "most probable form",
}
"""Readings of governance in the order in which they are printed, with their words."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as text: its title, the heads of its columns, and rows that begin with their name."""

    title: str
    heads: list[str]
    rows: list[list[str]]

    def parts(self, most: int) -> Iterator[Layout]:
        """Cut the table so that each part fits on a page, which LaTeX does not do itself."""
        for first in range(0, len(self.rows), most):
            title = f"{self.title} (continued)" if first else self.title
            yield Layout(title, self.heads, self.rows[first : first + most])

    def escaped(self) -> Layout:
        """Return the table with the characters escaped that LaTeX reads as commands."""
        rows = [[_latex(cell) for cell in row] for row in self.rows]
        return Layout(_latex(self.title), [_latex(head) for head in self.heads], rows)


def regression_table(claims: Claims, claim: str, path: str | Path | None = None, *, form: str = "markdown") -> str:
    """Return a claim's primary estimates and those of other designs as two tables; write them if a file is named.

    Parameters
    ----------
    claims
        What ``test`` returned.
    claim
        Name of the claim.
    path
        File to write; needed for ``word``.
    form
        ``markdown``, ``html``, ``latex`` or ``word``.

    Raises
    ------
    UnknownNameError
        If the form does not exist.
    SinosError
        If the claim has no estimate, or ``word`` has no path.
    OutputError
        If the file cannot be written.
    """
    if form not in FORMS:
        raise UnknownNameError(f"there is no form '{form}' of regression tables", fix=nearest(form, FORMS))
    if form == "word" and path is None:
        raise SinosError("a Word table needs a file", where=f"{claim}", fix="give path='table.docx'")
    tables = [table for table in (primary(claims, claim), beside(claims, claim)) if table is not None]
    if form == "markdown":
        text = "\n".join([*(_markdown(table) for table in tables), NOTE, ""])
    else:
        text = _rendered(tables, claim, form, path)
    if path is not None and form != "word":
        try:
            Path(path).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise OutputError(
                f"the table cannot be written ({error.strerror})",
                where=str(path),
                fix="name a file in an existing folder",
            ) from error
    return text


def primary(claims: Claims, claim: str) -> Layout:
    """Return the table of the primary design: one column for each part, readings of governance below each other."""
    frame = _estimates(claims, claim).filter(pl.col("design") == PRIMARY)
    if not frame.height:
        raise SinosError(
            f"{claim} has no estimate to print",
            where="regression table",
            fix="see the table claim_power for what is missing",
        )
    parts = frame.select("outcome", "term").unique(maintain_order=True).rows()
    found = {(row["outcome"], row["term"], row["reading"]): row for row in frame.iter_rows(named=True)}
    first = [next(found[part, term, one] for one in READINGS if (part, term, one) in found) for part, term in parts]
    heads = [f"({number}) {spoken(outcome)}" for number, (outcome, _) in enumerate(parts, start=1)]
    rows = [["effect of", *[spoken(term) for _, term in parts]]]
    for reading, words in READINGS.items():
        items = [found.get((outcome, term, reading)) for outcome, term in parts]
        if any(items):
            rows.append([words, *["" if item is None else digits(item["estimate"]) for item in items]])
            rows.append(["", *["" if item is None else f"({digits(item['se'])})" for item in items]])
            rows.append(["", *["" if item is None else _interval(item) for item in items]])
    effects = [row["formula"].partition(" | ")[2] for row in first]
    others = [_others(row) for row in first]
    rows += [
        ["p, wild bootstrap", *[_p(row["p_wild"]) for row in first]],
        ["p, Romano-Wolf", *[_p(row["p_romano_wolf"]) for row in first]],
        ["other terms", *[", ".join(spoken(name) for name in names) for names in others]],
        ["fixed effects", *[", ".join(spoken(name) for name in text.split(" + ")) for text in effects]],
        ["observations", *[f"{row['rows']:,}" for row in first]],
        ["clusters", *[f"{row['clusters']:,}" for row in first]],
    ]
    return Layout(f"{claim}: primary design", heads, rows)


def beside(claims: Claims, claim: str) -> Layout | None:
    """Return the table of all other designs, one row for each estimate over the draws of governance, or nothing."""
    frame = _estimates(claims, claim).filter((pl.col("design") != PRIMARY) & pl.col("reading").is_in(["draws", "none"]))
    if not frame.height:
        return None
    heads = ["outcome", "effect of", "estimate", "95 % interval", "p", "observations"]
    rows = [
        [
            spoken(item["design"]), spoken(item["outcome"]), spoken(item["term"]),
            f"{digits(item['estimate'])} ({digits(item['se'])})", _interval(item), _p(item["p"]), f"{item['rows']:,}",
        ]
        for item in frame.iter_rows(named=True)
    ]  # fmt: skip
    return Layout(f"{claim}: other designs, which do not change the verdict", heads, rows)


def _estimates(claims: Claims, claim: str) -> pl.DataFrame:
    return claims.frame("claim_estimates").filter((pl.col("claim") == claim) & pl.col("estimate").is_not_null())


def _others(row: dict[str, Any]) -> list[str]:
    terms = row["formula"].partition(" ~ ")[2].partition(" | ")[0].split(" + ")
    return [name for name in terms if name != row["term"]]


def _interval(item: dict[str, Any]) -> str:
    return f"[{digits(item['low'])}, {digits(item['high'])}]"


def _latex(text: str) -> str:
    r"""Escape what LaTeX reads as a command, and set minus signs as such: a hyphen is shorter, and lines break at it.

    Examples
    --------
    >>> _latex("95 % of a_b")
    '95 \\% of a\\_b'
    >>> _latex("[-0.2, 0.1]")
    '[$-$0.2, 0.1]'
    """
    escaped = re.sub(r"[%&#$_{}\\~^]", lambda found: _ESCAPED.get(found[0], f"\\{found[0]}"), text)
    return re.sub(r"(?<![\w.)-])-(?=\d)|\N{MINUS SIGN}", "$-$", escaped)


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _markdown(table: Layout) -> str:
    lines = ["| | " + " | ".join(table.heads) + " |", "| --- |" + " --- |" * len(table.heads)]
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    return "\n".join([f"**{table.title}**", "", *lines, ""])


def _rendered(tables: Sequence[Layout], claim: str, form: str, path: str | Path | None) -> str:
    maketables = library("maketables", "regression tables")
    library("pandas", "regression tables")
    import pandas as pd

    if form == "latex":
        tables = [part.escaped() for table in tables for part in table.parts(_ROWS_OF_A_PAGE)]
    texts = []
    for number, table in enumerate(tables):
        # row names must differ for the library: equal ones become wider by blanks
        names = [row[0] + " " * place for place, row in enumerate(table.rows)]
        frame = pd.DataFrame([row[1:] for row in table.rows], index=names, columns=table.heads)
        label = f"tab:{claim.lower()}{'-beside' if number else ''}{number if number > 1 else ''}"
        made: Any = maketables.MTable(
            frame, notes=_latex(NOTE) if form == "latex" else NOTE, caption=table.title, tab_label=label
        )
        if form == "word":
            add = made.update_docx if number else partial(made.save, type="docx", replace=True)
            add(file_name=str(path), show=False)
            continue
        style = {"tex_style": _MANY_COLUMNS if number else _FEW_COLUMNS} if form == "latex" else {}
        text = made.make(type=_MAKETABLES[form], **style)
        texts.append(_with_id(str(text), label) if form == "html" else str(text))
    if form == "word":
        _undated(Path(str(path)))
    return "\n\n".join(texts)


def _with_id(html: str, label: str) -> str:
    """Give an HTML table an id of its own in place of the random one of the library, so that bytes do not change."""
    drawn = re.search(r'<div id="(\w+)"', html)
    return html if drawn is None else html.replace(drawn[1], label.replace(":", "-"))


def _undated(path: Path) -> None:
    """Write a Word file again with a fixed date on its parts, so that bytes do not change."""
    with ZipFile(path) as archive:
        parts = [(item.filename, archive.read(item)) for item in archive.infolist()]
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, ZIP_DEFLATED)
