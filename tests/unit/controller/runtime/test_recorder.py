"""What goes into the journal: the session's own times, the record's units, what is urgent."""

from __future__ import annotations

from typing import cast

import pytest

from controller.event_details.treatment import (
    CheckInRecorded,
    PauseRegressed,
    RemarkRecorded,
    UnitEventsLost,
)
from controller.events import EventKind, Sample, SampleFlag
from controller.order.phases import Phase
from controller.ports import SessionJournal
from controller.runtime.clock import VirtualClock
from controller.runtime.recorder import URGENT_KINDS, Recorder
from controller.session.inputs_and_effects import Effect, Emit, RaiseAlarm, Tell
from controller.telemetry import ForceSample
from tests.support.events import example
from tests.unit.controller.builders import reading
from tests.unit.controller.runtime.runtime_parts import ListJournal


class AgingJournal(ListJournal):
    """Says since when it waits, and that its disk is full."""

    trouble = "the disk is full"

    def __init__(self) -> None:
        super().__init__()
        self.synced = 0

    def age_s(self, now_s: float) -> float:
        return now_s - 990.0

    def sync(self) -> None:
        self.synced += 1


def recorder_of(journal: ListJournal) -> Recorder:
    return Recorder(cast(SessionJournal, journal), VirtualClock(start_s=1000.0), origin_s=995.0)


def test_an_event_has_the_session_s_milliseconds_and_its_detail() -> None:
    journal = ListJournal()
    recorder_of(journal).event(RemarkRecorded(by="A", text="t"), now_s=1000.25)
    recorder_of(journal).event(PauseRegressed(), now_s=1001.0)
    assert [(e.kind, e.at_ms, dict(e.detail)) for e in journal.events] == [
        (EventKind.REMARK_RECORDED, 5250, {"by": "A", "text": "t"}),
        (EventKind.PAUSE_REGRESSED, 6000, {}),
    ]


@pytest.mark.parametrize("kind", EventKind)
def test_only_what_is_urgent_goes_to_the_writer_at_once(kind: EventKind) -> None:
    journal = ListJournal()
    recorder_of(journal).event(example(kind), now_s=1000.0)
    assert journal.at_once == ([kind] if kind in URGENT_KINDS else [])


def test_stops_releases_and_alarms_are_urgent() -> None:
    assert {
        EventKind.PATIENT_STOP_PRESSED,
        EventKind.SAFETY_ACTED,
        EventKind.RELEASE_ORDERED,
        EventKind.RELEASE_OBSERVED,
        EventKind.RELEASE_NOT_OBSERVED,
        EventKind.ALARM_RAISED,
    } <= URGENT_KINDS


def test_of_the_machine_s_effects_the_events_are_recorded_in_their_order() -> None:
    journal = ListJournal()
    effects: list[Effect] = [
        Tell("words"),
        Emit(CheckInRecorded(by="A")),
        RaiseAlarm("pause_over"),
        Emit(UnitEventsLost(count=3)),
    ]
    recorder_of(journal).effects(effects, 1000.0)
    assert [(e.kind, e.at_ms, dict(e.detail)) for e in journal.events] == [
        (EventKind.CHECK_IN_RECORDED, 5000, {"by": "A"}),
        (EventKind.UNIT_EVENTS_LOST, 5000, {"count": 3}),
    ]


def test_a_sample_has_the_reading_s_time_and_both_channels_in_tenths_of_a_newton() -> None:
    journal = ListJournal()
    recorder_of(journal).sample(
        reading(taken_at_s=999.9, force_n=100.04, second_force_n=99.96),
        target_n=101.26,
        phase=Phase.HOLDING,
        tick_at_s=1000.0,
    )
    assert journal.samples == [
        Sample(
            taken_at_ms=4900,
            target_dn=1013,
            force_1_dn=1000,
            force_2_dn=1000,
            phase=Phase.HOLDING,
            flags=SampleFlag.NONE,
        )
    ]


def test_a_tick_without_a_reading_has_its_own_time_and_no_force() -> None:
    journal = ListJournal()
    recorder_of(journal).sample(None, target_n=20.0, phase=Phase.RESTING, tick_at_s=1000.0)
    assert journal.samples == [
        Sample(
            taken_at_ms=5000,
            target_dn=200,
            force_1_dn=None,
            force_2_dn=None,
            phase=Phase.RESTING,
            flags=SampleFlag.NO_READING,
        )
    ]


def test_a_sample_that_the_unit_repeats_is_marked_and_the_next_one_is_not() -> None:
    journal = ListJournal()
    recorder = recorder_of(journal)
    for number in (7, 7, None, 7, 8):
        told = None if number is None else reading(sample_number=number, taken_at_s=1000.0)
        recorder.sample(told, target_n=0.0, phase=Phase.HOLDING, tick_at_s=1000.0)
    assert [sample.flags for sample in journal.samples] == [
        SampleFlag.NONE,
        SampleFlag.SAME_SAMPLE_NUMBER,
        SampleFlag.NO_READING,
        SampleFlag.SAME_SAMPLE_NUMBER,
        SampleFlag.NONE,
    ]


def test_a_reading_from_before_the_session_counts_as_its_beginning() -> None:
    journal = ListJournal()
    recorder_of(journal).sample(
        reading(taken_at_s=994.9), target_n=0.0, phase=Phase.ARMED, tick_at_s=995.0
    )
    assert journal.samples[0].taken_at_ms == 0


def test_the_journal_s_age_trouble_and_durability_are_passed_on() -> None:
    journal = AgingJournal()
    recorder = recorder_of(journal)
    assert (recorder.age_s(), recorder.trouble) == (10.0, "the disk is full")
    recorder.sync()
    assert journal.synced == 1


def force_sample(number: int | None, net_n: float = 12.34) -> ForceSample:
    return ForceSample(
        net_n=net_n,
        gross_n=20.0,
        taken_at_s=996.0,
        sample_number=number,
        stable=None,
        faults=frozenset(),
        raw=b"",
    )


def observed(*samples: ForceSample | None) -> list[tuple[int, int | None, SampleFlag]]:
    journal = ListJournal()
    seen = recorder_of(journal)
    for sample in samples:
        seen.observed(sample, tick_at_s=997.5)
    assert {(s.target_dn, s.force_2_dn, s.phase) for s in journal.samples} == {
        (0, None, int(Phase.OBSERVING))
    }
    return [(s.taken_at_ms, s.force_1_dn, s.flags) for s in journal.samples]


def test_an_observed_sample_has_its_own_time_and_force_and_no_target() -> None:
    assert observed(force_sample(7)) == [(1000, 123, SampleFlag.NONE)]


def test_a_tick_without_a_reading_is_a_sample_without_force_at_its_own_time() -> None:
    assert observed(None) == [(2500, None, SampleFlag.NO_READING)]


def test_the_same_sample_again_is_marked_where_samples_have_numbers() -> None:
    again = [flag for _, _, flag in observed(force_sample(7), force_sample(7), force_sample(8))]
    assert again == [SampleFlag.NONE, SampleFlag.SAME_SAMPLE_NUMBER, SampleFlag.NONE]
    unnumbered = [flag for _, _, flag in observed(force_sample(None), force_sample(None))]
    assert unnumbered == [SampleFlag.NONE, SampleFlag.NONE]


def test_a_lost_reading_between_two_does_not_make_the_second_a_new_one() -> None:
    flags = [flag for _, _, flag in observed(force_sample(7), None, force_sample(7))]
    assert flags == [SampleFlag.NONE, SampleFlag.NO_READING, SampleFlag.SAME_SAMPLE_NUMBER]
