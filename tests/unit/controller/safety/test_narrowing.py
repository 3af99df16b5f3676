"""What of a wished command may be sent: it is only ever narrowed, whatever the core asks for."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.safety.supervisor import Supervisor
from controller.safety.verdict import RELEASE_STRENGTH, Action
from controller.telemetry import RELEASING_KINDS, CommandKind, ForceCommand, UnitState
from tests.unit.controller.safety.bench import CERVICAL_LIMITS, Bench

FOLLOW, HOLD, OBSERVE = CommandKind.FOLLOW, CommandKind.HOLD, CommandKind.OBSERVE
RELEASE, FAST, CUT = CommandKind.RELEASE, CommandKind.RELEASE_FAST, CommandKind.CUT_POWER
ANY = st.floats()


def narrowed(bench: Bench, kind: CommandKind, **numbers: float) -> ForceCommand:
    return bench.supervisor.narrowed(ForceCommand(kind=kind, **numbers))


def test_a_sound_wish_is_sent_as_it_is() -> None:
    wish = ForceCommand(kind=FOLLOW, force_n=102.0, rate_n_per_s=2.0, ceiling_n=102.0)
    assert Bench().supervisor.narrowed(wish) is wish


@pytest.mark.parametrize(
    ("wished", "sent"),
    [
        ({"force_n": 102.1}, {"force_n": 102.0}),
        ({"force_n": math.inf}, {"force_n": 102.0}),
        ({"force_n": -0.1}, {"force_n": 0.0}),
        ({"force_n": 0.5}, {"force_n": 0.5}),
        ({"rate_n_per_s": 0.5}, {"rate_n_per_s": 0.5}),
        ({"force_n": math.nan}, {"force_n": 0.0}),
        ({"ceiling_n": 102.1}, {"ceiling_n": 102.0}),
        ({"ceiling_n": 0.0}, {"ceiling_n": 102.0}),
        ({"ceiling_n": -5.0}, {"ceiling_n": 102.0}),
        ({"ceiling_n": math.nan}, {"ceiling_n": 102.0}),
        ({"ceiling_n": 60.0}, {"ceiling_n": 60.0}),
        ({"rate_n_per_s": 100.0}, {"rate_n_per_s": 100.0}),
        ({"rate_n_per_s": 100.1}, {"rate_n_per_s": 100.0}),
        ({"rate_n_per_s": math.nan}, {"rate_n_per_s": 0.0}),
        ({"rate_n_per_s": -1.0}, {"rate_n_per_s": 0.0}),
    ],
)
def test_each_number_of_a_command_is_narrowed(
    wished: dict[str, float], sent: dict[str, float]
) -> None:
    sound = {"force_n": 50.0, "ceiling_n": 102.0, "rate_n_per_s": 2.0}
    for kind in (FOLLOW, HOLD):
        command = narrowed(Bench(), kind, **(sound | wished))
        assert command == ForceCommand(kind=kind, **(sound | sent))


@given(kind=st.sampled_from(CommandKind), force=ANY, rate=ANY, ceiling=ANY)
def test_no_wish_leads_beyond_the_limits(
    kind: CommandKind, force: float, rate: float, ceiling: float
) -> None:
    bench = Bench()
    command = narrowed(bench, kind, force_n=force, rate_n_per_s=rate, ceiling_n=ceiling)
    assert 0.0 <= command.force_n <= CERVICAL_LIMITS.force_n
    assert 0.0 <= command.rate_n_per_s <= CERVICAL_LIMITS.rate_n_per_s
    assert 0.0 <= command.ceiling_n <= CERVICAL_LIMITS.force_n
    assert command.kind is not OBSERVE


def test_a_core_that_orders_nothing_holds() -> None:
    assert narrowed(Bench(), OBSERVE).kind is HOLD


def test_a_latched_hold_never_follows() -> None:
    bench = Bench()
    bench.tick(host={"journal_age_s": 6.0})
    assert narrowed(bench, FOLLOW, force_n=50.0, ceiling_n=102.0).kind is HOLD
    assert narrowed(bench, OBSERVE).kind is HOLD
    assert narrowed(bench, RELEASE).kind is RELEASE


LATCHES: dict[CommandKind, dict[str, Any]] = {
    RELEASE: {"host": {"lateness_s": 0.4}},
    FAST: {"force_n": None},
    CUT: {"status": 1},
}


@pytest.mark.parametrize("ordered", [RELEASE, FAST])
@pytest.mark.parametrize("wished", list(CommandKind))
def test_a_release_that_the_supervisor_ordered_stays_as_strong(
    ordered: CommandKind, wished: CommandKind
) -> None:
    bench = Bench(obeys=False)
    bench.tick(**LATCHES[ordered])
    sent = narrowed(bench, wished, force_n=50.0)
    expected = max(RELEASE_STRENGTH[ordered], RELEASE_STRENGTH.get(wished, Action.ALLOW))
    assert RELEASE_STRENGTH[sent.kind] is expected
    assert sent.force_n == 0.0


RELEASING = sorted(RELEASING_KINDS, key=lambda kind: kind.value)


@pytest.mark.parametrize("ordered", RELEASING)
def test_a_release_that_was_sent_is_never_taken_back(ordered: CommandKind) -> None:
    bench = Bench()
    bench.tick(order={"kind": ordered})
    for wished in (FOLLOW, HOLD, RELEASE, OBSERVE):
        assert RELEASE_STRENGTH[narrowed(bench, wished).kind] >= RELEASE_STRENGTH[ordered]


def test_a_release_sent_as_a_second_command_of_a_tick_counts_at_once() -> None:
    bench = Bench()
    bench.supervisor.sent(ForceCommand(kind=FAST), bench.now_s)
    assert narrowed(bench, FOLLOW).kind is FAST
    bench.supervisor.sent(ForceCommand(kind=RELEASE), bench.now_s)
    assert narrowed(bench, FOLLOW).kind is FAST
    bench.supervisor.sent(ForceCommand(kind=OBSERVE), bench.now_s)
    assert narrowed(bench, FOLLOW).kind is FAST


@pytest.mark.parametrize(
    ("state", "force_n", "looks"),
    [
        (UnitState.RELEASING, 15.1, False),
        (UnitState.RELEASING, 15.0, True),
        (UnitState.ARMED, 15.0, True),
        (UnitState.ARMED, 15.1, False),
        (UnitState.TRACKING, 3.0, False),
        (UnitState.HOLDING, 3.0, False),
        (UnitState.RELEASING, None, False),
        (UnitState.SAFE_LATCHED, 90.0, True),
        (UnitState.FAULT, 90.0, True),
        (UnitState.IDLE, 90.0, True),
    ],
)
def test_in_a_release_a_unit_is_only_read_where_an_order_changes_nothing(
    state: UnitState, force_n: float | None, looks: bool
) -> None:
    bench = Bench()
    bench.tick(order={"kind": RELEASE})
    bench.tick(unit_state=state, force_n=force_n, second_force_n=force_n)
    assert (narrowed(bench, OBSERVE).kind is OBSERVE) is looks


def test_a_unit_that_may_only_be_read_is_still_told_to_release_instead_of_pulling() -> None:
    bench = Bench()
    bench.tick(order={"kind": RELEASE})
    bench.tick(unit_state=UnitState.SAFE_LATCHED, order={"kind": OBSERVE})
    assert narrowed(bench, OBSERVE).kind is OBSERVE
    for pull in (FOLLOW, HOLD):
        assert narrowed(bench, pull, force_n=50.0).kind is RELEASE


def test_the_larger_channel_decides_whether_the_unit_may_only_be_read() -> None:
    bench = Bench()
    bench.tick(order={"kind": RELEASE})
    bench.tick(unit_state=UnitState.RELEASING, force_n=5.0, second_force_n=40.0)
    assert narrowed(bench, OBSERVE).kind is RELEASE


def test_the_supervisor_s_answer_is_made_of_what_it_was_told_alone() -> None:
    """Two supervisors that were told the same say the same: there is nothing else they ask."""
    first, second = Bench(), Bench()
    for n in range(30):
        tick: dict[str, Any] = {"force_n": 100.0 + n % 3, "host": {"lateness_s": 0.01 * n}}
        assert first.tick(**tick) == second.tick(**tick)
    assert isinstance(first.supervisor, Supervisor)
