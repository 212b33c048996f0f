"""What outputs may say about a study: no password, however it is written in the address of a database."""

from __future__ import annotations

import pytest

from sinos.study.model import Study
from sinos.study.public import public_options, without_password


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://ana:secret@host:5432/db", "postgresql://ana@host:5432/db"),
        ("postgresql://a:b:c/d@h/x", "postgresql://a@h/x"),
        ("postgresql://host/db?password=secret", "postgresql://host/db"),
        ("postgresql:///db?user=ana&Password=s%26t&host=/run", "postgresql:///db?user=ana&host=/run"),
        ("postgresql:///db?sslpassword=s&password=t", "postgresql:///db"),
        ("postgresql:///db?user=password", "postgresql:///db?user=password"),
        ("sqlite:///file.db", "sqlite:///file.db"),
    ],
)
def test_passwords_are_left_out(given: str, shown: str) -> None:
    assert without_password(given) == shown
    study = Study.model_validate({"about": {"title": "t"}, "tables": {"transactions": {"url": given, "table": "t"}}})
    assert public_options(study)["tables"]["transactions"]["url"] == shown
