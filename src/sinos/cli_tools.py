"""What the commands share: progress on the error stream, text and tables on the other, and files written whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sinos.errors import OutputError
from sinos.results import Result

_FEW = 20  # steps of a stage that each get a line where there is no terminal; longer stages get one for each tenth

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something is wrong.")]


def write(file: Path, text: str) -> None:
    """Write a text file, and its folder if need be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the file cannot be written ({error.strerror})", where=str(file), fix="give another path"
        ) from error


def write_tables(folder: Path | None, result: Result) -> None:
    """Write every table of a result as CSV into a folder; nothing when none is named."""
    if folder is None:
        return
    for name in result.names():
        write(folder / f"{name}.csv", result.frame(name).write_csv())


@contextmanager
def showing(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show which stage is running, on the error stream: a line each, or a moving one on a terminal."""
    console = Console(stderr=True, highlight=False, quiet=quiet)
    if quiet or not console.is_terminal:
        tenths: dict[str, int] = {}

        def line(stage: str, number: int, total: int) -> None:
            tenth = 10 * number // total
            if total <= _FEW or number == total or tenths.get(stage) != tenth:
                console.print(f"[{number}/{total}] {stage}", markup=False)
            tenths[stage] = tenth

        yield line
        return
    with console.status("") as status:
        begun: dict[str, tuple[float, int]] = {}

        def moving(stage: str, number: int, total: int) -> None:
            start, first = begun.setdefault(stage, (monotonic(), number))
            left = ""
            if number > first:
                seconds = (monotonic() - start) / (number - first) * (total - number)
                left = f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"
            status.update(escape(f"[{number}/{total}] {stage}{left}"))

        yield moving


def show_table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table; without a terminal, as tab-separated lines that other programs can read."""
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        for row in (header, *rows):
            say("\t".join(row))
        return
    table = Table(box=None, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)


def say(text: str) -> None:
    """Print a line of the result."""
    typer.echo(text)
