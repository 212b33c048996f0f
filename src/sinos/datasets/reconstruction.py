"""A generated data set: tables, the truth behind them, and the study that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml

from sinos.datasets.account import Account
from sinos.strategies.degrade import EVERY
from sinos.strategies.parameters import parameters

NOTICE = "This is a reconstruction made by a program, not data."


@dataclass(frozen=True)
class Reconstruction:
    """Records made by a program, with the truth that real records would hide.

    Attributes
    ----------
    name
        Name of the data set.
    seed
        Seed that it was made with.
    replication
        Replication of the model under that seed whose history this is.
    tables
        Frames in the data contract: transactions, suppliers, buyers, relations, clusters, products, coverage.
    truth
        ``forms`` (supplier, buyer, year, form and who performs what; sales at home included), ``functions`` (supplier,
        year, one 0/1 column per function), ``capabilities`` (supplier, year, share of the world frontier by function),
        ``events`` (supplier, year, kind, direction, what), ``firms`` (supplier, intent, group of buyers mainly served)
        and ``lock_in``; see :func:`sinos.strategies.emit_truth.truth_tables`.
    account
        How it was written down, with source notes.
    """

    name: str
    seed: int
    replication: int
    tables: Mapping[str, pl.DataFrame]
    truth: Mapping[str, pl.DataFrame]
    account: Account

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))

    @property
    def about(self) -> pl.DataFrame:
        """What this is, as a table: ``item``, ``text``. The first row says that it is a reconstruction."""
        facts = self.account.about
        rows = [("notice", NOTICE), ("title", facts["title"]), ("description", facts["description"])]
        rows += [(f"caveat {number}", text) for number, text in enumerate(facts["caveats"], start=1)]
        rows += [("source", facts["source"]), ("licence", facts["licence"]), ("seed", str(self.seed))]
        rows += [("replication of the model", str(self.replication))]
        return pl.DataFrame(rows, schema={"item": pl.String, "text": pl.String}, orient="row")

    @property
    def sources(self) -> pl.DataFrame:
        """Source note of every constant: ``constant``, ``source`` (``assumption`` where no source gives it).

        Constants of the records come first by name, then the model's parameters as ``model.NAME``; those of the
        scenario have theirs in its file.
        """
        notes = self.account.notes | {f"model.{one.name}": one.source for one in parameters()}
        return pl.DataFrame({"constant": list(notes), "source": list(notes.values())}).sort("constant")

    def study(self) -> dict[str, Any]:
        """Return the study that reads these tables, as written by :meth:`save`."""
        facts = self.account.about
        return {
            "about": {
                "title": facts["title"],
                "question": facts["question"],
                "description": facts["description"],
                "source": facts["source"],
                "licence": facts["licence"],
                "currency": "USD",
                "caveats": [*facts["caveats"], f"Seed of the reconstruction: {self.seed}."],
                "supplier_is": "firm",
                "buyer_is": "firm",
                "reconstruction": True,
            },
            "tables": {name: {"file": f"{name}.parquet"} for name in self.tables},
            "coverage": {
                "first_year": int(self.account.years[0]),
                "last_year": int(self.account.years[-1]),
                "domestic_sales": "missing",
            },
            "clusters": {"by": "given"},
            "governance": {"survey_holds": EVERY - 1},
        }

    def save(self, folder: str | Path) -> Path:
        """Write the tables (Parquet), what they are (``about.csv``) and ``study.yaml`` into a folder.

        Returns
        -------
        Path
            The study file, ready for ``sinos run``.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name, frame in self.tables.items():
            frame.write_parquet(target / f"{name}.parquet")
        self.about.write_csv(target / "about.csv")
        study = target / "study.yaml"
        text = yaml.safe_dump(self.study(), sort_keys=False, allow_unicode=True, width=110)
        study.write_text(f"# {NOTICE}\n{text}", encoding="utf-8")
        return study
