"""What is sent arrives as it was; whatever else arrives is refused by name and does nothing."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.alarms import RaisedAlarm
from controller.errors import MessageRefused, RequestRefused
from controller.questions import OpenQuestion, Question
from controller.requests import AdjustForce, AlarmOnScreen, Pause
from controller.snapshot import Said, SettledCheck, Snapshot
from controller.telemetry import UnitState
from controller.words import hides
from records.strict_json import parse_message
from tests.support.pages import read, rows, sections
from workstation.station.line import MOST_BYTES
from workstation.station.messages import (
    FROM_CONTROL,
    REQUESTS,
    TO_CONTROL,
    Followed,
    GivenAnswer,
    Heartbeat,
    Hello,
    MadeRequest,
    OrderedStop,
    PeerRole,
    Prepare,
    RequestOutcome,
    encoded,
    from_control,
    to_control,
)

WORDS = st.text(st.characters().filter(lambda each: not hides(each)), min_size=1, max_size=40)
NAMES = WORDS.filter(lambda text: bool(text.strip()))
IDS = st.from_regex(r"[0-9A-Za-z_-]{1,40}", fullmatch=True)
SESSIONS = st.from_regex(r"[0-9A-Za-z._-]{1,100}", fullmatch=True)
HEX = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
NUMBERS = st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
WHOLE = st.integers(0, 10**15)


def built(as_class: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a message's class, each key by its name or else by its type."""
    named: dict[str, st.SearchStrategy[Any]] = {
        "id": IDS,
        "session_id": SESSIONS,
        "patient_key": HEX,
        "order_digest": HEX,
        "by": NAMES,
        "version": st.just(1),
        "live_pages": st.integers(0, 1000),
        "utc_ms": WHOLE,
        "number": WHOLE,
        "request": st.deferred(lambda: REQUEST),
    }
    by_type = {
        "str": WORDS,
        "int": WHOLE,
        "float": NUMBERS,
        "float | None": st.none() | NUMBERS,
        "bool": st.booleans(),
        "bool | None": st.none() | st.booleans(),
        "Question": st.sampled_from(Question),
        "PeerRole": st.sampled_from(PeerRole),
        "Followed": st.sampled_from(Followed),
        "tuple[AlarmOnScreen, ...]": st.lists(st.deferred(lambda: ALARM)).map(tuple),
    }
    given_keys: dict[str, st.SearchStrategy[Any]] = {}
    for each in fields(as_class):
        if each.name in named:
            given_keys[each.name] = named[each.name]
        elif str(each.type) in by_type:
            given_keys[each.name] = by_type[str(each.type)]
    return st.builds(as_class, **given_keys)


ALARM = built(AlarmOnScreen)
REQUEST = st.one_of(*(built(each) for each in REQUESTS.values()))
SENT = st.one_of(*(built(each) for each in TO_CONTROL.values()))
TOLD = st.one_of(*(built(each) for each in FROM_CONTROL.values()))


@given(message=SENT)
def test_what_is_sent_to_the_process_arrives_as_it_was(message: Any) -> None:
    assert to_control(encoded(message)) == message


@given(message=TOLD)
def test_what_the_process_says_arrives_as_it_was(message: Any) -> None:
    assert from_control(encoded(message)) == message
    assert len(encoded(message)) <= MOST_BYTES


def test_a_full_snapshot_arrives_as_it_was() -> None:
    full = Snapshot(
        number=7,
        utc_ms=1,
        phase="holding",
        unit_state=UnitState.HOLDING,
        alarms=(RaisedAlarm(code="link_lost", number=1, utc_ms=1),),
        questions=(
            OpenQuestion(question=Question.START_TRACTION, text="Start?", person_only=True),
        ),
    )
    assert from_control(encoded(full)) == full


def test_an_item_of_the_self_check_arrives_as_it_was() -> None:
    check = SettledCheck(
        name="zero", state="failed", value="3.4 N", todo="free the cord", refuses=True
    )
    said = Said(number=1, utc_ms=1, text=check.told, session_id="s1", check=check)
    assert from_control(encoded(said)) == said
    assert said.text == "self-check zero: failed (3.4 N); free the cord"


def test_half_a_character_that_was_told_does_not_keep_the_rest_back() -> None:
    said = from_control(encoded(Said(number=1, utc_ms=1, text="a\ud800b")))
    assert isinstance(said, Said)
    assert said.text == "a?b"


# --- what is refused --------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=20,
)
KEYS = sorted({each.name for kind in TO_CONTROL.values() for each in fields(kind)})
NEAR = st.fixed_dictionaries(
    {"kind": st.sampled_from([*TO_CONTROL, *FROM_CONTROL])},
    optional=dict.fromkeys(KEYS, JSON),
)


@given(content=st.binary(max_size=200))
def test_no_bytes_raise_anything_but_the_refusal(content: bytes) -> None:
    for read_one in (to_control, from_control):
        with pytest.raises(MessageRefused):
            read_one(content)


@given(said=JSON | NEAR)
def test_no_json_raises_anything_but_the_refusal(said: object) -> None:
    for read_one in (to_control, from_control):
        try:
            message = read_one(json.dumps(said).encode())
        except MessageRefused:
            continue
        assert read_one(encoded(message)) == message


