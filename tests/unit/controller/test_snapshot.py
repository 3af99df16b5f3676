"""A snapshot is small, and its JSON means one thing."""

from __future__ import annotations

import json
from dataclasses import replace

from controller.order.phases import Phase
from controller.plain_values import from_plain, to_plain
from controller.questions import OpenQuestion, Question
from controller.snapshot import Doing, Snapshot
from controller.telemetry import PatientSwitch, UnitState
from tests.support.alarms import raised

LARGEST_BYTES = 1536
UTC_MS = 1_795_564_800_000
QUESTION = (
    "The order says friction-free table. Is it unlocked, and does it move with the body? "
    "The record keeps who answered and when."
)
LARGEST = Snapshot(
    number=288_000,
    utc_ms=UTC_MS,
    doing=Doing.SESSION,
    session_id="0199c1f2-7a3b-7c4d-8e5f-a6b7c8d9e0f1",
    phase=Phase.TAKING_UP_SLACK.label,
    stage="progressive",
    hold_number=119,
    hold_count=120,
    elapsed_s=1799.951,
    planned_s=1800.0,
    since_start_s=2398.952,
    phase_left_s=59.951,
    pause_left_s=359.951,
    check_in_s=299.951,
    target_n=299.9,
    force_n=-299.9,
    second_force_n=-299.9,
    ceiling_n=299.9,
    limit_n=299.9,
    increase_n=10.0,
    unit_state=UnitState.TRACKING,
    patient_switch=PatientSwitch.PRESSED,
    emergency_stop_open=False,
    local_takeover=False,
    pull_mm=149.95,
    pull_share=0.999,
    speed_mm_per_s=-19.95,
    reading_age_s=0.249,
    alarms=(raised("readings_missed_in_pairs", 11), raised("record_put_aside", 12)),
    questions=(
        OpenQuestion(question=Question.TABLE_MOVES_FREELY, text=QUESTION, person_only=False),
    ),
    tone=False,
    sound_paused_s=119.951,
    lateness_s=0.151,
    round_trip_s=0.049,
    missed=9999,
    mismatched=99,
    record_age_s=4.951,
    record_trouble="the disk is full",
    console_age_s=14.951,
    page_age_s=14.951,
    station_age_s=59.951,
)


def as_json(snapshot: Snapshot) -> bytes:
    return json.dumps(to_plain(snapshot), ensure_ascii=False, separators=(",", ":")).encode()


def test_the_largest_ordinary_snapshot_stays_below_one_and_a_half_kilobytes() -> None:
    alarms = tuple(replace(alarm, utc_ms=UTC_MS) for alarm in LARGEST.alarms)
    assert len(as_json(replace(LARGEST, alarms=alarms))) < LARGEST_BYTES


def test_a_snapshot_survives_its_json_with_every_none() -> None:
    for snapshot in (LARGEST, Snapshot(number=1, utc_ms=2, phase="idle", doing=Doing.IDLE)):
        assert from_plain(Snapshot, json.loads(as_json(snapshot))) == snapshot


def test_what_is_left_of_the_treatment_is_never_below_zero() -> None:
    assert LARGEST.treatment_left_s == 1800.0 - 1799.951
    assert replace(LARGEST, elapsed_s=1801.0).treatment_left_s == 0.0
