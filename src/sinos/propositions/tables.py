"""Regression tables as researchers publish them, through maketables: LaTeX, Word, HTML, and markdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sinos.errors import OutputError, SinosError, UnknownNameError, nearest
from sinos.propositions.estimate import library

if TYPE_CHECKING:
    from sinos.propositions.result import Claims

FORMS = ("markdown", "html", "latex", "word")
_MAKETABLES = {"html": "html", "latex": "tex", "word": "docx"}
NOTE = "Standard errors in parentheses, 95 % intervals in brackets; no stars: the verdict follows the stated rule."


def regression_table(claims: Claims, claim: str, path: str | Path | None = None, *, form: str = "markdown") -> str:
    """Return the table of a claim's estimates, and write it to a file if one is named.

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
    heads, rows = layout(claims, claim)
    text = _markdown(heads, rows) if form == "markdown" else _rendered(heads, rows, claim, form, path)
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


def layout(claims: Claims, claim: str) -> tuple[list[str], list[list[str]]]:
    """Return heads (one column per estimate) and rows of a claim's regression table."""
    frame = claims.frame("claim_estimates").filter(
        (pl.col("claim") == claim) & pl.col("estimate").is_not_null() & (pl.col("design") != "local_projection")
    )
    if not frame.height:
        raise SinosError(
            f"{claim} has no estimate to print",
            where="regression table",
            fix="see the table claim_power for what is missing",
        )
    items = frame.to_dicts()
    heads = [f"({number}) {item['outcome']}" for number, item in enumerate(items, start=1)]
    rows = [
        ["effect of", *[item["term"] for item in items]],
        ["estimate", *[f"{item['estimate']:.4g}" for item in items]],
        ["", *[f"({item['se']:.4g})" for item in items]],
        ["", *[f"[{item['low']:.3g}, {item['high']:.3g}]" for item in items]],
        ["p, wild bootstrap", *[_p(item["p_wild"]) for item in items]],
        ["p, Romano-Wolf", *[_p(item["p_romano_wolf"]) for item in items]],
        ["design", *[item["design"].replace("_", " ") for item in items]],
        ["governance read by", *[item["reading"].replace("_", " ") for item in items]],
        ["observations", *[str(item["rows"]) for item in items]],
        ["clusters", *[str(item["clusters"]) for item in items]],
        ["model", *[item["formula"] for item in items]],
    ]
    return heads, rows


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _markdown(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([*lines, "", NOTE, ""])


def _rendered(heads: list[str], rows: list[list[str]], claim: str, form: str, path: str | Path | None) -> str:
    maketables = library("maketables", "regression tables")
    library("pandas", "regression tables")
    import pandas as pd

    # row names must differ for the library: blanks become rows of their own width
    names = [row[0] or " " * place for place, row in enumerate(rows)]
    frame = pd.DataFrame([row[1:] for row in rows], index=names, columns=heads)
    table: Any = maketables.MTable(frame, notes=NOTE, caption=f"{claim}: estimates", tab_label=f"tab:{claim.lower()}")
    if form == "word":
        table.save(type="docx", file_name=str(path), show=False, replace=True)
        return ""
    made = table.make(type=_MAKETABLES[form])
    return str(made.as_raw_html() if hasattr(made, "as_raw_html") else made)
