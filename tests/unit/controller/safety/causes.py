"""For each hazard that one tick can show: the tick, its code and what it orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.safety.verdict import Action
from controller.telemetry import UnitFault, UnitState, UnitStatus

SWITCH = UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.WATCHDOG_ARMED


@dataclass(frozen=True)
class Cause:
    """``tick`` are the arguments of one ``Bench.tick``."""

    code: str
    action: Action
    tick: dict[str, Any]


def _cause(code: str, action: Action, **tick: Any) -> Cause:
    return Cause(code, action, tick)


CAUSES = {
    cause.code: cause
    for cause in (
        _cause(
            "patient_switch_pressed",
            Action.RELEASE_FAST,
            status=SWITCH | UnitStatus.PATIENT_SWITCH_PRESSED,
        ),
        _cause("patient_switch_absent", Action.RELEASE_FAST, status=UnitStatus.WATCHDOG_ARMED),
        _cause(
            "emergency_stop_open", Action.CUT_POWER, status=SWITCH | UnitStatus.EMERGENCY_STOP_OPEN
        ),
        _cause(
            "force_saturated",
            Action.RELEASE_FAST,
            faults=UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_1_OVERLOAD,
        ),
        _cause("force_missing", Action.RELEASE_FAST, force_n=None),
        _cause("force_negative", Action.RELEASE_FAST, force_n=-30.0),
        _cause("zero_shifted", Action.RELEASE, gross_force_n=120.0),
        _cause("tension_lost", Action.RELEASE_FAST, force_n=60.0),
        _cause("force_risen_fast", Action.RELEASE_FAST, force_n=125.0),
        _cause("stroke_near", Action.ALLOW, extension_mm=100.0),
        _cause("stroke_used_up", Action.RELEASE, extension_mm=120.0),
        _cause("stroke_end", Action.RELEASE, status=SWITCH | UnitStatus.STROKE_END_IN),
        _cause("link_silent", Action.RELEASE_FAST, silent=True, step_s=0.4),
        _cause("reading_stale", Action.RELEASE_FAST, sample_age_s=0.4),
        _cause("unit_restarted", Action.RELEASE_FAST, uptime_s=0.2),
        _cause("unit_stopped", Action.RELEASE_FAST, unit_state=UnitState.RELEASING),
        _cause("answers_mixed_up", Action.RELEASE, host={"mismatches": 3}),
        _cause("sequence_ahead", Action.RELEASE, sequence_accepted=40),
        _cause("order_refused", Action.RELEASE, command_result=7),
        _cause("local_takeover", Action.HOLD, status=SWITCH | UnitStatus.LOCAL_TAKEOVER),
        _cause("order_too_high", Action.RELEASE, order={"force_n": 102.1}),
        _cause("order_unsound", Action.RELEASE, order={"rate_n_per_s": -1.0}),
        _cause("second_channel_lost", Action.RELEASE, second_force_n=None),
        _cause("watchdog_off", Action.RELEASE, watchdog_left_s=0.0),
        _cause("console_quiet", Action.ALLOW, host={"console_age_s": 6.0}),
        _cause("console_lost", Action.RELEASE, host={"console_age_s": 16.0}),
        _cause("station_quiet", Action.ALLOW, host={"station_age_s": 6.0}),
        _cause("station_lost", Action.RELEASE, host={"station_age_s": 61.0}),
        _cause("loop_slow", Action.ALLOW, host={"lateness_s": 0.2}),
        _cause("loop_late", Action.RELEASE, host={"lateness_s": 0.4}),
        _cause("clock_stepped", Action.ALLOW, host={"wall_clock_step_s": 3600.0}),
        _cause("host_suspended", Action.RELEASE, host={"boot_clock_gap_s": 60.0}),
        _cause("journal_silent", Action.HOLD, host={"journal_age_s": 6.0}),
    )
}
