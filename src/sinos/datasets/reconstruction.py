"""A generated data set: tables, the truth behind them, and the study that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import yaml

from sinos.datasets.scenario import Scenario

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
    tables
        Frames in the data contract: transactions, suppliers, buyers, relations, clusters, products, coverage.
    truth
        ``forms`` (supplier, buyer, year, form, supplier_logistics), ``functions`` (supplier, year, one 0/1 column per
        function), ``capabilities`` (supplier, year, share of the world frontier by kind), ``events`` (supplier, year,
        kind, direction, what) and ``firms`` (supplier, group, intent).
    scenario
        The constants that it was made from, with their source notes.
    """

    name: str
    seed: int
    tables: Mapping[str, pl.DataFrame]
    truth: Mapping[str, pl.DataFrame]
    scenario: Scenario

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))

    @property
    def about(self) -> pl.DataFrame:
        """What this is, as a table: ``item``, ``text``. The first row says that it is a reconstruction."""
        facts = self.scenario.about
        rows = [("notice", NOTICE), ("title", facts["title"]), ("description", facts["description"])]
        rows += [(f"caveat {number}", text) for number, text in enumerate(facts["caveats"], start=1)]
        rows += [("source", facts["source"]), ("licence", facts["licence"]), ("seed", str(self.seed))]
        return pl.DataFrame(rows, schema={"item": pl.String, "text": pl.String}, orient="row")

    @property
    def sources(self) -> pl.DataFrame:
        """Source note of every constant: ``constant``, ``source`` (``assumption`` where no source gives it)."""
        notes = self.scenario.notes
        return pl.DataFrame({"constant": list(notes), "source": list(notes.values())}).sort("constant")

    def study(self) -> dict[str, Any]:
        """Return the study that reads these tables, as written by :meth:`save`."""
        facts = self.scenario.about
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
                "first_year": int(self.scenario.years[0]),
                "last_year": int(self.scenario.years[-1]),
                "domestic_sales": "missing",
            },
            "clusters": {"by": "given"},
            "governance": {"survey_holds": int(np.diff(self.scenario.values["survey"]["years"]).min()) - 1},
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
