"""Name resolution: normal forms, groups on hand-labelled spellings, and its limits."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from sinos.records.linkage import Quality, labelled_pairs, link, quality
from sinos.records.names import bare_name, former_name, normal_name

FIRMS = {
    "Murata": ["Murata Manufacturing Co Ltd", "Murata Manufacturing Co., Ltd.", "Murata Manufacturing Company Limited"],
    "Qualcomm": ["QUALCOMM Incorporated", "Qualcomm Inc", "Qualcomm Inc."],
    "Foxconn": ["Hon Hai Precision Industry Co Ltd (Foxconn)", "Hon Hai Precision Industry Co., Ltd."],
    "TSMC": [
        "Taiwan Semiconductor Manufacturing Co. Ltd. (TSMC)",
        "Taiwan Semiconductor Manufacturing Company Limited",
    ],
    "Broadcom": ["Broadcom Limited", "Broadcomm Limited"],
    "Lishen": ["Tian Jin Lishen Battery Joint-Stock Company, Ltd.", "Tianjin Lishen Battery Joint-Stock Co. Ltd."],
    "Abbvie": ["ABBVIE LOGISTICS (FORMERLY ABBOTT LOGISTICS BV)", "ABBOTT LOGISTICS B.V."],
    "Azaleia": ["Calçados Azaléia S/A", "CALCADOS AZALEIA SA"],
    "Eaton": ["Eaton", "Eaton Corporation Plc"],
    "Samsung SDI": ["Samsung SDI Co., Ltd."],
    "Samsung Display": ["Samsung Display Co., Ltd."],
    "LG Chem": ["LG Chem, Ltd."],
    "LG Display": ["LG Display Co., Ltd."],
    "Linear": ["Linear Technology Corp."],
    "Lite-On": ["Lite-On Technology Corp."],
    "Micron": ["Micron Technology, Inc."],
    "Microchip": ["Microchip Technology Inc."],
    "Sumitomo Chemical": ["Sumitomo Chemical Co., Ltd."],
    "Sumitomo Electric": ["Sumitomo Electric Industries Ltd."],
}
SPELLINGS = {spelling: firm for firm, spellings in FIRMS.items() for spelling in spellings}


def frame(names: list[str], rows: list[int] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"name": names, "rows": rows or [1] * len(names)})


@pytest.mark.parametrize(
    ("name", "normal", "former", "bare"),
    [
        ("Abbott GmbH & Co. KG", "ABBOTT", "", "ABBOTT"),
        ("S/A Moinhos", "SA MOINHOS", "", "SA MOINHOS"),
        ("Ltd", "LTD", "", "LTD"),
        ("X (FORMERLY Y Ltd.)", "X", "Y", "X"),
        ("X Inc. formerly known as Y & Sons", "X", "Y AND SONS", "X"),
        ("Aço e Cia. (Brasil)", "ACO E CIA BRASIL", "", "ACO"),
        ("富士康 Co., Ltd.", "富士康", "", "富士康"),
    ],
)
def test_normal_forms(name: str, normal: str, former: str, bare: str) -> None:
    query = f"SELECT {normal_name('x')}, {former_name('x')}, {bare_name('x')} FROM (SELECT ? AS x)"
    got = duckdb.execute(query, [name]).fetchall()[0]
    assert got == (normal, former, bare)


def test_about_hundred_labelled_pairs_are_told_apart() -> None:
    linked = link(frame(list(SPELLINGS)), threshold=0.9)
    pairs = labelled_pairs(SPELLINGS)
    assert len(pairs) > 400
    assert sum(same for _, _, same in pairs) == 13
    found = quality(dict(zip(linked["name"], linked["canonical"], strict=True)), pairs)
    assert found == Quality(len(pairs), 1.0, 1.0, 1.0)
    assert linked["canonical"].n_unique() == len(FIRMS)


RELATIVES = {
    "Hitachi": ["Hitachi Limited", "Hitachi, Ltd."],
    "Hitachi-LG": ["Hitachi-LG Data Storage"],
    "Inventec": ["Inventec Corporation"],
    "Inventec Appliances": ["Inventec Appliances Corporation"],
    "Kyocera": ["Kyocera Corporation", "Kyocera Group"],
    "Kyocera Circuit": ["Kyocera Circuit Solutions, Inc."],
    "DSM": ["DSM"],
    "DSM Plastics": ["DSM Engineering Plastics Co., Ltd."],
    "Laird": ["Laird PLC", "Laird Technologies, Inc."],
    "Furukawa": ["Furukawa", "Furukawa Electric Co., Ltd."],
    "Salcomp": ["Salcomp Plc", "Salcomp (Shenzhen) Co. Ltd"],
    "Solvay": [
        "Solvay Specialty Polymers",
        "Solvay Specialty Polymers USA, LLC",
        "Solvay Specialty Polymers United States",
    ],
    "Jabil": ["Jabil Circuit Inc.", "Jabil Incorporated"],
    "Nissha": ["Nissha Printing Co., Ltd.", "Nissha Co., Ltd."],
}
"""Relatives, whose names have a word more, and renamed firms, whose names have a word less: names alone cannot tell."""


@pytest.mark.parametrize(
    ("evidence", "expected", "firms"),
    [
        (None, Quality(253, 1.0, 8 / 10, 16 / 18), 16),
        ("apart", Quality(253, 1.0, 1.0, 1.0), 14),
        ("together", Quality(253, 10 / 16, 1.0, 20 / 26), 10),
    ],
)
def test_relatives_are_kept_apart_until_further_evidence_joins_them(
    evidence: str | None, expected: Quality, firms: int
) -> None:
    spelling = {name: firm for firm, names in RELATIVES.items() for name in names}
    given = frame(list(spelling))
    if evidence:
        address = [[spelling[name] if evidence == "apart" else "one street"] for name in given["name"]]
        given = given.with_columns(e0=pl.Series(address))
    linked = link(given, threshold=0.9)
    found = quality(dict(zip(linked["name"], linked["canonical"], strict=True)), labelled_pairs(spelling))
    assert found == expected
    assert linked["canonical"].n_unique() == firms


def test_the_most_frequent_spelling_names_the_firm_with_ties_by_text() -> None:
    linked = link(frame(["Vale SA", "VALE", "Vale S.A."], [2, 5, 5]), threshold=0.9)
    assert linked["canonical"].to_list() == ["VALE"] * 3
    assert linked["name"].to_list() == ["VALE", "Vale S.A.", "Vale SA"]


def test_order_of_names_does_not_matter() -> None:
    names = list(SPELLINGS)
    assert link(frame(names), threshold=0.9).equals(link(frame(names[::-1]), threshold=0.9))


@pytest.mark.parametrize("names", [[], ["Vale"]])
def test_nothing_to_link(names: list[str]) -> None:
    linked = link(frame(names).cast({"name": pl.String, "rows": pl.Int64}), threshold=0.9)
    assert linked["canonical"].to_list() == names


def test_evidence_decides_between_similar_names() -> None:
    names = ["Calzaturificio Marchetti", "Calzaturificio Marchetto"]
    same = frame(names).with_columns(e0=pl.Series([["IT"], ["IT"]]))
    other = frame(names).with_columns(e0=pl.Series([["IT"], ["BR"]]))
    assert link(same, threshold=0.9)["canonical"].n_unique() == 1
    assert link(other, threshold=0.99)["canonical"].n_unique() == 2


def test_a_higher_threshold_never_joins_more() -> None:
    names = frame(list(SPELLINGS))
    counts = [link(names, threshold=threshold)["canonical"].n_unique() for threshold in (0.5, 0.9, 0.999, 1.0)]
    assert counts == sorted(counts)


def test_quality_without_pairs_is_not_defined() -> None:
    assert quality({}, [("a", "b", True)]) == Quality(0, None, None, None)
