"""Coding rules: from short texts in published cases to values of the columns that the indicators read.

Each field has an ordered list of rules (regular expression, value); the first that is found in the lower-case text
gives the value. A text that no rule understands is missing. Percentages are read only where the text holds exactly one
number or range, because a distribution over firms is not the value of one relation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_BUYERS = r"(?:buyers?|lead firms?|customers?|retailers?|supermarkets?|brands?|importers?|traders?|principals?)"
_SUPPLIERS = r"(?:suppliers?|producers?|manufacturers?|exporters?|contractors?|local firms?|growers?)"
_DOES = (
    r"(?:set|specif|defin|design|decid|control|dictat|impos|determin|prescrib|provid|suppl[yi]|arrang|choos|organi[sz])"
)
_DONE = r"(?:set|specified|defined|designed|decided|controlled|dictated|imposed|determined|prescribed|provided)"
_NOT = r"(?:not|no longer|never|rarely|hardly|seldom)"
_ACTOR = (
    (r"^\s*(shared|joint|both|mutual|co-)|jointly|together", 0.5),
    (rf"{_BUYERS}\W+(?:do|does|did|are|is|was|were|has|have|had)?\s*{_NOT}\b|\b{_NOT} \w+ by (?:the )?{_BUYERS}", 0.1),
    (r"^\s*buyers?'?s?\b.*\b(help|assist|part|advis)", 0.5),
    (r"^\s*(buyer|lead firm|customer|retailer|supermarket|brand)", 0.9),
    (r"^\s*(supplier|producer|own|internal|none)", 0.1),
    (rf"\b{_DONE} by (?:\w+ )?(?:\w+ )?{_BUYERS}|{_BUYERS}\W+{_DOES}", 0.9),
    (rf"\b{_DONE} by (?:\w+ )?(?:\w+ )?{_SUPPLIERS}|{_SUPPLIERS}\W+{_DOES}", 0.1),
)
_DEGREE = (
    (r"\b(no data|unknown|not stated)\b", None),
    (r"\b(none|absent|negligible|not? (high|needed|important|specific))\b", 0.0),
    (r"\b(very low|low|lower|small|weak|limited|lacking|little|minor|unskilled|inexperienced|generic)\b", 0.1),
    (r"\b(medium|moderate|partial|some|rising|growing|improving|intermediate)\b", 0.5),
    (
        r"\b(prohibitive|very high|high|higher|strong|large|full|considerable|dedicated|advanced|capable|competent)\b",
        0.9,
    ),
)

FIELDS: dict[str, tuple[str, str, tuple[tuple[str, float | str | None], ...]]] = {
    "main_buyer_share": ("relation_years", "supplier_dependence", (
        (r"\b(low|lower|little|less|small|balanced)\b", 0.08),
        (r"\b(moderate|medium)\b", 0.3),
        (r"\b(exclusive|sole|only buyer|captive)\b", 0.95),
        (r"\b(high|heavy|most|bulk|strong)\b", 0.7),
    )),
    "dependence_perceived": ("relation_years", "supplier_dependence", (
        (r"\b(low|little|none|balanced|mutual)\b", 0.08),
        (r"\b(high|strong|heavy|very)\b", 0.7),
    )),
    "number_of_buyers": ("supplier_years", "effective_buyers", (
        (r"\b(one or (a )?few|few|small number|handful|two or three)\b", 2.0),
        (r"\b(one|single|sole)\b", 1.0),
        (r"\b(many|numerous|various|several|diverse|large number)\b", 8.0),
    )),
    "buyer_concentration": ("supplier_years", "market_thickness", (
        (r"\b(destination|country|market share of country)\b", None),
        (r"\b(not concentrated|fragmented|many|low|dispersed)\b", 20.0),
        (r"\b(concentrated|high|few|oligops|dominat|main buyer|one buyer|single)", 0.5),
    )),
    "number_of_suppliers": ("relation_years", "supplier_thickness", (
        (r"\b(falling|rising|declin)", None),
        (r"\b(few|small number|handful|selected)\b", 2.0),
        (r"\b(many|large number|numerous|thousands|hundreds)\b", 60.0),
    )),
    "product_parameters": ("relations", "sets_product_parameters", _ACTOR),
    "process_parameters": ("relations", "sets_process_parameters", _ACTOR),
    "logistics": ("relations", "controls_logistics", _ACTOR),
    "inspection": ("relations", "inspection_rate", (
        (r"\b(third.party|independent)\b", None),
        (r"^\s*(no|none|low|rare|little|random)\b|\b(not|never|rarely|hardly|without)\b|\bself.inspect", 0.02),
        (r"\b(sampl|occasional|some)\w*", 0.3),
        (r"\b(yes|buyer|on site|on-site|close|strict|intense|frequent|regular|high)\b", 0.8),
    )),
    "rejection": ("relations", "rejection_rate", (
        (r"\b(low|rare|none)\b", 0.005), (r"\b(high|frequent)\b", 0.1),
    )),
    "technical_assistance": ("relations", "technician_days", (
        (r"^\s*(no|none|little|rare)\b|\b(not|never|hardly|without)\b", 0.0),
        (r"\b(yes|train|assist|transfer|technician|help|support)\w*", 10.0),
    )),
    "product_standardisation": ("relations", "product_standardisation", (
        (r"\b(non.standard|not standard|custom|differentiat|special|niche|unique|bespoke|complex)\w*", 0.1),
        (r"\b(mixed|semi|partly)\w*", 0.5),
        (r"\b(standard|commodit|homogen|undifferentiat|bulk|high|simple)\w*", 0.9),
    )),
    "switching_cost": ("relations", "switching_cost", _DEGREE),
    "asset_specificity": ("relations", "dedicated_assets", _DEGREE),
    "supplier_competence": ("relations", "supplier_competence", _DEGREE),
    "exclusivity": ("relations", "exclusive", (
        (r"^\s*(no|none|not|low|several)\b", 0.0), (r"\b(yes|exclusive|high|only)\b", 1.0),
    )),
    "contract": ("relations", "contract_years", (
        (r"\b(spot|none|no contract|verbal|order by order)\b", 0.1),
        (r"\b(long|multi.year|framework)\b", 5.0),
        (r"\b(annual|year|season)\w*", 1.0),
    )),
    "duration": ("relation_years", "tenure_years", (
        (r"\b(short|spot|one.off|new)\b", 1.0), (r"\b(long|decades|stable|repeat)\w*", 10.0),
    )),
    "supplier_functions": ("relations", "design_by", (
        (r"\b(production only|assembly|cut.make|cmt|made to (the )?buyer'?s? design|oem)\b", "buyer"),
        (r"\b(odm|obm|own design|own brand|designs? (by )?(own|internal|supplier))", "supplier"),
        (r"\b(shared|joint|co-)\s?(design|develop)\w*", "shared"),
    )),
    "ownership_link": ("relations", "ownership_share", (
        (r"\b(disintegration)\b", 0.0),
        (r"\b(minority|joint venture)\b", 0.3),
        (r"\b(under way|rising|acquisitions?)\b", None),
        (r"\b(none|no|independent|rare|arm'?s.length)\b", 0.0),
        (r"\b(wholly|subsidiar|intra-mne|majority|integrated|owned|parent|fdi|affiliate)\w*", 1.0),
    )),
}  # fmt: skip
"""Field of a case: table and column it fills, and the rules for its text."""

FIELD_TABLES = {column: table for table, column, _ in FIELDS.values()} | {
    "credence": "products", "certified_standard": "relations",
}  # fmt: skip
"""Columns that coding can fill, and the table each belongs to."""

_SHARES = {"main_buyer_share", "ownership_link", "inspection", "rejection"}
_COUNTS = {"number_of_buyers", "number_of_suppliers"}
_CERTIFIED = r"third.party|independent|\biso\b|globalgap|global gap|eurepgap|haccp|\bbrc\b|organic|fair ?trade|sa ?8000"
_CREDENCE = r"food.safety|environment|labou?r|social|safety|organic|fair ?trade|sustainab|hygien|traceab"


def code_evidence(evidence: Mapping[str, Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Code the evidence of one case.

    Parameters
    ----------
    evidence
        Field: mapping with ``value`` (text, number, flag or a list of them), or the value itself. A number between 0
        and 1 is a share; ``yes`` and ``no`` that YAML has read as flags are taken as the words they were.

    Returns
    -------
    values, unknown, unused
        Value of each column that could be coded; fields whose text matches no rule; fields that are not evidence.

    Examples
    --------
    >>> code_evidence({"main_buyer_share": {"value": ">80% of output"}, "inspection": {"value": "buyer, on site"}})[0]
    {'supplier_dependence': 0.8, 'inspection_rate': 0.8}
    >>> code_evidence({"ownership_link": {"value": "wholly-owned"}, "weather": {"value": "fine"}})
    ({'ownership_share': 1.0}, [], ['weather'])
    """
    values: dict[str, Any] = {}
    unknown, unused = [], []
    for field, entry in evidence.items():
        text = _text(entry.get("value") if isinstance(entry, Mapping) else entry)
        if not text:
            continue
        if field == "certification":
            found = _certification(text)
        elif field in FIELDS:
            value = _code(field, text)
            found = {} if value is None else {FIELDS[field][1]: value}
        else:
            unused.append(field)
            continue
        if not found:
            unknown.append(field)
        for column, value in found.items():
            values.setdefault(column, value)
    return values, unknown, unused


