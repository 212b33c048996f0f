"""Checks of who trades: self-trade, groups, intermediaries, spellings, and the shape of the network."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from sinos.records.checks_base import TYPED, CheckScene, Found, check
from sinos.records.names import former_name, normal_name
from sinos.records.store import literal, scalars

SIDES = ("supplier", "buyer")

MANY_BUYERS, MANY_PRODUCTS = 10, 20
"""How many buyers and products the records must have for a supplier of nearly everything to stand out."""

MOST_BUYERS, MOST_PRODUCTS = 0.75, 0.3
"""Shares of buyers and products from which a supplier looks like a warehouse."""

MOSTLY, REPEATED = 0.5, 5
"""Share and number of a buyer's rows from which another consignee is systematic."""

NEARLY_ALL = 0.95
"""Share of the rows from which one buyer is as good as the only one."""

SUMS = (
    *(
        "WORLD",
        "TOTAL",
        "TOTALS",
        "GRAND TOTAL",
        "SUBTOTAL",
        "SUB TOTAL",
        "ALL",
        "ALL COUNTRIES",
        "ALL PARTNERS",
        "ALL BUYERS",
    ),
    *(
        "ALL SUPPLIERS",
        "MUNDO",
        "TOTAL GERAL",
        "TOTAL GENERAL",
        "TODOS",
        "MONDE",
        "MONDE ENTIER",
        "TOUS",
    ),
)
"""Names, without accents and signs, that stand for the sum of all partners."""

UNNAMED = (
    *(
        "UNKNOWN",
        "UNKNOWN COUNTRY",
        "UNSPECIFIED",
        "NOT SPECIFIED",
        "NOT AVAILABLE",
        "UNDISCLOSED",
        "CONFIDENTIAL",
        "NES",
        "AREAS NES",
    ),
    *(
        "OTHER",
        "OTHERS",
        "OTHER COUNTRIES",
        "VARIOUS",
        "MISCELLANEOUS",
        "NONE",
        "NULL",
        "TO ORDER",
        "TO THE ORDER",
        "TO ORDER OF SHIPPER",
    ),
    *(
        "OUTROS",
        "OTROS",
        "DIVERSOS",
        "NAO DECLARADO",
        "NAO INFORMADO",
        "NO DECLARADO",
        "AUTRES",
        "DIVERS",
        "NON PRECISE",
        "INCONNU",
    ),
)
"""Names, without accents and signs, under which several partners are hidden."""

ASSORTATIVE, EDGES = 0.3, 30
"""Degree correlation that is strongly positive, and the relations needed to tell."""


def _names(scene: CheckScene) -> str:
    """Make the table of distinct names: side, name, normal form, former name, rows."""
    parts = [
        f"SELECT '{side}' AS side, {side} AS name, count(*) AS rows FROM {TYPED}"
        f" WHERE {side} IS NOT NULL GROUP BY {side}"
        for side in SIDES
    ]
    return scene.helper(
        "_check_names",
        f"SELECT *, {normal_name('name')} AS normal, {former_name('name')} AS former"
        f" FROM ({' UNION ALL '.join(parts)})",
    )


def _pairs(scene: CheckScene) -> str:
    """Make the table of relations: supplier, buyer, their normal forms, rows."""
    names = _names(scene)
    return scene.helper(
        "_check_pairs",
        f"SELECT p.*, s.normal AS supplier_normal, b.normal AS buyer_normal FROM"
        f" (SELECT supplier, buyer, count(*) AS rows FROM {TYPED} WHERE supplier IS NOT NULL AND buyer IS NOT NULL"
        f" GROUP BY ALL) p JOIN {names} s ON s.side = 'supplier' AND s.name = p.supplier"
        f" JOIN {names} b ON b.side = 'buyer' AND b.name = p.buyer",
    )


@check("self-trade")
def self_trade(scene: CheckScene) -> Iterable[Found]:
    """Find rows in which a firm sells to itself, whatever the spelling."""
    same = f"SELECT supplier, buyer FROM {_pairs(scene)} WHERE supplier_normal = buyer_normal"
    return scene.found(
        "supplier, buyer", f"(supplier, buyer) IN ({same})", "supplier and buyer are one firm", example="supplier"
    )


