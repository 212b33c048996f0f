"""Theory as data: the packaged tables that the code interprets."""

from __future__ import annotations

from sinos.theory.load import (
    CatalogueEntry,
    ContractColumn,
    OutputColumn,
    catalogue,
    contract,
    contract_tables,
    load_yaml,
    outputs,
    upgrading_catalogue,
)

__all__ = [
    "CatalogueEntry",
    "ContractColumn",
    "OutputColumn",
    "catalogue",
    "contract",
    "contract_tables",
    "load_yaml",
    "outputs",
    "upgrading_catalogue",
]
