"""The packaged theory tables, as loaded."""

from __future__ import annotations

import pytest

from sinos.errors import UnknownNameError
from sinos.theory import catalogue, contract, contract_tables, load_yaml, outputs, upgrading_catalogue


def test_contract_has_the_seven_tables_and_unique_columns() -> None:
    assert contract_tables() == ("transactions", "suppliers", "buyers", "relations", "clusters", "products", "coverage")
    keys = [(column.table, column.column) for column in contract()]
    assert len(keys) == len(set(keys))
    assert {column.type for column in contract()} == {"string", "date", "integer", "number", "share", "flag"}
    assert [column.column for column in contract("transactions") if column.required == "yes"] == [
        "supplier", "buyer", "product", "value",
    ]  # fmt: skip


def test_unknown_table_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'buyers'"):
        contract("buyer")


def test_catalogue_and_outputs_have_unique_keys() -> None:
    entries = [(entry.level, entry.name) for entry in catalogue()]
    assert len(entries) == len(set(entries)) > 50
    upgrading = [(entry.level, entry.name) for entry in upgrading_catalogue()]
    assert len(upgrading) == len(set(upgrading)) > 30
    columns = [(column.table, column.column) for column in outputs()]
    assert len(columns) == len(set(columns)) > 50


def test_yaml_is_frozen_and_read_once() -> None:
    words = load_yaml("synonyms")
    assert load_yaml("synonyms") is words
    assert isinstance(words["transactions"]["supplier"], tuple)
    with pytest.raises(TypeError):
        words["transactions"]["supplier"] = ()
    with pytest.raises(UnknownNameError, match="did you mean 'synonyms'"):
        load_yaml("synonym")


def test_synonyms_are_about_columns_of_the_contract() -> None:
    for table, columns in load_yaml("synonyms").items():
        assert set(columns) <= {column.column for column in contract(table)}
