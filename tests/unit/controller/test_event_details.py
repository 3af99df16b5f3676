"""Every kind of event has one class, and what it stores comes back as it was."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.event_details.before_treatment import SelfCheckRecorded
from controller.event_details.codec import (
    VERSION,
    DetailUnreadable,
    decode_fields,
    encode_fields,
)
from controller.event_details.ending import DroppedRows, ReleaseOrdered, SessionEnded
from controller.event_details.findings_and_alarms import AlarmAcknowledged
from controller.event_details.opening import (
    OpeningOfSession,
    RecordedIdentity,
    RecordedObservation,
)
from controller.event_details.seen_of_unit import ReleaseObserved, UnitArmed, UnitObserved, UnitSeen
from controller.event_details.table import (
    CLASSES,
    EventDetail,
    session_event,
)
from controller.event_details.treatment import CheckInRecorded, PhaseChanged
from controller.events import EventKind, Outcome, StopCause, cause_of
from records.store.canonical import canonical_json
from records.strict_json import parse_object
from tests.support.events import complete_opening


def test_every_kind_has_one_class_and_every_class_one_kind() -> None:
    assert set(CLASSES) == set(EventKind)
    assert len(set(CLASSES.values())) == len(EventKind)


UNIT = {
    "identity_block": st.text(),
    "capability_block": st.text(),
    "identity": st.from_type(RecordedIdentity),
}
OBSERVED = {"observation": st.from_type(RecordedObservation)}
st.register_type_strategy(
    OpeningOfSession,
    st.builds(OpeningOfSession, **UNIT, observation=st.none())
    | st.builds(OpeningOfSession, **dict.fromkeys(UNIT, st.none()), **OBSERVED),
)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({}, "detail has no 'identity_block'"),
        ({"identity_block": "", "capability_block": ""}, "detail has no 'identity'"),
        ({"identity_block": "", "observation": True}, "'identity_block' and 'observation'"),
    ],
)
def test_an_opening_has_a_unit_that_named_itself_or_an_observation_and_never_both(
    told: dict[str, object], fault: str
) -> None:
    opening = complete_opening({})
    for key in ("identity_block", "capability_block", "identity"):
        del opening[key]
    seen = {"serial": "1", "calibrated": "", "table": "", "set_by": "", "period_ms": 50}
    if told.get("observation"):
        told = told | {"observation": seen | {"simulated": False}}
    with pytest.raises(DetailUnreadable, match=fault):
        decode_fields(OpeningOfSession, opening | told)


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.name)
@given(data=st.data())
def test_what_is_stored_is_read_as_it_was_said(kind: EventKind, data: st.DataObject) -> None:
    said: EventDetail = data.draw(st.from_type(CLASSES[kind]))
    stored = canonical_json(encode_fields(said))
    again = decode_fields(CLASSES[kind], parse_object(stored))
    assert again == said
    assert said.KIND is kind
    assert canonical_json(encode_fields(again)) == stored


@pytest.mark.parametrize("as_class", CLASSES.values(), ids=lambda each: each.__name__)
def test_the_classes_are_frozen_slotted_and_made_by_name(as_class: type[EventDetail]) -> None:
    assert is_dataclass(as_class)
    assert "__slots__" in vars(as_class)
    assert all(each.kw_only for each in fields(as_class))
    if fields(as_class):
        said = object.__new__(as_class)
        with pytest.raises(FrozenInstanceError):
            setattr(said, fields(as_class)[0].name, "")


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        (
            PhaseChanged(from_phase="armed", to_phase="holding", target_dn=102, stage="treatment"),
            '{"from":"armed","stage":"treatment","target_dn":102,"to":"holding"}',
        ),
        (ReleaseObserved(force_dn=None), '{"force_dn":null}'),
        (ReleaseObserved(force_dn=9, unit_state=1), '{"force_dn":9,"unit_state":1}'),
        (UnitObserved(observed=False), '{"observed":false}'),
        (
            UnitObserved(observed=True, seen=UnitSeen(unit_state=2, force_dn=None, released=True)),
            '{"force_dn":null,"observed":true,"released":true,"unit_state":2}',
        ),
        (
            ReleaseOrdered(kind="release", reason=StopCause.TREATMENT_OVER),
            '{"kind":"release","reason":"treatment time reached"}',
        ),
        (
            SessionEnded(
                outcome=Outcome.LINK_LOST,
                reason="gone",
                reached_holding=False,
                dropped=DroppedRows(dropped_links=1, dropped_events=2, dropped_samples=3),
            ),
            '{"dropped_events":2,"dropped_links":1,"dropped_samples":3,"outcome":"link lost",'
            '"reached_holding":false,"reason":"gone"}',
        ),
        (AlarmAcknowledged(codes=("a", "b"), by="A"), '{"by":"A","codes":["a","b"]}'),
    ],
)
def test_the_stored_text_of_details_with_a_form_of_their_own(
    said: EventDetail, stored: str
) -> None:
    assert canonical_json(encode_fields(said)) == stored


def test_keys_that_older_records_do_not_have_are_read_as_none() -> None:
    armed = {"force_limit_dn": 1, "rate_up_dn_per_s": 2, "rate_down_dn_per_s": 3, "watchdog_ms": 4}
    read = decode_fields(UnitArmed, armed)
    assert read.gross_zero_dn is None
    ended = decode_fields(SessionEnded, {"outcome": "stopped", "reason": "test"})
    assert (ended.outcome, ended.reached_holding) == (Outcome.STOPPED, None)


def test_an_outcome_or_cause_that_nobody_knows_stays_its_text() -> None:
    known = decode_fields(ReleaseOrdered, {"kind": "release", "reason": "link silent"})
    assert known.reason is StopCause.LINK_SILENT
    other = decode_fields(SessionEnded, {"outcome": "won", "reason": "by a nose"})
    assert other == SessionEnded(outcome="won", reason="by a nose")


def test_a_key_that_no_class_names_does_not_hinder() -> None:
    read = decode_fields(CheckInRecorded, {"by": "A", "later": 1})
    assert read == CheckInRecorded(by="A")


@pytest.mark.parametrize(
    ("kind", "stored", "words"),
    [
        (EventKind.CHECK_IN_RECORDED, {}, "detail has no 'by'"),
        (EventKind.CHECK_IN_RECORDED, {"by": 1}, "detail.by is 1, not str"),
        (EventKind.UNIT_EVENTS_LOST, {"count": True}, "detail.count is True, not int"),
        (EventKind.UNIT_EVENTS_LOST, {"count": "1"}, "detail.count is '1', not int"),
        (EventKind.UNIT_EVENTS_LOST, {"count": None}, "detail.count is None, not int"),
        (EventKind.RELEASE_NOT_OBSERVED, {"force_dn": "x"}, "detail.force_dn is 'x', not int"),
        (EventKind.ALARM_ACKNOWLEDGED, {"codes": [1], "by": ""}, "detail.codes is 1, not str"),
        (EventKind.ALARM_ACKNOWLEDGED, {"codes": "a", "by": ""}, "detail.codes is 'a', not tuple"),
        (EventKind.SESSION_ENDED, {"outcome": 1, "reason": ""}, "detail.outcome is 1, not str"),
        (
            EventKind.SESSION_ENDED,
            {"outcome": "stopped", "reason": "", "dropped_links": 1},
            "detail has no 'dropped_events'",
        ),
        (
            EventKind.SELF_CHECK_RECORDED,
            {"item": "", "state": "", "value": "", "by": "", "todo": "", "numbers": {"a": "b"}},
            "detail.numbers.a is 'b', not int",
        ),
        (EventKind.SESSION_STARTED, {"session_id": []}, r"detail.session_id is \[\], not str"),
    ],
)
def test_another_key_or_type_is_refused_with_its_name(
    kind: EventKind, stored: dict[str, object], words: str
) -> None:
    with pytest.raises(DetailUnreadable, match=words):
        decode_fields(CLASSES[kind], stored)


def test_the_event_for_the_journal_says_kind_and_version_of_its_class() -> None:
    event = session_event(CheckInRecorded(by="A"), at_ms=7)
    assert (event.kind, event.at_ms, event.version) == (EventKind.CHECK_IN_RECORDED, 7, VERSION)
    assert event.detail == {"by": "A"}


def test_numbers_of_an_item_stand_only_where_it_has_some() -> None:
    item = SelfCheckRecorded(item="clock", state="passed", value="", by="", todo="")
    assert "numbers" not in encode_fields(item)


def test_a_cause_is_known_by_its_stored_text_and_other_words_stay_words() -> None:
    assert cause_of("patient switch pressed") is StopCause.PATIENT_SWITCH_PRESSED
    assert cause_of("operator stop (A)") == "operator stop (A)"
