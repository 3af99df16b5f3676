"""A second reader of the evidence, written from the pages record-format.md and session-json.md.

It shares nothing with ``records``, so that pages and program cannot drift apart unnoticed: plain
Python on plain integers, without numpy and the product's classes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

from tests.support.second_unpacking import ranges_of, unpacked, unpacked_session

SAMPLE = struct.Struct(">IhhhBH")
HOLDING = 6
STARTED, ARMED, PHASE_CHANGED, UNIT_EVENT, RELEASE_ORDERED = 1, 7, 8, 9, 13
FORCE_ADJUSTED, CHECK_IN, REMARK = 22, 25, 26
NEWTONS_PER_LBF = Fraction("4.4482216152605")
DISARMED = 3
STOP_CODES = {10, 12, 20, 30, 40, 41, 42, 43, 44, 45, 46, 47}


@dataclass(frozen=True, slots=True)
class Reading:
    """A session as the page defines it."""

    events: list[bytes]
    samples: bytes
    links: list[tuple[int, int, int, int, bytes]]
    links_digest: bytes | None
    chain_signatures: list[tuple[int, bytes]]
    seal: tuple[bytes, bytes, int, int, int, bytes, bytes] | None


def read(path: Path, session: int) -> Reading:
    """Tables of the evidence. The digests of packed links are empty: they are not stored."""
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA user_version").fetchone() == (5,)
        content = db.execute(
            "SELECT event_count, sample_count, data FROM packed_session WHERE session = ?",
            (session,),
        ).fetchone()
        events, block = unpacked_session(*content) if content else ([], b"")
        packed = db.execute(
            "SELECT ranges, digest FROM packed_links WHERE session = ?", (session,)
        ).fetchone()
        return Reading(
            events=sorted(
                events
                + [
                    struct.pack(">IIqHBI", *head, len(text.encode())) + text.encode()
                    for *head, text in db.execute(
                        "SELECT sequence, at_ms, utc_ms, kind, version, detail FROM event "
                        "WHERE session = ?",
                        (session,),
                    )
                ]
            ),
            samples=unpacked(block)
            if block
            else b"".join(
                data
                for (data,) in db.execute(
                    "SELECT samples FROM open_batch WHERE session = ? ORDER BY number", (session,)
                )
            ),
            links=ranges_of(packed[0]) if packed else open_links(db, session),
            links_digest=packed[1] if packed else None,
            chain_signatures=db.execute(
                "SELECT link_count, signature FROM chain_signature WHERE session = ? "
                "ORDER BY link_count",
                (session,),
            ).fetchall(),
            seal=db.execute(
                "SELECT last_link, session_digest, event_count, sample_count, link_count, "
                "previous_seal, digest FROM seal WHERE session = ?",
                (session,),
            ).fetchone(),
        )
    finally:
        db.close()


def open_links(db: sqlite3.Connection, session: int) -> list[tuple[int, int, int, int, bytes]]:
    """Section "Open commits": what each covers follows from the earlier ones."""
    first_event = first_sample = 0
    links = []
    for events, samples, digest in db.execute(
        "SELECT event_count, length(samples) / 13, link FROM open_batch WHERE session = ? "
        "ORDER BY number",
        (session,),
    ):
        links.append((first_event, events, first_sample, samples, digest))
        first_event, first_sample = first_event + events, first_sample + samples
    return links


# --- the chain --------------------------------------------------------------------------------


def chain(reading: Reading, previous: bytes) -> Iterator[bytes]:
    """Section "Link": what each digest must be."""
    for first_event, events, first_sample, samples, _ in reading.links:
        previous = hashlib.sha256(
            previous
            + struct.pack(">IIII", first_event, events, first_sample, samples)
            + b"".join(reading.events[first_event : first_event + events])
            + reading.samples[13 * first_sample : 13 * (first_sample + samples)]
        ).digest()
        yield previous


# --- the numbers of the record ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Event:
    sequence: int
    at_ms: int
    kind: int
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Sample:
    at_ms: int
    target: int
    force: int
    phase: int
    flags: int

    @property
    def valid(self) -> bool:
        return self.flags & 3 == 0 and self.force != -0x8000

    @property
    def in_band(self) -> bool:
        return abs(self.force - self.target) <= max(Fraction(100), Fraction(self.target, 10))


def numbers(reading: Reading) -> dict[str, Any]:
    """Everything under `dose`, and the numbers of each stop."""
    events = [_event(raw) for raw in reading.events]
    samples = [
        _Sample(ms, target, force, phase, flags)
        for ms, target, force, _, phase, flags in SAMPLE.iter_unpack(reading.samples)
    ]
    started, ended, paused = _times(events, samples)
    traction = ended - started - paused if started is not None and ended is not None else 0
    holding = [s for s in samples if s.valid and s.phase == HOLDING]
    in_hold = [s.force for s in holding if s.in_band]
    return {
        "traction_ms": traction,
        "paused_ms": paused,
        "delivered_minutes": traction // 60_000,
        "hold_time_ms": _hold_time(samples),
        "hold_samples": len(in_hold),
        "mean_hold_force_dn": _half_up(Fraction(sum(in_hold), len(in_hold))) if in_hold else None,
        "peak_force_dn": max((s.force for s in samples if s.valid), default=None),
        "in_band_permille": _half_up(Fraction(1000 * len(in_hold), len(holding)))
        if holding
        else None,
        "treatment_started_ms": started,
        "treatment_ended_ms": ended,
        "stops": list(_stops(events, samples)),
    }


def _event(raw: bytes) -> _Event:
    sequence, at_ms, _, kind, _, length = struct.unpack_from(">IIqHBI", raw)
    assert length == len(raw) - 23
    return _Event(sequence, at_ms, kind, json.loads(raw[23:]))


def _times(events: list[_Event], samples: list[_Sample]) -> tuple[int | None, int | None, int]:
    changes = [event for event in events if event.kind == PHASE_CHANGED]
    starts = [e.at_ms for e in changes if e.detail["to"] == "ramping_up"]
    ends = [e.at_ms for e in changes if e.detail["to"] in ("releasing", "faulted")]
    paused = sum(
        after.at_ms - before.at_ms
        for before, after in pairwise(changes)
        if before.detail["to"] == "paused"
    )
    if not starts:
        return None, None, paused
    if ends:
        return starts[0], ends[0], paused
    return starts[0], max([starts[0], *(s.at_ms for s in samples[-1:])]), paused


def _hold_time(samples: list[_Sample]) -> int:
    return sum(
        min(300, max(0, after.at_ms - sample.at_ms))
        for sample, after in pairwise(samples)
        if sample.valid and sample.phase == HOLDING and sample.in_band
    )


def _half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)).__floor__())


def _stops(events: list[_Event], samples: list[_Sample]) -> Iterator[dict[str, Any]]:
    armed = [event for event in events if event.kind == ARMED]
    if not armed:
        return
    by_unit = []
    for event in events:
        if event.kind != UNIT_EVENT or event.detail["unit_at_ms"] < armed[0].at_ms - 500:
            continue
        if event.detail["code"] == DISARMED:
            break
        if event.detail["code"] in STOP_CODES:
            by_unit.append(event)
    for event in by_unit:
        at_ms = event.detail["unit_at_ms"]
        yield _stop(event, at_ms, event.detail["value_1"], samples)
    if not by_unit:
        for event in events:
            ordered = event.kind == RELEASE_ORDERED
            if ordered and event.detail["reason"] != "treatment time reached":
                before = [s.force for s in samples if s.valid and s.at_ms <= event.at_ms]
                yield _stop(event, event.at_ms, before[-1] if before else None, samples)
                return


def _stop(event: _Event, at_ms: int, force: int | None, samples: list[_Sample]) -> dict[str, Any]:
    low = [s.at_ms for s in samples if s.valid and s.at_ms >= at_ms and s.force <= 150]
    return {
        "at_ms": at_ms,
        "force_dn": force,
        "to_15_n_ms": low[0] - at_ms if low else None,
        "sequence": event.sequence,
    }


# --- the numbers as the note writes them ------------------------------------------------------


def written(reading: Reading, utc_offset_min: int) -> dict[str, list[str]]:
    """Section "The numbers in the note": the numbers of each field, in order."""
    events, dose = [_event(raw) for raw in reading.events], numbers(reading)
    (started_utc_ms,) = struct.unpack_from(">q", reading.events[0], 8)
    changes = [event for event in events if event.kind == PHASE_CHANGED]
    band = dose["in_band_permille"]

    def on_both_axes(at_ms: int) -> list[str]:
        of_day = _moment(started_utc_ms, at_ms, utc_offset_min)[3:6]
        return [*of_day, *_since(at_ms, dose["treatment_started_ms"])]

    return {
        "started_at": _moment(started_utc_ms, dose["treatment_started_ms"], utc_offset_min),
        "ended_at": _moment(started_utc_ms, dose["treatment_ended_ms"], utc_offset_min),
        "delivered_minutes": [str(dose["delivered_minutes"]), *_clock(dose["traction_ms"])],
        "paused": _clock(dose["paused_ms"]),
        "peak_force": _force(dose["peak_force_dn"]),
        "mean_hold_force": _force(dose["mean_hold_force_dn"]),
        "hold_time": _clock(dose["hold_time_ms"]),
        "time_in_band": [] if band is None else [_rounded(Fraction(band, 10), 1), "10", "10"],
        "stop": [
            number
            for stop in dose["stops"]
            for number in (*on_both_axes(stop["at_ms"]), *_written_stop(stop))
        ],
        "steps": [n for dn in _step_forces(changes) for n in _force(dn)],
        "adjustments": [
            n
            for e in events
            if e.kind == FORCE_ADJUSTED
            for n in (
                *on_both_axes(e.at_ms),
                *_force(e.detail["old_force_dn"]),
                *_force(e.detail["new_force_dn"]),
            )
        ],
        "pauses": [
            n
            for began, after in zip_longest(changes, changes[1:])
            if began.detail["to"] == "paused"
            for n in (
                *on_both_axes(began.at_ms),
                *(_clock(after.at_ms - began.at_ms) if after else ()),
            )
        ],
        "check_ins": [n for e in events if e.kind == CHECK_IN for n in on_both_axes(e.at_ms)],
        "remarks": [n for e in events if e.kind == REMARK for n in on_both_axes(e.at_ms)],
    }


def _step_forces(changes: list[_Event]) -> list[int]:
    """Forces of the steps that were reached; those of a stage are grouped."""
    steps = [
        (e.detail["stage"], e.detail["target_dn"])
        for e, after in pairwise(changes)
        if e.detail["stage"] in ("progressive", "regressive")
        and (
            e.detail["to"] == "holding"
            or (e.detail["to"], after.detail["to"]) == ("ramping_up", "ramping_down")
        )
    ]
    stages = dict.fromkeys(stage for stage, _ in steps)
    return [dn for stage in stages for of, dn in steps if of == stage]


def _written_stop(stop: dict[str, Any]) -> list[str]:
    to_15_n = stop["to_15_n_ms"]
    released = ["15"] if to_15_n is None else [_rounded(Fraction(to_15_n, 1000), 2), "15"]
    return [*_force(stop["force_dn"]), *released]


def _since(at_ms: int, began_ms: int | None) -> list[str]:
    """Minutes and seconds from the beginning of traction to a moment, two digits each."""
    if began_ms is None:
        return []
    return [f"{number:02}" for number in divmod(abs(at_ms - began_ms) // 1000, 60)]


def _moment(started_utc_ms: int, at_ms: int | None, utc_offset_min: int) -> list[str]:
    if at_ms is None:
        return []
    zone = timezone(timedelta(minutes=utc_offset_min))
    moment = datetime.fromtimestamp((started_utc_ms + at_ms) // 1000, zone)
    hours, minutes = divmod(abs(utc_offset_min), 60)
    return [*moment.strftime("%Y %m %d %H %M %S").split(), f"{hours:02}", f"{minutes:02}"]


def _clock(ms: int) -> list[str]:
    return [str(number) for number in divmod(ms // 1000, 60)]


def _force(dn: int | None) -> list[str]:
    if dn is None:
        return []
    newtons = Fraction(dn, 10)
    return [_rounded(newtons, 1), _rounded(newtons / NEWTONS_PER_LBF, 1)]


def _rounded(value: Fraction, digits: int) -> str:
    sign = "-" if value < 0 else ""
    whole, rest = divmod(_half_up(abs(value) * 10**digits), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}}"
