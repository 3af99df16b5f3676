"""Feeds one supervisor tick after tick, beginning with a session that holds its force.

What is wished passes the supervisor before it counts as sent, as in the loop; the core of this
bench obeys a release, unless a test says otherwise.
"""

from __future__ import annotations

from typing import Any

from controller.safety.limits import SafetyLimits
from controller.safety.situation import TAUT_READINGS
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import RELEASE_COMMANDS, Action, Verdict
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitStatus
from tests.unit.controller.builders import health, reading

CERVICAL_LIMITS = SafetyLimits().narrowed(
    force_n=102.0,
    rate_up_n_per_s=10.0,
    rise_n=20.0,
    pull_mm=80.0,
    capacity_n=500.0,
    console_s=15.0,
)
TICK_S = 0.05
SWITCH = UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.WATCHDOG_ARMED
NOISE = (0.0, 0.1)
RELEASE_RATE_N_PER_S = 20.0
"""At which the session of the bench was armed to come down."""


class Bench:
    """Each tick brings a new sample with a little noise; order and position stay as last told."""

    def __init__(
        self,
        limits: SafetyLimits = CERVICAL_LIMITS,
        *,
        taking_up_slack: bool = False,
        order: dict[str, Any] | None = None,
        obeys: bool = True,
        number: int = 2,
        second_channel: bool = False,
        force_shows_noise: bool = True,
        release_rate_n_per_s: float = RELEASE_RATE_N_PER_S,
        **first: Any,
    ) -> None:
        self.now_s = 100.0
        self.number = number
        self.order: dict[str, Any] = {
            "kind": CommandKind.FOLLOW,
            "force_n": 100.0,
            "ceiling_n": 102.0,
            **(order or {}),
        }
        self.obeys = obeys
        self.base = {"force_n": 100.0, **first}
        self.supervisor = Supervisor(
            limits,
            self._reading({}),
            self.now_s,
            release_rate_n_per_s=release_rate_n_per_s,
            second_channel=second_channel,
            force_shows_noise=force_shows_noise,
        )
        self.sent = ForceCommand(kind=CommandKind.HOLD)
        if not taking_up_slack:
            self.ticks(TAUT_READINGS)

    def tick(
        self,
        *,
        step_s: float = TICK_S,
        silent: bool = False,
        same_sample: bool = False,
        host: dict[str, Any] | None = None,
        order: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Verdict:
        """One tick; ``changes`` are those of the reading, ``order`` of what the core wants."""
        self.now_s += step_s
        self.number += 0 if same_sample else 1
        self.order |= order or {}
        self.sent = self.supervisor.narrowed(ForceCommand(**self.order))
        self.base |= {"extension_mm": changes["extension_mm"]} if "extension_mm" in changes else {}
        seen: Telemetry | None = None if silent else self._reading(changes)
        verdict = self.supervisor.judge(
            seen, sent=self.sent, health=health(**(host or {})), now_s=self.now_s
        )
        if self.obeys and verdict.action >= Action.RELEASE:
            self.order = {"kind": RELEASE_COMMANDS[verdict.action]}
        return verdict

    def ticks(self, count: int, **changes: Any) -> list[Verdict]:
        """Several ticks alike."""
        return [self.tick(**changes) for _ in range(count)]

    def _reading(self, changes: dict[str, Any]) -> Telemetry:
        values = {**self.base, **changes}
        noise_n = NOISE[self.number % 2]
        if "force_n" not in changes and values["force_n"] is not None:
            values["force_n"] += noise_n
        net_n = values["force_n"]
        if net_n is not None:
            values.setdefault("second_force_n", net_n)
            values.setdefault("gross_force_n", net_n)
        values.setdefault("setpoint_in_effect_n", self.order.get("force_n", 0.0))
        return reading(
            sample_number=self.number,
            sequence_accepted=values.pop("sequence_accepted", sequence(self.number)),
            uptime_s=values.pop("uptime_s", self.now_s),
            taken_at_s=values.pop("taken_at_s", self.now_s),
            **values,
        )


def sequence(number: int) -> int:
    """The sequence of the n-th command: 65535 is followed by 1."""
    return (number - 1) % 65535 + 1


def codes(*verdicts: Verdict) -> list[str]:
    """The codes of all new findings, in order."""
    return [finding.code for verdict in verdicts for finding in verdict.findings]
