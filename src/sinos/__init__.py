"""Sinos: how value chains are governed, what upgrading happens in them, and where it is blocked.

The verbs, in the order of the flow: :func:`read`, :func:`check`, :func:`measure`, :func:`classify`, :func:`score`,
:func:`report`; :func:`run` does them all from a study file. :func:`test` says which
claims the data support, and :func:`simulate` runs the model of suppliers and buyers. Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sinos.lazy import loader

if TYPE_CHECKING:
    from sinos import datasets as datasets
    from sinos.errors import EngineError as EngineError
    from sinos.errors import GovernanceError as GovernanceError
    from sinos.errors import MeasureError as MeasureError
    from sinos.errors import MissingExtraError as MissingExtraError
    from sinos.errors import OutputError as OutputError
    from sinos.errors import RecordsError as RecordsError
    from sinos.errors import SinosError as SinosError
    from sinos.errors import StrictCheckError as StrictCheckError
    from sinos.errors import StudyError as StudyError
    from sinos.errors import TheoryError as TheoryError
    from sinos.errors import UnknownNameError as UnknownNameError
    from sinos.errors import UpgradingError as UpgradingError
    from sinos.governance import Governance as Governance
    from sinos.governance import classify as classify
    from sinos.measures import Measures as Measures
    from sinos.measures import measure as measure
    from sinos.propositions import Claims as Claims
    from sinos.propositions import test as test
    from sinos.records import Findings as Findings
    from sinos.records import Records as Records
    from sinos.records import check as check
    from sinos.records import read as read
    from sinos.report import Report as Report
    from sinos.report import report as report  # type: ignore[no-redef]
    from sinos.results import Missing as Missing
    from sinos.results import Provenance as Provenance
    from sinos.results import Result as Result
    from sinos.run import RunResult as RunResult
    from sinos.run import run as run
    from sinos.strategies.ablate import Ablation as Ablation
    from sinos.strategies.ablate import ablate as ablate
    from sinos.strategies.ensemble import gather_ensemble as gather_ensemble
    from sinos.strategies.ensemble import run_ensemble as run_ensemble
    from sinos.strategies.explore import Exploration as Exploration
    from sinos.strategies.explore import explore as explore
    from sinos.strategies.saved import save_states as save_states
    from sinos.strategies.simulate import simulate as simulate
    from sinos.strategies.simulation import Simulation as Simulation
    from sinos.strategies.validate import Validation as Validation
    from sinos.strategies.validate import validate as validate
    from sinos.study import Study as Study
    from sinos.study import load_study as load_study
    from sinos.upgrading import Upgrading as Upgrading
    from sinos.upgrading import score as score

__version__ = "0.1.0"

_HOMES = {
    "records": ("Findings", "Records", "check", "read"),
    "measures": ("Measures", "measure"),
    "governance": ("Governance", "classify"),
    "upgrading": ("Upgrading", "score"),
    "propositions": ("Claims", "test"),
    "report": ("Report", "report"),
    "run": ("RunResult", "run"),
    "strategies.ablate": ("Ablation", "ablate"),
    "strategies.ensemble": ("gather_ensemble", "run_ensemble"),
    "strategies.explore": ("Exploration", "explore"),
    "strategies.saved": ("save_states",),
    "strategies.simulate": ("simulate",),
    "strategies.simulation": ("Simulation",),
    "strategies.validate": ("Validation", "validate"),
    "study": ("Study", "load_study"),
    "datasets": ("datasets",),
    "results": ("Missing", "Provenance", "Result"),
    "errors": (
        "EngineError",
        "GovernanceError",
        "MeasureError",
        "MissingExtraError",
        "OutputError",
        "RecordsError",
        "SinosError",
        "StrictCheckError",
        "StudyError",
        "TheoryError",
        "UnknownNameError",
        "UpgradingError",
    ),
}
__all__ = [
    "__version__",
    *sorted(name for names in _HOMES.values() for name in names),
]
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
