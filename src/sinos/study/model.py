"""The study as data: what a user may write in a study file, validated before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["csv", "tsv", "parquet", "excel", "stata", "duckdb", "sqlite", "postgresql"]
Form = Literal["market", "network", "quasi_hierarchy", "hierarchy"]


class Part(BaseModel):
    """Base of every part of a study: unknown keys are errors, values are never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class About(Part):
    """What the study is: shown at the top of the report."""

    title: str = Field(description="Title of the report.")
    question: str = Field("", description="The question the study asks.")
    description: str = Field("", description="What the data are, in a paragraph.")
    source: str = Field("", description="Who made the data, and where to find them.")
    licence: str = Field("", description="Licence or terms of the data.")
    currency: str = Field("", description="Currency of all values, as written in tables and charts (USD).")
    caveats: tuple[str, ...] = Field((), description="What a reader must know; printed on the first page.")
    supplier_is: str = Field("firm", description="What a supplier is in these records: firm, plant, country, ...")
    buyer_is: str = Field("firm", description="What a buyer is in these records: firm, country, programme, ...")
    reconstruction: bool = Field(False, description="The records are reconstructed or simulated, not observed.")


class Source(Part):
    """Where one table comes from, and how its columns map to the data contract."""

    file: str | None = Field(None, description="File, folder or glob, relative to the study file.")
    url: str | None = Field(None, description="Database, such as postgresql://user@host/db or sqlite:///file.")
    table: str | None = Field(None, description="Table in the database.")
    query: str | None = Field(None, description="Query in the database, instead of a table.")
    format: Format | None = Field(None, description="Format; guessed from the file's name when absent.")
    sheet: str | int | None = Field(None, description="Sheet of an Excel file; the first when absent.")
    encoding: str | None = Field(None, description="Text encoding; detected when absent.")
    delimiter: str | None = Field(None, description="Column separator; detected when absent.")
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of numbers.")
    date_format: str | tuple[str, ...] | None = Field(None, description="strptime format(s), such as %d-%b-%y.")
    skip_rows: int = Field(0, ge=0, description="Rows before the header.")
    columns: dict[str, str] = Field(default_factory=dict, description="Contract column: name in the file.")
    constants: dict[str, str | int | float] = Field(
        default_factory=dict, description="Contract column: one value for all rows."
    )


class Tables(Part):
    """The tables of the data contract; only transactions is required."""

    transactions: Source
    suppliers: Source | None = None
    buyers: Source | None = None
    relations: Source | None = None
    clusters: Source | None = None
    products: Source | None = None
    coverage: Source | None = None


class Coverage(Part):
    """What the records cover: a year that was not disclosed is unknown, not zero."""

    first_year: int | None = Field(None, description="First covered year; the first in the file when absent.")
    last_year: int | None = Field(None, description="Last covered year; the last in the file when absent.")
    missing_years: tuple[int, ...] = Field((), description="Years that were not disclosed.")
    partial_years: dict[int, int] = Field(
        default_factory=dict, description="Year: months covered, where fewer than 12."
    )
    domestic_sales: Literal["recorded", "missing", "unknown"] = Field(
        "unknown", description="Whether sales at home are among the records."
    )


class Condition(Part):
    """A condition on one column (of the file or of the contract); all given parts must hold."""

    column: str
    equals: str | float | None = None
    not_equals: str | float | None = None
    one_of: tuple[str | float, ...] | None = None
    none_of: tuple[str | float, ...] | None = None
    matches: str | None = Field(None, description="Regular expression that must be found in the text.")
    not_matches: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    present: bool | None = None


class Filter(Part):
    """Keep the rows that satisfy a condition."""

    filter: Condition
    reason: str = ""


class Drop(Part):
    """Drop the rows that satisfy a condition."""

    drop: Condition
    reason: str = ""


class Parse(Part):
    """Turn text into numbers or dates: what cannot be parsed becomes missing and is counted."""

    parse: str = Field(description="Column to parse.")
    to: Literal["number", "date", "text"]
    formats: tuple[str, ...] = ()
    missing: tuple[str, ...] = Field((), description="Texts that stand for a missing value.")


class Recode(Part):
    """Replace values of a column."""

    recode: str = Field(description="Column to recode.")
    map: dict[str, str] = Field(default_factory=dict)
    replace: dict[str, str] = Field(default_factory=dict, description="Regular expression: replacement, in order.")
    case: Literal["upper", "lower", "keep"] = "keep"
    pad: int | None = Field(None, description="Pad with zeros on the left to this many characters.")


class Convert(Part):
    """Convert value to one currency, or quantity to one unit, by a table of factors that you give."""

    convert: Literal["currency", "units"]
    to: str = Field(description="Currency or unit after conversion.")
    factors: dict[str, float] = Field(default_factory=dict, description="From: factor that multiplies.")
    file: str | None = Field(None, description="CSV with columns from, factor and optionally year.")


class Aggregate(Part):
    """Treat duplicate rows: sum them into one, or keep the first of exact copies."""

    aggregate_duplicates: tuple[str, ...] = Field(description="Columns that identify a record.")
    how: Literal["sum", "first"] = "sum"