def _text(given: Any) -> str:
    """Return a value as lower-case text; nothing for what is missing."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, list | tuple):
        return "; ".join(part for part in map(_text, given) if part)
    return str(given).strip().lower()


def _code(field: str, text: str) -> float | str | None:
    if field in _SHARES:
        share = single_share(text)
        if share is not None:
            return share
    if field in _COUNTS and re.fullmatch(r"\s*(about|c\.|ca\.|~)?\s*\d+( \w+)?\s*", text):
        return float(re.findall(r"\d+", text)[0])
    if len(re.findall(r"\d+(?:\.\d+)?\s*%", text)) > 1 and not re.search(_RANGE, text):
        return None
    for pattern, value in FIELDS[field][2]:
        if re.search(pattern, text):
            return value
    return None


_FRACTIONS = (
    (r"(?<!less than )(?<!under )\b(two.thirds?)\b", 2 / 3), (r"\b(three.quarters?)\b", 0.75),
    (r"(?<!less than )(?<!under )(?<!below )\bhalf\b", 0.5), (r"\b(one|a) third\b", 1 / 3),
    (r"\b(one|a) quarter\b", 0.25),
)  # fmt: skip
"""Shares in words."""

_RANGE = r"(\d+(?:\.\d+)?)\s*(?:-|to|–)\s*(\d+(?:\.\d+)?)\s*(?:%|per ?cent)"


def single_share(text: str) -> float | None:
    """Return the one percentage (or the middle of the one range) in a text as a share, else ``None``.

    Examples
    --------
    >>> single_share("more than half of sales"), single_share("0.3"), single_share("less than half")
    (0.5, 0.3, None)
    >>> single_share("close to 40% of exports"), single_share("70-90% of imports"), single_share("0% 23 firms, 1-49% 8")
    (0.4, 0.8, None)
    """
    ranges = re.findall(_RANGE, text)
    rest = re.sub(_RANGE, " ", text)
    singles = re.findall(r"(\d+(?:\.\d+)?)\s*(?:%|per ?cent)", rest)
    if len(ranges) == 1 and not singles:
        return min((float(ranges[0][0]) + float(ranges[0][1])) / 200, 1.0)
    if len(singles) == 1 and not ranges:
        return min(float(singles[0]) / 100, 1.0)
    if singles or ranges:
        return None
    plain = re.fullmatch(r"\s*(?:about|c\.|ca\.|~|over|>)?\s*(0?\.\d+|0|1|1\.0+)\s*", text)
    if plain:
        return float(plain.group(1))
    words = [share for pattern, share in _FRACTIONS if re.search(pattern, text)]
    return words[0] if len(words) == 1 else None


def _certification(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if re.search(_CERTIFIED, text):
        found["certified_standard"] = 1.0
    if re.search(_CREDENCE, text):
        found["credence"] = 1.0
    return found