@check("intra-group")
def intra_group(scene: CheckScene) -> Iterable[Found]:
    """Find relations whose supplier is owned by the buyer or by the buyer's group."""
    suppliers, buyers = scene.frames.get("suppliers"), scene.frames.get("buyers")
    if suppliers is None or "owner" not in suppliers.columns or not suppliers["owner"].count():
        return []
    scene.engine.register("_check_owners", suppliers.select("supplier", "owner").drop_nulls().unique().to_arrow())
    groups = "SELECT NULL::VARCHAR AS buyer, NULL::VARCHAR AS owner WHERE false"
    if buyers is not None and "group" in buyers.columns and buyers["group"].count():
        known = buyers.select("buyer", owner="group").drop_nulls().unique()
        scene.engine.register("_check_groups", known.to_arrow())
        groups = "SELECT buyer, owner FROM _check_groups"
    same = (
        f"SELECT p.supplier, p.buyer FROM {_pairs(scene)} p JOIN _check_owners o USING (supplier)"
        f" LEFT JOIN ({groups}) g USING (buyer) WHERE p.supplier_normal <> p.buyer_normal"
        f" AND {normal_name('o.owner')} IN (p.buyer_normal, {normal_name('g.owner')})"
    )
    found = scene.found(
        "supplier, buyer",
        f"(supplier, buyer) IN ({same})",
        "supplier and buyer have the same owner",
        example="supplier || ' - ' || buyer",
    )
    scene.engine.execute("DROP TABLE IF EXISTS _check_owners")
    scene.engine.execute("DROP TABLE IF EXISTS _check_groups")
    return found


@check("intermediary")
def intermediary(scene: CheckScene) -> Iterable[Found]:
    """Find partners whose names say warehouse, forwarder or the like."""
    words = [re.escape(word) for word in scene.study.checks.warehouse_words if word.strip()]
    if not words:
        return
    pattern = literal(rf"(?i)\b(?:{'|'.join(words)})")
    for side in SIDES:
        told = f"SELECT name FROM {_names(scene)} WHERE side = '{side}' AND regexp_matches(name, {pattern})"
        yield from scene.found(side, f"{side} IN ({told})", f"a {side} is a warehouse, forwarder or logistics firm")


@check("total-as-partner")
def total_as_partner(scene: CheckScene) -> Iterable[Found]:
    """Find rows that are the sum of others, as trade statistics have them (partner World)."""
    return _called(scene, SUMS, "is the sum of others: their trade is counted twice")


@check("unnamed-partner")
def unnamed_partner(scene: CheckScene) -> Iterable[Found]:
    """Find names that stand for several partners, whom measures would take for one firm."""
    return _called(scene, UNNAMED, "stands for partners that are not named, and would be taken for one firm")


def _called(scene: CheckScene, words: Iterable[str], meaning: str) -> Iterable[Found]:
    listed = ", ".join(literal(word) for word in words)
    # Legal forms stay: Total S.A. is a firm.
    plain = "trim(regexp_replace(upper(strip_accents(name)), '[^A-Z0-9]+', ' ', 'g'))"
    for side in SIDES:
        told = f"SELECT name FROM {_names(scene)} WHERE side = '{side}' AND {plain} IN ({listed})"
        yield from scene.found(side, f"{side} IN ({told})", f"a {side} {meaning}")


@check("hub-partner")
def hub_partner(scene: CheckScene) -> Iterable[Found]:
    """Find firms on both sides, and suppliers that sell very many products to nearly all buyers."""
    names = _names(scene)
    twice = (
        f"SELECT s.name FROM {names} s JOIN {names} b ON s.side = 'supplier' AND b.side = 'buyer'"
        " AND s.normal = b.normal AND s.normal <> ''"
    )
    yield from scene.found("supplier", f"supplier IN ({twice})", "the supplier is a buyer as well")
    buyers = scene.count("side = 'buyer'", names)
    products = scalars(scene.engine, f"SELECT count(DISTINCT product) FROM {TYPED}")[0]
    if buyers >= MANY_BUYERS and products >= MANY_PRODUCTS and scene.count("side = 'supplier'", names) > 1:
        broad = (
            f"SELECT supplier FROM {TYPED} GROUP BY supplier HAVING count(DISTINCT buyer) >= {MOST_BUYERS} * {buyers}"
            f" AND count(DISTINCT product) >= {MOST_PRODUCTS} * {products}"
        )
        shares = f"{MOST_PRODUCTS:.0%} of all products to at least {MOST_BUYERS:.0%} of all buyers"
        message = f"the supplier sells at least {shares}"
        yield from scene.found("supplier", f"supplier IN ({broad})", message)


