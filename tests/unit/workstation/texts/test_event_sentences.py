"""Each kind of event is told as a sentence that says all of its detail, with its code behind it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from controller.event_details.codec import VERSION
from controller.event_details.table import CLASSES
from controller.events import EventKind, JsonValue
from controller.order.force_unit import ForceUnit
from records.store.canonical import StoredEvent
from simulator.map_v1 import EventCode
from tests.support.events import complete
from workstation.texts.event_sentences import UNIT_EVENTS, event_sentence, sentence

BESIDE: dict[EventKind, dict[str, JsonValue]] = {
    EventKind.SAFETY_ACTED: {"unit": "0.1 N", "measured": 1050, "limit": 1020},
    EventKind.UNIT_OBSERVED: {"unit_state": 5, "force_dn": 20, "released": True},
    EventKind.SESSION_ENDED: {"reached_holding": True},
    EventKind.SELF_CHECK_RECORDED: {"numbers": {"utc_ms": 12}},
    EventKind.UNIT_EVENT_SEEN: {"boot": 3},
    EventKind.RELEASE_OBSERVED: {"unit_state": 1},
}
"""Keys that a neutral detail leaves out, or that need a sensible value."""
TOLD = [kind for kind in EventKind if kind is not EventKind.SESSION_STARTED]
FORCES: dict[EventKind, dict[str, JsonValue]] = {
    EventKind.UNIT_ARMED: {"force_limit_dn": 1023},
    EventKind.PHASE_CHANGED: {"target_dn": 1023},
    EventKind.UNIT_EVENT_SEEN: {"code": 10, "value_1": 1023},
    EventKind.FORCE_ADJUSTED: {"new_force_dn": 1023},
    EventKind.PAUSED: {"target_dn": 1023},
    EventKind.RESUMED: {"from_dn": 1023},
    EventKind.REQUEST_REFUSED: {"reason": "102.3 N is too much"},
    EventKind.SELF_CHECK_RECORDED: {"value": "ordered 102.3 N"},
    EventKind.SAFETY_ACTED: {"unit": "0.1 N", "measured": 1023},
    EventKind.PATIENT_STOP_PRESSED: {"force_dn": 1023},
    EventKind.ALARM_RAISED: {"text": "more than 102.3 N"},
    EventKind.GAP_BEGAN: {"force_dn": 1023},
    EventKind.GAP_ENDED: {"force_dn": 1023},
    EventKind.RELEASE_OBSERVED: {"force_dn": 1023},
    EventKind.RELEASE_NOT_OBSERVED: {"force_dn": 1023},
}


def stored(kind: EventKind, detail: dict[str, Any], version: int = VERSION) -> StoredEvent:
    return StoredEvent(sequence=1, at_ms=0, utc_ms=0, kind=kind, version=version, detail=detail)


def told(kind: EventKind, detail: dict[str, Any], unit: ForceUnit = ForceUnit.NEWTON) -> str:
    return event_sentence(stored(kind, detail), unit)


def changed(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, dict):
        return {**value, "off_uptime_ms": 4000}
    if isinstance(value, list):
        return [*value, "another"]
    return 1234 if value is None else f"{value}another"


def test_every_kind_of_event_has_a_sentence() -> None:
    assert {*CLASSES.values()} == {each for each in sentence.registry if each is not object}


@pytest.mark.parametrize("kind", TOLD, ids=lambda kind: kind.name.lower())
def test_the_sentence_says_all_of_the_detail_and_the_code_stands_behind_it(kind: EventKind) -> None:
    whole = complete(kind, BESIDE.get(kind, {}))
    said = told(kind, whole)
    assert said.endswith(f" [{kind.name.lower()}]")
    words = said.removesuffix(f" [{kind.name.lower()}]")
    assert "{" not in words
    assert not re.search(r"[a-z]_[a-z]", words.partition(" (utc_ms")[0])
    for key, value in whole.items():
        assert told(kind, {**whole, key: changed(value)}) != said, key


@pytest.mark.parametrize("kind", FORCES, ids=lambda kind: kind.name.lower())
def test_forces_are_led_by_the_clinic_s_unit(kind: EventKind) -> None:
    detail = complete(kind, FORCES[kind])
    assert "23.0 lbf (102.3 N)" in told(kind, detail, ForceUnit.POUND)
    assert "102.3 N" in told(kind, detail)


@pytest.mark.parametrize("code", [10, 13, 20, 30, 40, 51])
def test_an_event_of_the_unit_tells_force_and_position_of_its_moment(code: int) -> None:
    detail = complete(EventKind.UNIT_EVENT_SEEN, {"code": code, "value_1": 1991, "value_2": -373})
    said = told(EventKind.UNIT_EVENT_SEEN, detail, ForceUnit.POUND)
    assert f"{UNIT_EVENTS[code]} at 44.8 lbf (199.1 N), position -37.3 mm (code {code}, " in said


def test_values_of_the_unit_s_other_events_are_told_as_they_came() -> None:
    detail = complete(EventKind.UNIT_EVENT_SEEN, {"code": 2, "value_1": 1, "value_2": 2000})
    assert "armed (code 2, values 1 and 2000, " in told(EventKind.UNIT_EVENT_SEEN, detail)


def test_words_of_people_stay_as_they_were_said() -> None:
    said = told(EventKind.REMARK_RECORDED, {"by": "P. Jones", "text": "felt 20 N"}, ForceUnit.POUND)
    assert said == "P. Jones remarked: felt 20 N [remark_recorded]"


def test_a_detail_of_another_program_is_told_as_it_is_stored() -> None:
    later = stored(EventKind.PAUSED, {"why": "é"}, version=VERSION + 1)
    assert event_sentence(later, ForceUnit.POUND) == 'as stored: {"why": "é"} [paused]'


def test_every_code_of_the_simulated_unit_that_the_map_numbers_has_words() -> None:
    own = {EventCode.FORCE_STILL_ON}  # the map names this event without a number
    assert {*EventCode} - own <= UNIT_EVENTS.keys()
