"""The actions and the commands that carry them out."""

from __future__ import annotations

from controller.safety.verdict import RELEASE_COMMANDS, RELEASE_STRENGTH, Action, Verdict
from controller.telemetry import RELEASING_KINDS, CommandKind


def test_the_actions_are_five_and_each_is_above_the_one_before() -> None:
    assert [(action.name, action.value) for action in Action] == [
        ("ALLOW", 0),
        ("HOLD", 1),
        ("RELEASE", 2),
        ("RELEASE_FAST", 3),
        ("CUT_POWER", 4),
    ]


def test_each_release_has_a_command_and_nothing_else_has_one() -> None:
    assert RELEASE_COMMANDS == {
        Action.RELEASE: CommandKind.RELEASE,
        Action.RELEASE_FAST: CommandKind.RELEASE_FAST,
        Action.CUT_POWER: CommandKind.CUT_POWER,
    }
    assert set(RELEASE_STRENGTH) == set(RELEASING_KINDS)
    assert all(RELEASE_COMMANDS[action] is kind for kind, action in RELEASE_STRENGTH.items())


def test_a_verdict_has_no_findings_unless_it_says_so() -> None:
    verdict = Verdict(action=Action.HOLD)
    assert (verdict.findings, verdict.ended) == ((), ())