@given(message=SENT, extra=st.sampled_from(["extra", "Kind", "by ", ""]))
def test_a_key_too_many_or_too_few_is_refused_by_name(message: Any, extra: str) -> None:
    said = json.loads(encoded(message))
    with pytest.raises(MessageRefused, match="unknown key"):
        to_control(json.dumps(said | {extra: 1}).encode())
    for key in said.keys() - {"kind", "version"}:
        with pytest.raises(MessageRefused, match=key):
            to_control(json.dumps({k: v for k, v in said.items() if k != key}).encode())


@pytest.mark.parametrize("version", [0, 2, "1", 1.5, True, None, [1]])
def test_another_version_is_refused_before_its_keys(version: object) -> None:
    for kind, read_one in (("hello", to_control), ("welcome", from_control)):
        content = json.dumps({"kind": kind, "version": version, "new_key": 1}).encode()
        with pytest.raises(
            MessageRefused, match=r"speaks version .*, this one 1; start both again"
        ):
            read_one(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"[]", "no JSON object"),
        (b'{"kind":"stop"', "cannot be read"),
        (b'{"kind":"stop","kind":"stop"}', "stands in it twice"),
        (b'{"kind":"stops"}', "'stops' is not known here"),
        (b'{"kind":["stop"]}', "is not known here"),
        (b'{"kind":"snapshot"}', "is not known here"),
        (b'{"kind":"heartbeat","live_pages":NaN}', "cannot be read"),
        (b'{"kind":"heartbeat","live_pages":-1,"sounds":null}', "not 0 to 1000"),
        (b'{"kind":"heartbeat","live_pages":1.0,"sounds":null}', "live_pages is 1.0, not int"),
        (b'{"kind":"heartbeat","live_pages":' + b"9" * 17 + b"}", "too many digits"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 60_000, "deeper than"),
    ],
)
def test_what_is_no_message_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(MessageRefused, match=words) as refused:
        to_control(content)
    assert refused.value.code == 1071


@pytest.mark.parametrize("change", ["NaN", "1e999", "-1e999", '"5"', "true", "null"])
def test_a_force_that_is_no_number_is_refused(change: str) -> None:
    asked = MadeRequest(id="1", session_id="s", request=AdjustForce(by="A", change_n=5.0))
    content = encoded(asked).replace(b"5.0", change.encode())
    with pytest.raises(MessageRefused):
        to_control(content)


@pytest.mark.parametrize("wrong", ["", "a" * 41, "a b", "\u00e4", "../x", "a\n"])
def test_an_id_of_another_shape_is_refused_where_it_is_made(wrong: str) -> None:
    with pytest.raises(RequestRefused, match="id="):
        OrderedStop(id=wrong, by="A")
    with pytest.raises(RequestRefused):
        MadeRequest(id=wrong, session_id="s", request=Pause(by="A"))
    with pytest.raises(RequestRefused):
        GivenAnswer(
            id="1", session_id=f"{wrong}/", question=Question.LIFT_LOCKED, accepted=True, by="A"
        )


@pytest.mark.parametrize("by", ["", "  ", "a\nb", "\u202e", "a" * 101])
def test_who_has_no_name_asks_for_nothing(by: str) -> None:
    with pytest.raises(RequestRefused):
        OrderedStop(id="1", by=by)
    with pytest.raises(RequestRefused):
        Prepare(id="1", session_id="s", patient_key="0a", order_digest="0a", by=by)


def test_a_page_too_many_is_no_page() -> None:
    with pytest.raises(RequestRefused, match="live_pages=1001"):
        Heartbeat(live_pages=1001)


# --- the page ---------------------------------------------------------------------------------


def test_the_page_has_every_message_with_every_key() -> None:
    table = rows(sections(read("reference/station-messages.md"))["The messages"])
    assert [row[0] for row in table] == [*TO_CONTROL, *FROM_CONTROL]
    for row in table:
        assert row[1] == ("yes" if row[0] in TO_CONTROL else "no")
        keys = [each.name for each in fields({**TO_CONTROL, **FROM_CONTROL}[row[0]])]
        told = "those of the class Snapshot" if row[0] == "snapshot" else ", ".join(keys)
        assert row[2].replace("`", "") == told


def test_a_message_is_read_as_strictly_as_a_record_but_for_its_points() -> None:
    assert parse_message('{"a":1.5}') == {"a": 1.5}
    for text in ('{"a":1,"a":1}', '{"a":Infinity}', "1", '{"a":"\\ud800"}'):
        with pytest.raises(ValueError, match=r"."):
            parse_message(text)


def test_hello_is_small_and_an_outcome_names_its_time() -> None:
    assert encoded(Hello(version=1, role=PeerRole.WATCH)) == (
        b'{"kind":"hello","version":1,"role":"watch"}'
    )
    outcome = RequestOutcome(id="1", result=Followed.ALREADY, reason="", utc_ms=5, force_n=59.2)
    assert b'"result":"already"' in encoded(outcome)
