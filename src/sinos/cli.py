"""The command line: the same verbs as in Python, one clean message per error, and nothing that needs colour to read."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from sinos import __version__, cli_model
from sinos.cli_tools import Quiet, say, show_table, showing
from sinos.errors import OutputError, SinosError, StrictCheckError

USER_ERROR, STRICT_FINDING, OWN_ERROR, INTERRUPTED = 2, 1, 3, 130
"""Exit codes: the user's mistake, a strict check that found something, a bug in Sinos, interrupted."""

app = typer.Typer(
    name="sinos",
    help="Governance, upgrading and lock-in in value chains, from the records of who sold what to whom.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
StudyFile = Annotated[Path, typer.Argument(help="The study file (YAML).", show_default=False)]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a key, like options.seed=7; may be repeated."),
]


def main() -> None:
    """Run the command line; what goes wrong ends in one message and an exit code, never in a traceback."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app(standalone_mode=True)
    except StrictCheckError as error:
        _fail(str(error), STRICT_FINDING)
    except SinosError as error:
        _fail(str(error), USER_ERROR)
    except SystemExit as stop:  # typer ends so, and turns an interruption into its exit code without a word
        if stop.code == INTERRUPTED:
            typer.echo("sinos: interrupted; an earlier output is as it was", err=True)
        raise
    except MemoryError:
        _fail("the machine ran out of memory. Fix: set options.memory (like 4GB) in the study", USER_ERROR)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # the outermost edge: a bug must not look like the user's mistake, nor be a traceback
        if os.environ.get("SINOS_DEBUG"):
            raise
        kind = type(error).__name__
        _fail(
            f"this is a bug in Sinos, not in your data ({kind}: {error}). "
            "Fix: report it with what 'SINOS_DEBUG=1 sinos ...' prints",
            OWN_ERROR,
        )


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False) -> None:
    if version:
        typer.echo(f"sinos {__version__}")
        raise typer.Exit


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Output folder.")] = Path("out/demo"),
    seed: Annotated[int | None, typer.Option(help="Seed of the reconstruction.", show_default=False)] = None,
    quiet: Quiet = False,
) -> None:
    """Analyse the bundled reconstruction of the Sinos Valley; needs no data."""
    from sinos.run import demo as run_demo

    with showing(quiet) as progress:
        result = run_demo(out, seed=seed, progress=progress)
    if not quiet:
        say("The Sinos Valley records are a reconstruction, not data.")
        say(result.summary())
        say(f"{out / 'study' / 'study.yaml'}: the study file, to copy and change")


@app.command()
def init(
    files: Annotated[list[Path], typer.Argument(help="Your data files; the transactions first if unsure.")],
    out: Annotated[Path, typer.Option(help="Study file to write.")] = Path("study.yaml"),
    quiet: Quiet = False,
) -> None:
    """Look at your files and write a commented study file with the best guess of what each column is."""
    from sinos.propose import propose

    if out.exists():
        raise OutputError("the file exists already", where=str(out), fix="give another name with --out, or delete it")
    text = propose(files, folder=out.parent)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the study file cannot be written ({error.strerror})", where=str(out), fix="give another path with --out"
        ) from error
    if not quiet:
        say(f"{out}: written. Read the lines marked CHECK, then: sinos check {out}")


@app.command()
def check(study: StudyFile, settings: Settings = None, quiet: Quiet = False) -> None:
    """Read the records and say what is wrong or doubtful in them; computes nothing else."""
    from sinos.records import check as check_records
    from sinos.records import read
    from sinos.study import load_study

    with showing(quiet) as progress:
        progress("read", 1, 2)
        records = read(load_study(study, settings or ()))
        try:
            progress("check", 2, 2)
            findings = check_records(records)
        finally:
            records.engine.close()
    if not quiet:
        _show_findings(findings.frame("findings").to_dicts())


@app.command()
def run(
    study: StudyFile,
    out: Annotated[Path, typer.Option(help="Output folder; an earlier output there is replaced.")] = Path("out"),
    settings: Settings = None,
    quiet: Quiet = False,
) -> None:
    """Do the whole study and leave report, tables, findings and provenance in a folder."""
    from sinos.run import run as run_study

    with showing(quiet) as progress:
        result = run_study(study, out, overrides=settings or (), progress=progress)
    if not quiet:
        found = result.findings.frame("findings")
        say(f"findings: {found.height} (in the report; 'sinos check {study}' shows them)")
        say(result.summary())


app.add_typer(cli_model.app)


@app.command("test")
def claims(
    study: StudyFile,
    names: Annotated[str | None, typer.Option("--claims", help="Claims to test, like P1,P4; all when absent.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report, tables and regression tables.")] = None,
    settings: Settings = None,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Use and keep outcomes in your cache folder.")
    ] = True,
    quiet: Quiet = False,
) -> None:
    """Say which of the paper's claims the data support, contradict, leave open, or cannot test."""
    from sinos.claims_run import run_claims

    def notice(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    with showing(quiet) as progress:
        result = run_claims(study, names, out, overrides=settings or (), progress=progress, cache=cache, notice=notice)
    if not quiet:
        say(result.summary())
        if out is not None:
            say(f"{out / 'report.html'}: report with the section on claims")


@app.command("cache")
def kept(
    clear: Annotated[bool, typer.Option("--clear", help="Delete every outcome that 'sinos test' kept.")] = False,
) -> None:
    """Say where outcomes of 'sinos test' are kept and how many there are, or delete them."""
    from sinos import kept_outcomes

    if clear:
        say(f"{kept_outcomes.clear()} kept outcomes deleted")
        return
    found = kept_outcomes.entries()
    size = sum(file.stat().st_size for folder in found for file in folder.rglob("*") if file.is_file())
    say(f"{kept_outcomes.place()}: {len(found)} kept outcomes, {size / 1e6:.1f} MB")


@app.command()
def datasets(
    name: Annotated[str | None, typer.Argument(help="Data set to explain or save.", show_default=False)] = None,
    save: Annotated[Path | None, typer.Option(help="Write the data set and its study file into this folder.")] = None,
) -> None:
    """List the bundled data sets, explain one, or save one with its study file."""
    from sinos import datasets as bundled

    if name is None:
        rows = bundled.available(kind="polars").to_dicts()
        show_table(("name", "rows", "title"), [(row["name"], f"{row['rows']:,}", row["title"]) for row in rows])
    elif save is None:
        say(bundled.explain(name))
    else:
        say(f"{bundled.load(name).save(save)}: written")


@app.command()
def schema(
    table: Annotated[str | None, typer.Argument(help="Table of the data contract.", show_default=False)] = None,
    study: Annotated[bool, typer.Option("--study", help="Print the JSON schema of a study file instead.")] = False,
) -> None:
    """Show the data contract: which columns Sinos knows, what they mean, and what needs them."""
    from sinos.study.schema import schema_text
    from sinos.theory import contract

    if study:
        typer.echo(schema_text(), nl=False)
        return
    columns = contract(table)
    rows = [(c.table, c.column, c.type, c.unit, c.required, c.meaning, c.used_by) for c in columns]
    header = ("table", "column", "type", "unit", "required", "meaning", "used by")
    show_table(header[1:] if table else header, [row[1:] if table else row for row in rows])


def _show_findings(rows: list[dict[str, Any]]) -> None:
    if not rows:
        say("no findings")
        return
    for row in rows:
        place = ".".join(str(row[key]) for key in ("table", "column") if row.get(key))
        count = f" ({row['rows']:,} rows)" if row.get("rows") is not None else ""
        say(f"{row['severity']}  {row['code']}  {place}{count}: {row['message']}")
        if row.get("examples"):
            say(f"    for example: {row['examples']}")
        if row.get("fix"):
            say(f"    fix: {row['fix']}")


def _fail(text: str, code: int) -> None:
    typer.echo(f"sinos: {text}", err=True)
    raise SystemExit(code)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Treat a request to stop like Ctrl-C, so that the half-written output is removed."""
    raise KeyboardInterrupt
