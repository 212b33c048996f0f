"""The Sinos Valley reconstruction: a history of the model under the Sinos scenario, written down as records."""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.datasets.account import Account, read_account
from sinos.datasets.facts import first_that_holds
from sinos.datasets.names import buyer_countries, buyer_names, renamed, supplier_names
from sinos.datasets.reconstruction import Reconstruction
from sinos.datasets.rival import rival_shipments, rival_suppliers
from sinos.strategies.degrade import degrade
from sinos.strategies.emit import Emitted, emit
from sinos.strategies.emit_shipments import ORDER
from sinos.strategies.emit_units import Units
from sinos.strategies.scenario import scenario

SEED = 20020901
"""Seed of the reconstruction that the demo shows."""


def sinos_valley(seed: int = SEED) -> Reconstruction:
    """Make the Sinos Valley reconstruction, 1968-2000: a reconstruction, not data.

    The cluster's history is that of the model under the packaged scenario ``sinos_valley``; the records are what would
    be known of it: export shipments, and a survey of some firms and relations in one year in three.

    Parameters
    ----------
    seed
        Seed of all random numbers. The shares that Humphrey & Schmitz (2002, p. 1023) report for the late period hold
        whatever the seed, as means over its years: the largest exporters sell over 80 % to one buyer, and the main
        buyer takes close to 40 % of the cluster's exports and over 80 % of what its largest suppliers export. The
        history is the first replication of the seed in which they do (see :mod:`sinos.datasets.facts`).

    Returns
    -------
    Reconstruction
        Tables of the data contract, the truth (``forms``, ``functions``, ``capabilities``, ``events``, ``firms``,
        ``lock_in``), and a study.

    Raises
    ------
    StudyError
        If the shares hold in no replication that was tried.

    Examples
    --------
    >>> valley = sinos_valley()
    >>> sorted(valley.tables)
    ['buyers', 'clusters', 'coverage', 'products', 'relations', 'suppliers', 'transactions']
    >>> valley.study()["about"]["reconstruction"]
    True
    """
    account = read_account()
    world = scenario(account.values["scenario"]).model_copy(update={"years": len(account.years)})
    history = first_that_holds(world, account, seed)
    emitted = emit(history, Units(**account.values["units"]))
    known = degrade(emitted, "sample_survey")
    suppliers, buyers = supplier_names(emitted), buyer_names(emitted, account)
    names, cluster = {**suppliers, **buyers}, account.values["cluster"]["name"]
    rng = np.random.default_rng(np.random.SeedSequence([seed, history.replication, 1988]))
    american = sorted(buyers[name] for name in history.buyers.filter(pl.col("market") == "us")["buyer"])
    tables = {name: renamed(_placed(frame, emitted, account), names, cluster) for name, frame in known.tables.items()}
    shipments = [tables["transactions"], rival_shipments(account, american, rng)]
    tables["transactions"] = pl.concat(shipments, how="diagonal_relaxed").sort(ORDER)
    firms = tables["suppliers"].with_columns(region=pl.lit(account.values["cluster"]["region"]))
    tables["suppliers"] = pl.concat([firms, rival_suppliers(account)], how="diagonal_relaxed").sort("supplier", "year")
    tables["clusters"] = _context(tables["clusters"], account)
    tables["products"] = tables["products"].with_columns(sigma=pl.lit(account.values["sigma"])).sort("product")
    truth = {name: renamed(frame, names, cluster) for name, frame in emitted.truth.items()}
    return Reconstruction("sinos_valley", seed, history.replication, tables, truth, account)


def _placed(frame: pl.DataFrame, emitted: Emitted, account: Account) -> pl.DataFrame:
    """Put countries in place of the model's markets."""
    countries = buyer_countries(emitted, account)
    there = pl.col("buyer").replace_strict(countries, return_dtype=pl.String) if "buyer" in frame.columns else None
    places = {"destination": there, "country": there, "origin": pl.lit(account.values["origin"])}
    return frame.with_columns(
        place.alias(name) for name, place in places.items() if place is not None and name in frame.columns
    )


def _context(clusters: pl.DataFrame, account: Account) -> pl.DataFrame:
    """Add the cluster's institutions, which the model does not know, to what it says about programmes."""
    years = pl.DataFrame({"year": account.years}, schema={"year": pl.Int64})
    counted = ("associations", "technology_centres", "state_mediation", "facilitation")
    columns = {name: account.path("context", name) for name in account.values["context"]}
    context = years.with_columns(
        pl.Series(name, np.round(values)).cast(pl.Int64) if name in counted else pl.Series(name, np.round(values, 3))
        for name, values in columns.items()
    )
    return clusters.join(context, on="year", how="left").sort("cluster", "year")
