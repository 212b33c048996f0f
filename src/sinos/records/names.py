"""Firm names: the form in which two spellings of one firm are equal, written once as SQL for use in the engine."""

from __future__ import annotations

from sinos.engine import quoted

LEGAL_FORMS = (
    *("INC", "INCORPORATED", "CORP", "CORPORATION", "CO", "COMPANY", "LTD", "LIMITED", "LLC", "LLP", "LP", "PLC"),
    *(
        "GMBH",
        "AG",
        "AKTIENGESELLSCHAFT",
        "KG",
        "KGAA",
        "MBH",
        "UG",
        "SE",
        "SA",
        "SAS",
        "SASU",
        "SARL",
        "EURL",
        "SRL",
        "SPA",
        "SNC",
        "SAPA",
    ),
    *("BV", "NV", "CV", "VOF", "AB", "AS", "ASA", "APS", "OY", "OYJ", "HF", "DOO", "AD", "KFT", "ZRT", "SP ZOO", "SRO"),
    *("PTY", "PTE", "PVT", "PRIVATE", "SDN", "BHD", "BERHAD", "KK", "KABUSHIKI KAISHA", "YK", "TBK", "JSC", "PJSC"),
    *("OJSC", "CJSC", "OOO", "ZAO", "OAO", "LTDA", "LIMITADA", "EIRELI", "EPP", "CIA", "SA DE CV", "S DE RL", "JV"),
    *("PUBLIC COMPANY", "PCL", "AND", "ET", "UND", "E"),
)
"""Legal forms (and the connecting words before them) that end a name and say nothing about which firm it is."""

GENERIC_WORDS = (
    *("TECHNOLOGY", "TECHNOLOGIES", "ELECTRONIC", "ELECTRONICS", "ELECTRIC", "INDUSTRY", "INDUSTRIES", "INDUSTRIAL"),
    *("PRECISION", "INTERNATIONAL", "GROUP", "HOLDING", "HOLDINGS", "MANUFACTURING", "ENTERPRISE", "ENTERPRISES"),
    *("TRADING", "IMPORT", "EXPORT", "IMPORTS", "EXPORTS", "GLOBAL", "CHEMICAL", "CHEMICALS", "PHARMA", "LABORATORIES"),
    *("PHARMACEUTICAL", "PHARMACEUTICALS", "LABORATORY", "LABS", "SYSTEMS", "SYSTEM", "SOLUTIONS", "SERVICES"),
    *("MATERIAL", "MATERIALS", "PRODUCTS", "PLASTIC", "PLASTICS", "METAL", "METALS", "STEEL", "OPTICAL", "OPTICS"),
    *("SEMICONDUCTOR", "SEMICONDUCTORS", "SHOES", "FOOTWEAR", "GARMENTS", "TEXTILE", "TEXTILES", "FOOD", "FOODS"),
    *("THE", "OF", "AND", "DE", "DO", "DA", "CHINA", "JAPAN", "KOREA", "TAIWAN", "INDIA", "USA", "AMERICA", "ASIA"),
    *("STATES", "MEXICO", "BRAZIL", "BRASIL", "EUROPE", "GERMANY", "FRANCE", "ITALY", "THAILAND", "VIETNAM"),
    *("SHENZHEN", "SUZHOU", "SHANGHAI", "KUNSHAN", "DONGGUAN", "HONG", "KONG", "NEW", "GENERAL", "NATIONAL", "UNITED"),
)
"""Words shared by many unrelated firms: sharing them is no evidence that two names are one firm."""

_FORMER = r"(?i)\(?\s*\b(?:FORMERLY|FORMER|F/K/A|FKA|PREVIOUSLY)\b(?:\s+KNOWN\s+AS)?:?\s*([^()]*)\)?"


def normal_name(expression: str) -> str:
    """Return SQL of the normal form of a name.

    Accents, case, punctuation, legal forms at the end and the part about a former name are removed. A name that
    consists of nothing else keeps its letters.

    Examples
    --------
    >>> import duckdb
    >>> names = ["Abbott GmbH & Co. KG", "ABBOTT", "Calçados São João S/A (formerly Sinos Ltda.)"]
    >>> [duckdb.execute(f"SELECT {normal_name('?')}", [name]).fetchall()[0][0] for name in names]
    ['ABBOTT', 'ABBOTT', 'CALCADOS SAO JOAO']
    """
    return _normal(f"regexp_replace({expression}, {_text(_FORMER)}, ' ', 'g')")


def former_name(expression: str) -> str:
    """Return SQL of the normal form of the former name that a name mentions ("X (FORMERLY Y)"); empty without one."""
    return f"coalesce({_normal(f'regexp_extract({expression}, {_text(_FORMER)}, 1)')}, '')"


def bare_name(expression: str) -> str:
    """Return SQL of the normal form of a name without what stands in brackets (an acronym, a place)."""
    return normal_name(f"regexp_replace({expression}, '\\([^()]*\\)', ' ', 'g')")


def _normal(expression: str) -> str:
    plain = f"upper(strip_accents({expression}))"
    joined = f"regexp_replace(regexp_replace({plain}, '[.''’`]', '', 'g'), '\\b([A-Z])/([A-Z])\\b', '\\1\\2', 'g')"
    spaced = f"trim(regexp_replace(replace({joined}, '&', ' AND '), '[^\\p{{L}}\\p{{N}}]+', ' ', 'g'))"
    forms = "|".join(LEGAL_FORMS)
    return f"trim(regexp_replace({spaced}, '( (?:{forms}))+$', ''))"


def _text(value: str) -> str:
    return quoted(value, "'")
