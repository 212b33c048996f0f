"""A real PostgreSQL server, where its programs are installed: what its types become, and what its refusals say."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sinos.errors import RecordsError
from sinos.records import read
from sinos.study.model import Study

pytestmark = pytest.mark.skipif(
    not (shutil.which("initdb") and shutil.which("postgres")), reason="initdb and postgres are not on the PATH"
)

TRADE = """
CREATE SCHEMA customs;
CREATE TABLE customs.trade (exporter text, importer varchar(20), hs char(6), shipped date, arrived timestamptz,
  fob numeric(14,2),
  pairs integer, weight double precision, direct boolean);
INSERT INTO customs.trade VALUES
  ('Calçados São João', 'US Shoe', '064039', '1999-03-31', '1999-04-20 23:30+00', 1234567.89, 300, 12.5, true),
  ('Ana', 'US Shoe', '640391', '2000-02-29', NULL, 0.10, NULL, NULL, false),
  (NULL, 'US Shoe', '640391', '2000-12-31', NULL, 3, 1, 0.1, NULL);
CREATE TABLE customs.empty (LIKE customs.trade);
"""


def _user() -> str | None:
    """Return whom the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a server that listens on a socket in a folder of its own, and give its address."""
    user = _user()
    if os.geteuid() == 0 and user is None:
        pytest.skip("PostgreSQL does not run as root, and there is no other user")
    # Sockets have short names: the folder of the tests would be too deep, and closed to the other user.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    process = None
    try:
        if user:
            shutil.chown(folder, user)
        run: dict[str, Any] = {"user": user, "cwd": folder, "check": True, "capture_output": True}
        data = str(folder / "data")
        subprocess.run(["initdb", "-D", data, "-U", "ana", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"], **run)
        single = ["postgres", "--single", "-j", "-D", data, "postgres"]
        # In single-user mode a statement ends with a semicolon and an empty line.
        subprocess.run(single, input=TRADE.replace(";\n", ";\n\n").encode(), **run)
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            ["postgres", "-D", data, "-k", str(folder), "-h", ""], user=user, cwd=folder, stdout=log, stderr=log
        )
        _wait(process, folder)
        yield f"postgresql:///postgres?host={folder}&user=ana"
    finally:
        if process is not None:
            process.terminate()
            process.wait()
            log.close()
        shutil.rmtree(folder)


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Ask until the server answers."""
    import adbc_driver_postgresql.dbapi as dbapi

    for _ in range(100_000):
        assert process.poll() is None, (folder / "log").read_text()
        try:
            dbapi.connect(f"postgresql:///postgres?host={folder}&user=ana").close()
        except dbapi.Error:
            continue
        return
    pytest.fail("the server does not answer")


COLUMNS = {"supplier": "exporter", "buyer": "importer", "product": "hs", "date": "shipped", "value": "fob"}


def study(server: str, table: str = "customs.trade", **more: Any) -> Study:
    given = {"url": server, "table": table, "columns": COLUMNS | more.pop("columns", {})} | more
    return Study.model_validate({"about": {"title": "t"}, "tables": {"transactions": given}})


def test_types_of_the_server_become_those_of_the_contract(server: str) -> None:
    with read(study(server, columns={"quantity": "pairs", "due_date": "arrived"})) as records:
        rows = records.engine.connection.execute(
            "SELECT s.name, p.name, t.year, t.month, t.value, t.quantity, t.on_time FROM transactions t "
            "JOIN supplier_codes s ON t.supplier = s.code JOIN product_codes p ON t.product = p.code ORDER BY t.year"
        ).fetchall()
        found = records.frame("findings").filter(code="missing-key").row(0, named=True)
        source = records.frame("sources").row(0, named=True)
    assert rows == [
        ("Calçados São João", "064039", 1999, 3, 1234567.89, 300.0, 1),
        ("Ana", "640391", 2000, 2, 0.1, None, None),
    ]
    assert (found["column"], found["rows"]) == ("supplier", 1)
    assert (source["format"], source["rows"]) == ("postgresql", 3)


def test_a_query_is_read(server: str) -> None:
    query = "SELECT *, 1998 + pairs / 300 AS jaar FROM customs.trade WHERE fob > 1 AND exporter IS NOT NULL"
    columns = {name: column for name, column in COLUMNS.items() if name != "date"} | {"year": "jaar"}
    tables = {"transactions": {"url": server, "query": query, "columns": columns}}
    with read(Study.model_validate({"about": {"title": "t"}, "tables": tables})) as records:
        rows = records.engine.connection.execute("SELECT year, month, value FROM transactions").fetchall()
    assert rows == [(1999, None, 1234567.89)]


@pytest.mark.parametrize(
    ("table", "what", "fix"),
    [
        ("customs.trad", 'relation "customs.trad" does not exist', "name of the table"),
        ("trade", 'relation "trade" does not exist', "name of the table"),
        ("customs.empty", "no rows", "table"),
    ],
)
def test_what_the_server_does_not_have(server: str, table: str, what: str, fix: str) -> None:
    with pytest.raises(RecordsError) as caught:
        read(study(server, table))
    assert what in caught.value.what
    assert fix in caught.value.fix


def test_a_user_that_does_not_exist(server: str) -> None:
    with pytest.raises(RecordsError, match='role "bea" does not exist') as caught:
        read(study(server.replace("user=ana", "user=bea&password=secret")))
    assert "secret" not in str(caught.value)
