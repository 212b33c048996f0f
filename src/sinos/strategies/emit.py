"""From a simulated history to the data contract's tables, with the truth behind them.

The form of a relation-year is the coordination that the buyer chose in the model (equation 2), which fixes what can be
checked about it: in a hierarchy the buyer owns the operation; in a quasi-hierarchy it designs and inspects
without owning; in a network the supplier designs and the two coordinate closely; in a market the supplier designs and
nobody coordinates. Nothing in a shipment depends on the form directly: size, number, price, delivery terms
and brand follow from volume, complexity, capability and who performs which function. What the evidence model must
find again is therefore not written into the records.

What the model does not know is left out: it has one sector, no contracts in law and no parent firms. The noise of
records and answers comes from its own generator, so that it never disturbs the model's luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from sinos.strategies.emit_shipments import shipments
from sinos.strategies.emit_survey import relation_answers, supplier_answers
from sinos.strategies.emit_truth import truth_tables
from sinos.strategies.emit_units import PRODUCTS, Units
from sinos.strategies.history import History

TYPES = {
    "design;marketing": "brand_marketer",
    "sourcing;design": "trading_agent",
    "sourcing": "trading_agent",
    "marketing": "retailer",
    "sourcing;marketing": "supermarket",
    "logistics;marketing": "distributor",
    "": "distributor",
}
"""Type of buyer that the model's core functions come closest to; null for other combinations."""


@dataclass(frozen=True, slots=True)
class Emitted:
    """Records of a simulated world with the truth that real records would hide.

    Attributes
    ----------
    history
        What was simulated.
    tables
        ``transactions``, ``suppliers``, ``buyers``, ``relations``, ``clusters``, ``products``, ``coverage``, in the
        data contract, with nothing withheld: sales at home included, every firm and relation surveyed.
    truth
        ``forms``, ``functions``, ``capabilities``, ``events`` and ``firms`` as in
        :class:`sinos.datasets.Reconstruction`, and ``lock_in`` (see :func:`~.emit_truth.truth_tables`).
    domestic_sales
        Whether sales at home are among the records: ``recorded`` or ``missing``.
    survey_holds
        Further years for which an answer stands, as a study of these records would say it (governance.survey_holds):
        0 where everybody is asked every year.
    """

    history: History
    tables: Mapping[str, pl.DataFrame]
    truth: Mapping[str, pl.DataFrame]
    domestic_sales: str = "recorded"
    survey_holds: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))


def emit(history: History, units: Units | None = None, *, first_year: int | None = None) -> Emitted:
    """Turn a history into records and truth.

    Parameters
    ----------
    history
        A replication kept in full.
    units
        Scale and noise of the records.
    first_year
        First year recorded; the first simulated year when not given. Earlier trade happened but nobody kept it.

    Returns
    -------
    Emitted
        The tables of the contract, with nothing withheld, and the truth.
    """
    scale = units or Units()
    first = history.scenario.start if first_year is None else first_year
    region = history.buyers.select("buyer", "region")
    relations = _since(history.relations, first).join(region, on="buyer", how="left").sort("supplier", "buyer", "year")
    suppliers = _since(history.suppliers, first).sort("supplier", "year")
    delivered = _since(history.deliveries, first).join(region, on="buyer", how="left")
    seed = np.random.SeedSequence([history.seed, history.replication, 2002])
    draw = [np.random.default_rng(part) for part in seed.spawn(4)]
    years = sorted(suppliers["year"].unique().to_list())
    truth = truth_tables(history, relations, suppliers)
    tables = {
        "transactions": shipments(history, delivered.sort("supplier", "buyer", "year", "part"), scale, draw[0]),
        "suppliers": supplier_answers(relations, suppliers, truth["functions"], scale, draw[1]),
        "buyers": _buyers(history),
        "relations": relation_answers(history, relations, scale, draw[2]),
        "clusters": _clusters(history, first),
        "products": pl.DataFrame({"product": list(PRODUCTS), "rauch": "n", "sector": "footwear"}),
        "coverage": pl.DataFrame({"reporter": "*", "side": "file", "year": years, "months": 12}),
    }
    return Emitted(history, tables, truth)


def _since(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    return frame.filter(pl.col("year") >= first)


def _buyers(history: History) -> pl.DataFrame:
    core = pl.col("core").str.replace("marketing", "marketing;branding")
    return history.buyers.select(
        "buyer",
        type=pl.col("core").fill_null("").replace_strict(TYPES, default=None, return_dtype=pl.String),
        country=pl.when(pl.col("region") == "home").then(pl.lit("home")).otherwise("market"),
        core_functions=core,
    )


def _clusters(history: History, first: int) -> pl.DataFrame:
    return _since(history.programmes, first).select(
        cluster=pl.format("cluster {}", pl.col("cluster").cast(pl.Int64) + 1),
        year=pl.col("year").cast(pl.Int64),
        public_programmes=pl.col("running").cast(pl.Int64),
    )