class DropReexports(Part):
    """Drop rows whose origin is not the country given (re-exports), or whose text says so."""

    drop_reexports: str = Field(description="Country of origin to keep.")


class ResolveNames(Part):
    """Find the spellings of one firm by record linkage and give them one name."""

    resolve_names: Literal["supplier", "buyer"]
    threshold: float = Field(0.9, ge=0, le=1, description="Match probability from which two spellings are one firm.")
    labels: str | None = Field(None, description="CSV of labelled pairs: left, right, same (0/1).")
    evidence: tuple[str, ...] = Field(
        (),
        description="Further columns, such as an address: they speak for one firm when they agree, against it if not. "
        "Names of which one has a telling word more (relatives, renamed firms) are joined with such evidence only.",
    )
    save: str | None = Field(None, description="CSV to which the name map is written.")


class BuyerGroups(Part):
    """Replace buyers by their corporate group, from the buyers table or a CSV (buyer, group)."""

    buyer_groups: Literal["buyers"] | str


Repair = Annotated[
    Filter | Drop | Parse | Recode | Convert | Aggregate | DropReexports | ResolveNames | BuyerGroups,
    Field(union_mode="left_to_right"),
]


class Checks(Part):
    """How findings are treated."""

    strict: tuple[str, ...] = Field((), description="Codes of checks that stop the run when they find something.")
    ignore: tuple[str, ...] = Field((), description="Codes of checks that are not run.")
    examples: int = Field(5, ge=0, description="Examples shown per finding.")
    warehouse_words: tuple[str, ...] = ("warehouse", "RDC", "distribution cent", "forwarder", "freight", "logistics")


class Clusters(Part):
    """How suppliers form clusters."""

    by: Literal["given", "region_sector", "all"] = "all"
    name: str = Field("all suppliers", description="Name of the cluster when by is 'all'.")


class Governance(Part):
    """How governance is inferred."""

    method: Literal["evidence", "anchored", "calibrated"] = "evidence"
    ownership_threshold: float = Field(
        0.5, gt=0, le=1, description="Ownership share from which a relation is hierarchy."
    )
    certainty: float = Field(0.6, gt=0.25, lt=1, description="Posterior from which a form is named.")
    survey_holds: int = Field(
        0, ge=0, le=50, description="Further years for which a survey answer stands, until a newer one."
    )
    theory: str | None = Field(None, description="YAML file that overlays the packaged indicators.")


class Upgrading(Part):
    """How upgrading is scored."""

    flat_band: float = Field(0.05, ge=0, lt=1, description="Changes within +- this (log points) count as flat.")
    window: int = Field(3, ge=1, description="Years over which change is measured.")
    tier_width: float = Field(1.15, gt=1, description="Price tier bound of Fontagne & Freudenberg.")
    depth: tuple[Literal["productivity", "quality", "functions", "succession", "relatedness", "capture"], ...] = Field(
        (), description="Estimators run beside the score; their measures are shown and never decide."
    )
    tfp_method: Literal["op", "lp", "acf", "wooldridge"] = Field(
        "acf", description="Method of the estimator productivity (op needs capex, the others materials)."
    )


class Disclosure(Part):
    """Protection of firm-level data in everything that is written."""

    min_cell: int = Field(
        1,
        ge=1,
        description="Cells with fewer firms are withheld in report and tables; complete tables go to `confidential`.",
    )
    hash_ids: bool = Field(False, description="Replace every firm identifier by a keyed hash in every output.")
    salt: str | None = Field(None, description="Secret key for the hash; required with hash_ids.")


class Options(Part):
    """Engine, resources and seed. Numbers do not depend on memory, threads or temp."""

    engine: Literal["duckdb", "spark"] = "duckdb"
    memory: str | None = Field(None, description="Memory limit of the engine, such as 4GB.")
    threads: int | None = Field(None, ge=1)
    temp: str | None = Field(None, description="Folder for spilled data.")
    max_file_gb: float = Field(200.0, gt=0, description="Largest size a compressed file may unpack to, in GB.")
    seed: int = Field(20020901, ge=0)
    margin: float = Field(0.1, gt=0, lt=1, description="Profit margin assumed where profit and output are not given.")


class Output(Part):
    """What is written."""

    formats: tuple[Literal["parquet", "csv", "stata", "excel"], ...] = ("parquet", "csv")
    top: int = Field(20, ge=1, description="Rows in the report's top lists.")


class Study(Part):
    """A whole study."""

    about: About
    tables: Tables
    coverage: Coverage = Coverage()
    checks: Checks = Checks()
    repairs: tuple[Repair, ...] = ()
    clusters: Clusters = Clusters()
    governance: Governance = Governance()
    upgrading: Upgrading = Upgrading()
    disclosure: Disclosure = Disclosure()
    options: Options = Options()
    output: Output = Output()
    folder: Path = Field(Path(), exclude=True, description="Folder of the study file; paths are relative to it.")


def schema() -> dict[str, Any]:
    """Return the JSON schema of a study file, for editors."""
    return Study.model_json_schema()
