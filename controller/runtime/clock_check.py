"""Checks whether the workstation's wall clock can be trusted: all dates of a record depend on it.

It is never used for timing. A clock in doubt refuses nothing: a person answers before the arming,
and the note says so (decision 0134).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final

from controller.ports import StartFacts, UnitIdentity
from controller.start.self_check import CheckItem, judged

BUILT_FROM: Final = "2026-11-24"
"""The day (UTC) of this version; the changelog has it too."""
UPTIME_MODULUS_MS: Final = 2**32
"""The unit counts milliseconds in 32 bits (0x110), which overflow after 49.7 days."""
STEP_MS: Final = 2_000
"""A clock kept by a time service may go back by this much (row 29)."""
OFF_MS: Final = 60_000
OFF_SHARE: Final = 0.001
"""Permitted relative error of a unit's own clock; 0.03 % is usual."""
FIRST_ZONE_MS: Final = 14 * 3_600_000
"""The earliest a day can begin before it does in UTC; used for a calibration's day."""


def clock_item(
    utc_ms: int, uptime_s: float | None, identity: UnitIdentity, facts: StartFacts
) -> CheckItem:
    """Judge the wall time ``utc_ms`` at which the unit's uptime was read; None: it has none."""
    uptime_ms = None if uptime_s is None else round(uptime_s * 1000)
    calibrated_ms = _midnight_ms(identity.calibrated_on) - FIRST_ZONE_MS
    behind = {
        "before_last_record_ms": _behind(utc_ms + STEP_MS, facts.last_record_utc_ms),
        "before_calibration_ms": _behind(utc_ms, calibrated_ms),
        "before_build_ms": _behind(utc_ms, _midnight_ms(BUILT_FROM)),
        "off_uptime_ms": _off_uptime_ms(utc_ms, uptime_ms, identity.boot_count, facts),
    }
    doubts = {name: by_ms for name, by_ms in behind.items() if by_ms}
    value = "; ".join(
        [facts.told_at(utc_ms), *(_words(name, by_ms) for name, by_ms in doubts.items())]
    )
    todo = "compare it with another clock; set it and start again, or confirm it"
    item = judged("clock", not doubts, value, todo, blocking=False)
    told = {"utc_ms": utc_ms, "boot_count": identity.boot_count, "uptime_ms": uptime_ms}
    known = {name: number for name, number in told.items() if number is not None}
    return item.with_numbers(known | doubts)


def uptime_off_ms(advance_ms: int, elapsed_ms: int) -> int:
    """Returns how far ``elapsed_ms`` is ahead of the unit's clock, which only goes forward.

    ``advance_ms`` is the difference of two uptimes; the counter may have overflowed between them.
    """
    least_ms = advance_ms % UPTIME_MODULUS_MS
    rounds = max(0, round((elapsed_ms - least_ms) / UPTIME_MODULUS_MS))
    return elapsed_ms - least_ms - rounds * UPTIME_MODULUS_MS


def _off_uptime_ms(
    utc_ms: int, uptime_ms: int | None, boot_count: int | None, facts: StartFacts
) -> int:
    """Returns how far the wall clock is ahead of the unit's since the last record; 0 if they agree.

    Uptimes that may belong to different starts are not compared.
    """
    seen = facts.last_seen
    if seen is None or seen.uptime_ms is None or uptime_ms is None or boot_count is None:
        return 0
    elapsed_ms = utc_ms - seen.utc_ms
    may_be_off_ms = OFF_MS + round(OFF_SHARE * abs(elapsed_ms))
    if boot_count == seen.boot_count:
        off_ms = uptime_off_ms(uptime_ms - seen.uptime_ms, elapsed_ms)
    else:
        # It was restarted since, so it cannot have run for longer than the time that passed.
        off_ms = min(0, elapsed_ms - uptime_ms)
    return off_ms if abs(off_ms) > may_be_off_ms else 0


def _behind(utc_ms: int, not_before_ms: int | None) -> int:
    return 0 if not_before_ms is None else max(0, not_before_ms - utc_ms)


def _words(name: str, by_ms: int) -> str:
    seconds = round(abs(by_ms) / 1000)
    hours, rest = divmod(seconds, 3600)
    by = f"{hours} h {rest // 60} min {rest % 60} s"
    match name:
        case "before_last_record_ms":
            return f"{by} before the last record of this workstation"
        case "before_calibration_ms":
            return f"{by} before the unit was calibrated"
        case "before_build_ms":
            return f"{by} before this program was built"
        case _:
            where = "ahead of" if by_ms > 0 else "behind"
            return f"{by} {where} what the unit's uptime says"


def _midnight_ms(day: str) -> int:
    return round(datetime.combine(date.fromisoformat(day), time(), UTC).timestamp() * 1000)
