"""Turning text into numbers, dates and flags, as SQL expressions; what is ambiguous is never guessed."""

from __future__ import annotations

from dataclasses import dataclass, field

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import RecordsError
from sinos.records.store import literal, scalars

FIRST_YEAR, LAST_YEAR = 1500, 2200
"""Years outside of these are taken for errors."""

SPACES = "[ \u00a0\u202f'’]"
BLANKS = " \t\r\n\u00a0\u202f\u2009\ufeff"
"""What may stand around a number; web pages and spreadsheets leave more than spaces."""

NAMED = ("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d/%b/%Y", "%d%b%Y", "%d-%B-%Y")
"""Formats with a month's English name."""

NUMERIC = r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})"
DOTTED = r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})"
NUMBER_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
                "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written in a column: the decimal mark, and whether the other mark groups thousands."""

    mark: str = "."
    groups: bool = False

    def text(self) -> str:
        """Return the style in words."""
        other = "," if self.mark == "." else "."
        return f"decimal '{self.mark}'" + (f", thousands '{other}'" if self.groups else "")


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How dates are written in a column.

    Attributes
    ----------
    given
        Formats that the study names.
    found
        Formats with month names that occur.
    order
        ``dmy``, ``mdy``, ``each`` (only dates that can be read in one way) or nothing, of dates such as 2/3/2006.
    census
        How many cells are written in which way.
    """

    given: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    order: str = ""
    census: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """Return the census in words."""
        return "; ".join(f"{name}: {number:,}" for name, number in self.census.items())


def is_number(kind: str) -> bool:
    """Tell whether a DuckDB type is a number."""
    return kind.split("(")[0] in NUMBER_TYPES


def number_style(engine: DuckDBEngine, relation: str, column: str, declared: str | None) -> NumberStyle:
    """Find out how a text column writes its numbers.

    ``1,5`` shows a decimal comma and ``1,234.5`` a thousands comma; ``1,234`` alone shows neither and is then left
    unparsed, unless the study declares the decimal mark.
    """
    if declared is not None:
        return NumberStyle(declared, groups=True)
    name = quoted(column)
    text = f"trim({name})"
    commas = rf"[+-]?(0,\d+|\d+,(\d{{1,2}}|\d{{4,}})|\d{{1,3}}(\.\d{{3}}|{SPACES}\d{{3}})+,\d+)"
    groups = r"[+-]?\d{1,3}(,\d{3})+\.\d*|[+-]?\d{1,3}(,\d{3}){2,}"
    decimal, thousands = scalars(
        engine,
        f"SELECT count_if(regexp_full_match({text}, {literal(commas)})), "
        f"count_if(regexp_full_match({text}, {literal(groups)})) FROM {quoted(relation)} WHERE contains({name}, ',')",
    )
    if decimal and not thousands and not _has_points(engine, relation, name):
        return NumberStyle(",", groups=True)
    return NumberStyle(".", groups=bool(thousands and not decimal))


def _has_points(engine: DuckDBEngine, relation: str, name: str) -> bool:
    pattern = literal(r"[+-]?\d*\.(\d{1,2}|\d{4,})")
    query = f"SELECT count(*) FROM {quoted(relation)} WHERE regexp_full_match(trim({name}), {pattern})"
    return scalars(engine, query)[0] > 0


def number(name: str, kind: str, style: NumberStyle) -> str:
    """Return the expression that turns a column into a finite DOUBLE, or NULL."""
    if is_number(kind):
        value = f"CAST({name} AS DOUBLE)"
        return f"CASE WHEN isfinite({value}) THEN {value} END" if kind in ("DOUBLE", "FLOAT") else value
    text = name if kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"
    value = _number_text(text, style)
    return f"CASE WHEN isfinite({value}) THEN {value} END"


def _number_text(name: str, style: NumberStyle) -> str:
    mark, other = (".", ",") if style.mark == "." else (",", ".")
    point, group = f"\\{mark}", f"\\{other}"
    text = f"trim({name}, {literal(BLANKS)})"
    sure = rf"[+-]?\d{{1,3}}({group}\d{{3}})+{point}\d*|[+-]?\d{{1,3}}({group}\d{{3}}){{2,}}"
    grouped = rf"{sure}|[+-]?\d{{1,3}}({group}\d{{3}})+" if style.groups else sure
    spaced = rf"[+-]?\d{{1,3}}({SPACES}\d{{3}})+({point}\d*)?"
    joined = f"replace({text}, {literal(other)}, '')"
    unspaced = f"regexp_replace({text}, {literal(SPACES)}, '', 'g')"
    cases = (
        f"CASE WHEN regexp_full_match({text}, {literal(grouped)}) THEN {_pointed(joined, mark)} "
        f"WHEN regexp_full_match({text}, {literal(spaced)}) THEN {_pointed(unspaced, mark)}"
    )
    if style.mark == ".":
        return f"coalesce(TRY_CAST({name} AS DOUBLE), TRY_CAST({text} AS DOUBLE), {cases} END)"
    plain = r"[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?"
    return f"{cases} WHEN regexp_full_match({text}, {literal(plain)}) THEN {_pointed(text, mark)} END"


def _pointed(text: str, mark: str) -> str:
    return f"TRY_CAST(replace({text}, '{mark}', '.') AS DOUBLE)"


def date_style(engine: DuckDBEngine, relation: str, column: str, given: tuple[str, ...], where: str) -> DateStyle:
    """Find out how a text column writes its dates, from its distinct texts.

    Raises
    ------
    RecordsError
        If a format that the study names is not a strptime format.
    """
    name = quoted(column)
    _check_formats(engine, given, where)
    numeric, clock = f"regexp_full_match(d, {literal(NUMERIC)})", literal(r"[ T]\d{1,2}:.*$")
    kinds = [(f"try_strptime(t, {literal(pattern)}) IS NOT NULL", pattern) for pattern in given]
    kinds += [(_sane(_iso("d")) + " IS NOT NULL", "ISO"), (r"regexp_full_match(d, '\d{4}')", "year only")]
    kinds += [
        (f"try_strptime(d, {literal(pattern)}) IS NOT NULL", pattern) for pattern in NAMED if pattern not in given
    ]
    kinds += [(f"regexp_full_match(d, {literal(DOTTED)})", "day.month.year"), (numeric, "numeric")]
    cases = " ".join(f"WHEN {test} THEN {literal(label)}" for test, label in kinds)
    first, second = (f"TRY_CAST(regexp_extract(d, {literal(NUMERIC)}, {part}) AS INTEGER)" for part in (1, 2))
    rows = engine.connection.execute(
        f"SELECT CASE {cases} ELSE 'not a date' END AS style, sum(n)::BIGINT, "
        f"count_if({numeric} AND {first} > 12), count_if({numeric} AND {second} > 12) FROM ("
        f"SELECT {name} AS t, regexp_replace(trim({name}), {clock}, '') AS d, count(*) AS n FROM {quoted(relation)} "
        f"WHERE {name} IS NOT NULL GROUP BY ALL) GROUP BY style ORDER BY style"
    ).fetchall()
    census = {str(row[0]): int(row[1]) for row in rows}
    order = ""
    if "numeric" in census:
        day_first, month_first = next((row[2], row[3]) for row in rows if row[0] == "numeric")
        order = "each" if bool(day_first) == bool(month_first) else "dmy" if day_first else "mdy"
    return DateStyle(given, tuple(pattern for pattern in NAMED if pattern in census), order, census)


def _check_formats(engine: DuckDBEngine, formats: tuple[str, ...], where: str) -> None:
    import duckdb

    for pattern in formats:
        try:
            engine.connection.execute(f"SELECT try_strptime('x', {literal(pattern)})").fetchall()
        except duckdb.Error as error:
            raise RecordsError(
                f"'{pattern}' is not a date format", where=f"{where}: date_format", fix="write it like %d/%m/%Y"
            ) from error


def _iso(text: str) -> str:
    either = f"coalesce(TRY_CAST(left({text}, 10) AS DATE), {_parsed(text, '%Y%m%d', '%Y-%m', '%Y.%m.%d')})"
    return f"CASE WHEN {text} >= '0' AND {text} < ':' THEN {either} END"


def _sane(date: str) -> str:
    return f"CASE WHEN year({date}) BETWEEN {FIRST_YEAR} AND {LAST_YEAR} THEN {date} END"


def sane_year(year: str) -> str:
    """Return the expression that keeps years from 1500 to 2200."""
    return f"CASE WHEN {year} BETWEEN {FIRST_YEAR} AND {LAST_YEAR} THEN {year} END"


def _parsed(text: str, *formats: str) -> str:
    listed = ", ".join(literal(pattern) for pattern in formats)
    return f"CASE WHEN lower({text}) <> 'epoch' THEN CAST(try_strptime({text}, [{listed}]) AS DATE) END"


def date(name: str, kind: str, style: DateStyle) -> str:
    """Return the expression that turns a column into a DATE between the years 1500 and 2200, or NULL."""
    if kind == "DATE":
        return _sane(name)
    if kind.startswith("TIMESTAMP"):
        return _sane(f"CAST({name} AS DATE)")
    raw = name if kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"
    if set(style.census) <= {"ISO", "not a date"} and not style.given:
        return _sane(_iso(f"trim({raw})"))
    clock = literal(r" +\d{1,2}:.*$")
    text = f"CASE WHEN contains({raw}, ':') THEN regexp_replace(trim({raw}), {clock}, '') ELSE trim({raw}) END"
    tries = [_sane(_parsed(raw, pattern)) for pattern in style.given] + [_sane(_iso(text))]
    tries += [_sane(_parsed(text, pattern)) for pattern in style.found]
    if "day.month.year" in style.census:
        tries += [_sane(_parsed(text, "%d.%m.%Y")), _sane(_parsed(text, "%d.%m.%y"))]
    if style.order:
        tries.append(_numeric(text, style.order))
    return f"coalesce({', '.join(tries)})"


def _numeric(text: str, order: str) -> str:
    """Parse dates such as 2/3/2006: in the order that the column shows, or only where one order is possible."""
    days, months = (
        f"coalesce({', '.join(_sane(_parsed(text, pattern)) for pattern in patterns)})"
        for patterns in (
            ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y"),
            ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y"),
        )
    )
    if order != "each":
        return days if order == "dmy" else months
    return f"CASE WHEN {days} IS NULL THEN {months} WHEN {months} IS NULL OR {days} = {months} THEN {days} END"


def year_in_text(name: str, kind: str, style: DateStyle) -> str | None:
    """Return the expression for the year of a date whose day or month is unknown, where the column has such."""
    tests = {"year only": r"^(\d{4})$", "numeric": r"^\d{1,2}[/-]\d{1,2}[/-](\d{4})( .*)?$"}
    wanted = [pattern for label, pattern in tests.items() if style.census.get(label)]
    if kind != "VARCHAR" or not wanted:
        return None
    found = [f"TRY_CAST(nullif(regexp_extract(trim({name}), {literal(part)}, 1), '') AS INTEGER)" for part in wanted]
    return f"coalesce({', '.join(found)})"


def flag(name: str) -> str:
    """Return the expression that turns 0/1, true/false, yes/no into 1, 0 or NULL."""
    text = f"lower(trim(CAST({name} AS VARCHAR)))"
    yes, no = "('1', '1.0', 'true', 't', 'yes', 'y')", "('0', '0.0', 'false', 'f', 'no', 'n')"
    return f"CASE WHEN {text} IN {yes} THEN 1 WHEN {text} IN {no} THEN 0 END"


def whole(name: str, kind: str, style: NumberStyle, low: int, high: int) -> str:
    """Return the expression that turns a column into a whole number within bounds, or NULL."""
    value = number(name, kind, style)
    return f"CASE WHEN {value} = trunc({value}) AND {value} BETWEEN {low} AND {high} THEN CAST({value} AS BIGINT) END"


def share(name: str, kind: str, style: NumberStyle) -> str:
    """Return the expression that turns a column into a share between 0 and 1 (``45%`` is 0.45), or NULL."""
    value = number(name, kind, style)
    if kind == "VARCHAR":
        percent = number(f"rtrim(rtrim({name}), '%')", kind, style)
        value = f"CASE WHEN contains({name}, '%') THEN {percent} / 100 ELSE {value} END"
    return f"CASE WHEN {value} BETWEEN 0 AND 1 THEN {value} END"
