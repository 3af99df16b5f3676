"""Feeds one supervisor tick after tick, beginning with a session that holds its force."""

from __future__ import annotations

from typing import Any

from controller.safety.limits import SafetyLimits
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import Verdict
from controller.telemetry import Telemetry, UnitStatus
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
SWITCH = UnitStatus.PATIENT_SWITCH_PRESENT
NOISE = (0.0, 0.1)


class Bench:
    """Each tick brings a new sample with a little noise; order and position stay as last told."""

    def __init__(
        self,
        limits: SafetyLimits = CERVICAL_LIMITS,
        *,
        taking_up_slack: bool = False,
        **first: Any,
    ) -> None:
        self.now_s = 100.0
        self.number = 2
        self.order = {
            "wanted_force_n": 100.0,
            "ceiling_n": 102.0,
            "following": True,
            "taking_up_slack": taking_up_slack,
        }
        self.base = {"force_n": 100.0, **first}
        seen = self._reading({})
        self.supervisor = Supervisor(limits, seen, self.now_s)

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
        self.base |= {"extension_mm": changes["extension_mm"]} if "extension_mm" in changes else {}
        seen: Telemetry | None = None if silent else self._reading(changes)
        return self.supervisor.judge(
            seen, health=health(**(host or {})), now_s=self.now_s, **self.order
        )

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
        values.setdefault("setpoint_in_effect_n", self.order["wanted_force_n"])
        return reading(
            sample_number=self.number,
            sequence_accepted=values.pop("sequence_accepted", self.number),
            uptime_s=values.pop("uptime_s", self.now_s),
            **values,
        )


def codes(*verdicts: Verdict) -> list[str]:
    """The codes of all new findings, in order."""
    return [finding.code for verdict in verdicts for finding in verdict.findings]