@check("consignee-differs")
def consignee_differs(scene: CheckScene) -> Iterable[Found]:
    """Find buyers whose goods mostly go to another consignee."""
    if "consignee" not in scene.raw:
        return []
    pairs = (
        f"SELECT buyer, consignee, count(*) AS rows FROM {TYPED} WHERE buyer IS NOT NULL AND consignee IS NOT NULL"
        " GROUP BY ALL"
    )
    differ = f"sum(rows) FILTER (WHERE {normal_name('consignee')} <> {normal_name('buyer')})"
    buyers = f"SELECT buyer FROM ({pairs}) GROUP BY buyer HAVING {differ} >= greatest({REPEATED}, {MOSTLY} * sum(rows))"
    other = f"buyer IN ({buyers}) AND consignee IS NOT NULL AND {normal_name('consignee')} <> {normal_name('buyer')}"
    return scene.found("consignee", other, "the consignee is mostly not the buyer", example="buyer")


@check("name-variants")
def name_variants(scene: CheckScene) -> Iterable[Found]:
    """Find names that are equal but for case, punctuation, legal form or a former name."""
    names = _names(scene)
    for side in SIDES:
        here = f"SELECT * FROM {names} WHERE side = '{side}' AND normal <> ''"
        present = f"SELECT normal FROM {names} WHERE side = '{side}'"
        firm = f"CASE WHEN former <> '' AND former IN ({present}) THEN former ELSE normal END"
        groups = scene.helper(
            f"_check_variants_{side}",
            f"SELECT firm, count(*) AS spellings, CAST(sum(rows) - max(rows) AS BIGINT) AS rows,"
            f" string_agg(name, ' = ' ORDER BY name) AS shown FROM (SELECT *, {firm} AS firm FROM ({here}))"
            " GROUP BY firm HAVING count(*) > 1",
        )
        firms, spellings, rows = scalars(
            scene.engine, f"SELECT count(*), CAST(sum(spellings) AS BIGINT), CAST(sum(rows) AS BIGINT) FROM {groups}"
        )
        if firms:
            message = (
                f"{spellings:,} spellings stand for {firms:,} firms; rows are those of the less frequent spellings"
            )
            yield Found(side, rows, scene.total, message, scene.values("shown", "true", groups))


@check("single-buyer")
def single_buyer(scene: CheckScene) -> Iterable[Found]:
    """Tell when one buyer takes all or nearly all rows."""
    listed = scene.rows(f"SELECT name, rows FROM {_names(scene)} WHERE side = 'buyer' ORDER BY rows DESC, name LIMIT 1")
    for name, rows in listed:
        number = int(str(rows))
        if number >= NEARLY_ALL * scene.total:
            message = f"one buyer stands in {number / scene.total:.0%} of the rows"
            yield Found("buyer", number, scene.total, message, (str(name),)[: scene.study.checks.examples])


@check("assortative-degrees")
def assortative_degrees(scene: CheckScene) -> Iterable[Found]:
    """Tell when degrees are strongly positively correlated over relations (expected: negative; science B1.7).

    Source: Bernard, Moxnes & Ulltveit-Moe 2018 for the sign that real buyer-seller networks show.
    """
    pairs = _pairs(scene)
    degrees = f"SELECT count(*) OVER (PARTITION BY supplier) AS x, count(*) OVER (PARTITION BY buyer) AS y FROM {pairs}"
    sums = ", ".join(f"CAST(sum({term}) AS HUGEINT)" for term in ("x", "y", "x * x", "y * y", "x * y"))
    edges, x, y, xx, yy, xy = scalars(scene.engine, f"SELECT count(*), {sums} FROM ({degrees})")
    spread = (edges * xx - x * x) * (edges * yy - y * y)
    if edges < EDGES or spread <= 0:
        return
    correlation = (edges * xy - x * y) / math.sqrt(spread)
    if correlation > ASSORTATIVE:
        message = f"degrees of suppliers and buyers correlate at {correlation:.2f} over {edges:,} relations"
        yield Found("supplier, buyer", edges, edges, message)


@check("domestic-sales-missing")
def domestic_sales_missing(scene: CheckScene) -> Iterable[Found]:
    """Warn that upgrading at home cannot be seen when domestic sales are not recorded."""
    if scene.study.coverage.domestic_sales == "recorded":
        return
    suppliers = scene.frames.get("suppliers")
    for column in ("domestic_sales", "output"):
        if suppliers is not None and column in suppliers.columns and suppliers[column].count():
            return
    state = "are not recorded" if scene.study.coverage.domestic_sales == "missing" else "may not be recorded"
    yield Found("", scene.total, scene.total, f"sales at home {state}, and the suppliers table does not give them")
