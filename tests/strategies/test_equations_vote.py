"""Equation 8 by hand: the vote on the collective programme, its levy, quorum, secrecy, mediation and weights."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from sinos.strategies.names import DESIGN, QUASI, STREAM_RETALIATION
from sinos.strategies.random import draw_uniform
from sinos.strategies.reference_programme import programme_risk, votes
from sinos.strategies.state import World
from tests.strategies.by_hand import ENGINES, KEY, Client, Firm, Past, Tie, after, given, still, world

both_engines = pytest.mark.parametrize("engine", ENGINES)
CLOSE = {"rel": 1e-5, "abs": 1e-6}
YEAR = 3
LONG = sum(0.88**n for n in range(1, 9))
OPEN = Past(open=(1,), unit_cost=0.5)

# Supplier 0 sells 1 to a buyer with core design, supplier 1 sells 0.4 to one that has no design. In market forms 0.65
# of the volume changes hands; no capacity is idle. What could move: half of 0.91 / (0.91 + 0 + own).
FEARED = Client(volume=1.0, core=frozenset({DESIGN}), competence=0.9)
FREE = Client(volume=0.4)
FIRMS = [Firm(k=0.4), Firm(k=0.4, capacity=0.4)]
TIES = [Tie(0, 0, 1.0), Tie(1, 1, 0.4)]
MOVABLE = (0.5 * 0.91 / 1.91, 0.5 * 0.91 / 1.31)
# (8) gain a unit: 0.22 x 0.06 x 0.6 x 5 x reach; levy a unit: 0.006; both for 8 years.
ROOM = 0.06 * (1 - 0.4)
GAIN = (0.22 * ROOM * 5 * MOVABLE[0], 0.22 * ROOM * 5 * (0.7 + MOVABLE[1]))
# (7) chance at tolerance 0: threat 0.3 x (0.25 + 0.75 x 0.4) x 0.5, nothing specific, no dearer alternative.
CHANCE = 1 / (1 + exp(-0.0825 / 0.05))
# Margin 1 - 0.5; elsewhere 0.26 changes hands: (0.26 + 0 + 1) / 0.26 = 4.8 years.
LOSS = CHANCE * 1.0 * 0.5 * (1.26 / 0.26)


def cluster() -> World:
    return world(FIRMS, [FEARED, FREE], TIES, OPEN)


def test_8_programme_risk() -> None:
    # 0.5 x (1 - secrecy) x (1 - mediation)
    assert programme_risk(given()) == np.float32(0.5)
    assert programme_risk(given(programme_secrecy=0.2, programme_mediation=0.5)) == pytest.approx(0.5 * 0.8 * 0.5)
    assert programme_risk(given(programme_mediation=1.0)) == 0


def yes(**changed: float) -> list[float]:
    w = cluster()
    slots = np.flatnonzero(w.relations.supplier >= 0).astype(np.int32)
    return [float(vote) for vote in votes(w, still(**{"retaliation": 1.0, "tolerance": 0.0, **changed}), slots)]


def test_8_each_votes_on_its_own_present_value() -> None:
    assert GAIN[0] * LONG < 0.006 * LONG + 0.5 * LOSS  # the fearful one loses
    assert GAIN[1] * 0.4 * LONG > 0.006 * 0.4 * LONG  # the free one gains
    assert yes() == [0.0, 1.0]
    # Without retaliation, with a mediating state, or in secrecy, gain is held against the levy alone.
    assert GAIN[0] > 0.006
    for lever in ("programme_mediation", "programme_secrecy"):
        assert yes(**{lever: 1.0}) == [1.0, 1.0]
    assert yes(retaliation=0.0) == [1.0, 1.0]


@pytest.mark.parametrize("side", [-1, 1])
def test_8_the_threshold_is_levy_plus_expected_loss(side: int) -> None:
    # The secrecy at which the fearful supplier is just indifferent.
    share = (GAIN[0] - 0.006) * LONG / (0.5 * LOSS)
    assert 0 < share < 1
    assert yes(programme_secrecy=1 - share * (1 - side * 0.01))[0] == (1.0 if side > 0 else 0.0)


@pytest.mark.parametrize("side", [-1, 1])
def test_8_public_money_lowers_the_levy(side: int) -> None:
    # A levy of 0.06 repels the free supplier; it accepts when the public pays all above its gain.
    part = 1 - GAIN[1] / 0.06
    assert 0 < part < 1
    assert yes(programme_levy=0.06)[1] == 0.0
    assert yes(programme_levy=0.06, programme_public_share=part + side * 0.01)[1] == (1.0 if side > 0 else 0.0)


@both_engines
def test_8_volume_decides_unless_heads_are_given_weight(engine: str) -> None:
    # For: 0.4 of 1.4 by volume, 1 of 2 by heads.
    p = {"retaliation": 1.0, "tolerance": 0.0}
    found = after("develop", engine, cluster(), still(**p), YEAR).programmes
    assert found.volume_yes[0] == pytest.approx(0.4 / 1.4, **CLOSE)
    assert found.head_yes[0] == pytest.approx(0.5)
    assert found.running[0] == 0
    # Half weight to heads: (0.2857 + 0.5) / 2 = 0.393.
    for quorum, passes in ((0.39, 1), (0.40, 0)):
        half = still(**p, programme_volume_weight=0.5, programme_quorum=quorum)
        assert after("develop", engine, cluster(), half, YEAR).programmes.running[0] == passes
    heads = still(**p, programme_volume_weight=0.0)
    assert after("develop", engine, cluster(), heads, YEAR).programmes.running[0] == 1


@both_engines
def test_8_no_vote_before_it_is_open_nor_when_it_runs(engine: str) -> None:
    for past in (Past(), Past(open=(1,), running=(1,))):
        w = world(FIRMS, [FEARED, FREE], TIES, past)
        found = after("develop", engine, w, still(), YEAR).programmes
        assert found.running.tolist() == list(past.running)
        assert found.volume_yes[0] == 0.0


@both_engines
def test_8_clusters_vote_for_themselves(engine: str) -> None:
    firms = [Firm(k=0.4), Firm(k=0.4, capacity=0.4, cluster=1), Firm(cluster=2)]
    past = Past(open=(1, 1, 1), running=(0, 0, 0), unit_cost=0.5)
    w = world(firms, [FEARED, FREE], TIES, past)
    found = after("develop", engine, w, still(retaliation=1.0, tolerance=0.0), YEAR).programmes
    # Nobody sells in the third cluster, so it holds no vote.
    assert found.running.tolist() == [0, 1, 0]
    assert found.volume_yes.tolist() == pytest.approx([0.0, 1.0, 0.0])


@both_engines
def test_8_when_it_passes_buyers_may_retaliate_at_the_programmes_risk(engine: str) -> None:
    # 60 suppliers of one buyer with core design, all for a programme that costs nothing and gains much.
    w = world([Firm(k=0.4)] * 60, [Client(volume=60.0, slots=60, core=frozenset({DESIGN}))],
              [Tie(i, 0, 1.0, form=QUASI) for i in range(60)], OPEN)  # fmt: skip
    p = still(retaliation=1.0, tolerance=0.0, programme_levy=0.0, programme_gain=5e4)
    found = after("develop", engine, w, p, YEAR)
    assert found.programmes.running[0] == 1
    numbers = draw_uniform(KEY, YEAR, STREAM_RETALIATION, np.arange(60), np.zeros(60, int))[2]
    dropped = numbers < 0.5 * CHANCE
    assert 5 < dropped.sum() < 55
    assert found.flows.retaliations.tolist() == dropped.astype(int).tolist()
