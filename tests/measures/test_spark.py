"""The same numbers on Spark as on DuckDB."""

from __future__ import annotations

import random

import pytest

from sinos.engine import connect
from tests.measures.handmade import measures

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def some_trade(count: int = 300) -> list[dict[str, object]]:
    draw = random.Random(7)
    return [
        {
            "supplier": f"s{draw.randrange(8)}",
            "buyer": f"b{draw.randrange(5)}",
            "product": f"p{draw.randrange(3)}",
            "destination": draw.choice(["US", "BR", None]),
            "year": 2000 + draw.randrange(5),
            "month": draw.randrange(1, 13),
            "on_time": draw.choice([0, 1, None]),
            "value": round(draw.uniform(1, 1000), 2),
            "quantity": draw.choice([None, round(draw.uniform(1, 50), 1)]),
            "incoterm": draw.choice(["FOB", "CIF", None, "?"]),
            "brand_owner": draw.choice(["s1", "x", None]),
        }
        for _ in range(count)
    ]


def _alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return other == pytest.approx(one, rel=1e-9, abs=1e-12)
    return one == other and type(one) is type(other)


def test_spark_gives_the_same_numbers() -> None:
    pytest.importorskip("pyspark")
    rows = some_trade()
    sides = {
        "suppliers": [{"supplier": "s1", "output": 9000.0, "profit": 900.0, "performs_design": 1}],
        "products": [{"product": "p1", "rauch": "n"}],
        "clusters": [{"cluster": "all", "local_purchases_share": 0.4}],
    }
    here = measures(rows, **sides)
    there = measures(rows, engine=connect("spark", {"threads": 1}), **sides)
    for name in here.names():
        one, other = here.frame(name), there.frame(name)
        assert one.columns == other.columns
        for left, right in zip(one.rows(), other.rows(), strict=True):
            assert all(map(_alike, left, right)), (name, left, right)
    assert here.missing == there.missing
