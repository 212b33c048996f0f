"""Strategies: an agent-based model of suppliers and buyers in which the paper's conclusions can emerge or fail to.

Nothing in the model maps a governance form to a rate of learning: what is learned comes out of who performs which
function, what monitoring and coordination cost, how long relations are expected to last, what buyers choose to teach
and what suppliers fear. The compiled engine needs the extra ``simulate``.
"""

from __future__ import annotations

from sinos.strategies.ablations import ABLATIONS, ablations, checks_under_ablations
from sinos.strategies.checks import sinos_checks
from sinos.strategies.levers import Lever, Strategy, strategy
from sinos.strategies.parameters import Parameter, parameters
from sinos.strategies.scenario import Scenario, scenario, scenario_names
from sinos.strategies.simulate import simulate
from sinos.strategies.simulation import Simulation

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
