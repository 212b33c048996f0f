"""Strategies: an agent-based model of suppliers and buyers in which the paper's conclusions can emerge or fail to.

Nothing in the model maps a governance form to a rate of learning: what is learned comes out of who performs which
function, what monitoring and coordination cost, how long relations are expected to last, what buyers choose to teach
and what suppliers fear. The compiled engine needs the extra ``simulate``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sinos.lazy import loader
from sinos.strategies.levers import Lever, Strategy, strategy
from sinos.strategies.parameters import Parameter, parameters
from sinos.strategies.scenario import Scenario, scenario, scenario_names

if TYPE_CHECKING:
    from sinos.strategies.ablations import ABLATIONS as ABLATIONS
    from sinos.strategies.ablations import ablations as ablations
    from sinos.strategies.ablations import checks_under_ablations as checks_under_ablations
    from sinos.strategies.checks import sinos_checks as sinos_checks
    from sinos.strategies.simulate import simulate as simulate
    from sinos.strategies.simulation import Simulation as Simulation

__all__ = [
    "ABLATIONS",
    "Lever",
    "Parameter",
    "Scenario",
    "Simulation",
    "Strategy",
    "ablations",
    "checks_under_ablations",
    "parameters",
    "scenario",
    "scenario_names",
    "simulate",
    "sinos_checks",
    "strategy",
]

# What makes tables is loaded when first used: a replication needs none of it, and it takes as long as the compiler.
__getattr__ = loader(
    __name__,
    {
        "ablations": ("ABLATIONS", "ablations", "checks_under_ablations"),
        "checks": ("sinos_checks",),
        "simulate": ("simulate",),
        "simulation": ("Simulation",),
    },
)
