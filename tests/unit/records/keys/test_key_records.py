"""The record of keys: what it says of times, and that no line of it can be altered unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.keys.key_records import (
    NO_HISTORY,
    KeyEvent,
    KeyHistory,
    KeyRecord,
    SaidOfKey,
    read_history,
)
from records.store.chain import Subject
from records.store.ed25519 import SigningKey, key_id_of

FIRST, SECOND, FOREIGN, FOUND = (SigningKey(bytes([n] * 32)) for n in (1, 2, 3, 4))
DAY_MS = 86_400_000
BEGUN_MS, ROTATED_MS, REVOKED_MS = 100 * DAY_MS, 200 * DAY_MS, 300 * DAY_MS
EARLY, LATE = SaidOfKey(at_utc_ms=1), SaidOfKey(at_utc_ms=REVOKED_MS)


def place(number: int, unit: str = "U1") -> Subject:
    return Subject(name="s", place=unit, number=number)


def lived() -> KeyHistory:
    """Begun beside a key that was found, a foreign one accepted, rotated, the old one revoked."""
    history = NO_HISTORY
    history = history.with_record(
        history.following(
            KeyEvent.BEGUN,
            FIRST.public_key,
            SaidOfKey(at_utc_ms=BEGUN_MS),
            found=[FOUND.public_key],
            reached={"U1": 2},
        ).signed(FIRST)
    )
    history = history.with_record(
        history.following(
            KeyEvent.ACCEPTED, FOREIGN.public_key, SaidOfKey(at_utc_ms=BEGUN_MS, by="P. J.")
        ).signed(FIRST)
    )
    history = history.with_record(
        history.following(
            KeyEvent.ROTATED,
            SECOND.public_key,
            SaidOfKey(at_utc_ms=ROTATED_MS, by="P. J."),
            reached={"U1": 5, "clinic.db": 9, "U2": None},
        ).signed(FIRST, SECOND)
    )
    return history.with_record(
        history.following(
            KeyEvent.REVOKED,
            FIRST.public_key,
            SaidOfKey(at_utc_ms=REVOKED_MS, by="P. J.", reason="laptop stolen"),
            from_utc_ms=150 * DAY_MS,
        ).signed(SECOND)
    )


def stored(history: KeyHistory) -> bytes:
    return "".join(f"{record.line}\n" for record in history.records).encode()


def test_what_is_written_is_read_again() -> None:
    assert read_history(stored(lived())) == lived()
    assert lived().in_use == SECOND.key_id
    assert set(lived().public_keys) == {k.key_id for k in (FIRST, SECOND, FOREIGN, FOUND)}
    assert lived().head == (4, lived().records[-1].digest)
    assert lived().replaced == FIRST.key_id


CASES = {
    "the first key, in its time": (FIRST, 120, place(4), ""),
    "the first key, long before there were records": (FIRST, 1, place(1), ""),
    "revoked, from that moment on": (FIRST, 150, place(5), "was revoked from"),
    "revoked, just before it": (FIRST, 149, place(5), ""),
    "a session behind the rotation, dated back": (FIRST, 120, place(6), "after its time"),
    "a unit that was not there at the rotation, dated back": (
        FIRST,
        120,
        place(1, "U9"),
        "after its time",
    ),
    "a file that could not be read then is judged by the date": (FIRST, 120, place(9, "U2"), ""),
    "the second key, in its time": (SECOND, 250, place(6), ""),
    "the second key on a session of the first": (SECOND, 120, place(5), "before its time"),
    "a clock that was set back is no alteration": (SECOND, 120, place(6), ""),
    "clinic.db has its own place": (SECOND, 120, place(9, "clinic.db"), "before its time"),
    "no place, only a date: too late": (SECOND, 250, None, ""),
    "no place, only a date: too early": (SECOND, 199, None, "before its time"),
    "found when records began": (FOUND, 90, place(2), ""),
    "found, on a later session, dated back": (FOUND, 90, place(3), "after its time"),
    "accepted, at any time": (FOREIGN, 1, place(77), ""),
    "unknown": (SigningKey(bytes(32)), 120, place(1), "stands in no key record"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_key_outside_of_its_time_is_found(case: str) -> None:
    key, day, subject, expected = CASES[case]
    fault = lived().fault_of(key.key_id, day * DAY_MS, subject)
    assert bool(fault) == bool(expected), fault
    assert expected in fault


def test_without_records_nothing_is_known_of_times() -> None:
    assert NO_HISTORY.fault_of(FIRST.key_id, 0, place(1)) == ""


def test_keys_from_elsewhere_keep_the_times_that_are_on_record() -> None:
    other = SigningKey(bytes(32))
    given_keys = {key.key_id: key.public_key for key in (FIRST, other)}
    history = lived().only(given_keys)
    assert "revoked" in history.fault_of(FIRST.key_id, REVOKED_MS, place(1))
    assert history.fault_of(other.key_id, 0, place(1)) == ""
    assert "in no key record" in history.fault_of(SECOND.key_id, REVOKED_MS, place(9))


def test_a_second_revocation_only_takes_more() -> None:
    history = lived()
    for day, expected in ((200, 150), (140, 140)):
        record = history.following(
            KeyEvent.REVOKED,
            FIRST.public_key,
            SaidOfKey(at_utc_ms=REVOKED_MS, by="x", reason="y"),
            from_utc_ms=day * DAY_MS,
        )
        history = history.with_record(record.signed(SECOND))
        assert history.times[FIRST.key_id].revoked_from_utc_ms == expected * DAY_MS


def _signed_by(record: KeyRecord, *keys: SigningKey) -> KeyRecord:
    return record.signed(*keys)


REFUSED: dict[str, Callable[[KeyHistory], KeyRecord]] = {
    "rotated by the old key alone": lambda h: _signed_by(
        h.following(KeyEvent.ROTATED, FOUND.public_key, LATE), SECOND
    ),
    "rotated by a new key alone": lambda h: _signed_by(
        h.following(KeyEvent.ROTATED, bytes(32), LATE), SECOND
    ),
    "rotated by a key whose time is over": lambda h: _signed_by(
        h.following(KeyEvent.ROTATED, SigningKey(bytes(32)).public_key, LATE),
        FIRST,
        SigningKey(bytes(32)),
    ),
    "accepted by itself": lambda h: _signed_by(
        h.following(KeyEvent.ACCEPTED, SigningKey(bytes(32)).public_key, LATE),
        SigningKey(bytes(32)),
    ),
    "revoked by the key that is revoked": lambda h: _signed_by(
        h.following(KeyEvent.REVOKED, FIRST.public_key, LATE, from_utc_ms=1), FIRST
    ),
    "the key in use revoked": lambda h: _signed_by(
        h.following(KeyEvent.REVOKED, SECOND.public_key, LATE, from_utc_ms=1), SECOND
    ),
    "revoked from no moment": lambda h: _signed_by(
        h.following(KeyEvent.REVOKED, FIRST.public_key, LATE), SECOND
    ),
    "a key twice": lambda h: _signed_by(
        h.following(KeyEvent.ACCEPTED, FOREIGN.public_key, LATE), SECOND
    ),
    "begun a second time": lambda h: _signed_by(
        h.following(KeyEvent.BEGUN, SigningKey(bytes(32)).public_key, EARLY), SigningKey(bytes(32))
    ),
    "at another place": lambda h: _signed_by(
        replace(h.following(KeyEvent.REVOKED, FIRST.public_key, EARLY, from_utc_ms=1), number=3),
        SECOND,
    ),
    "not signed": lambda h: h.following(KeyEvent.REVOKED, FIRST.public_key, EARLY, from_utc_ms=1),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_record_that_nobody_may_write_is_not_believed(case: str) -> None:
    history, record = lived(), REFUSED[case](lived())
    with pytest.raises(ValueError, match=r"sign|place|follow|revo|record already|in use"):
        history.with_record(record)
    found = read_history(stored(history) + record.line.encode() + b"\n")
    assert found.records == history.records
    assert found.fault.startswith("record 4 does not fit")


def test_every_edit_of_every_field_is_found() -> None:
    lines = stored(lived()).splitlines()
    for number, line in enumerate(lines):
        said = json.loads(line)
        for name, value in said.items():
            edited = {**said, name: _other(value)}
            text = json.dumps(edited, sort_keys=True, separators=(",", ":")).encode()
            found = read_history(b"\n".join([*lines[:number], text, *lines[number + 1 :]]) + b"\n")
            assert found.fault.startswith(f"record {number} does not fit"), (number, name)
            assert len(found.records) == number


def _other(value: object) -> object:
    if isinstance(value, str):
        return value + "0" if value else "x"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):
        return {**value, "U7": 1}
    return [] if value else ["00" * 32] if isinstance(value, list) else 5


@given(st.randoms(use_true_random=False))
def test_no_damage_of_bytes_is_believed(random: Random) -> None:
    data = bytearray(stored(lived()))
    at = random.randrange(len(data))
    data[at] ^= random.randrange(1, 256)
    found = read_history(bytes(data))
    assert found.fault
    assert len(found.records) < 4


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "1", "[" * 100_000, '{"format":"traction-key-record/1"}', "\ud800"],
)
def test_what_is_no_record_is_a_finding(text: str) -> None:
    found = read_history(stored(lived()) + text.encode("utf-8", "surrogatepass") + b"\n")
    assert found.fault.startswith("record 4 does not fit")
    assert len(found.records) == 4


def test_lines_that_are_gone_or_swapped_are_found() -> None:
    lines = stored(lived()).splitlines(keepends=True)
    for left in ([*lines[:1], *lines[2:]], [lines[0], lines[2], lines[1], lines[3]], lines[1:]):
        assert read_history(b"".join(left)).fault
    assert read_history(b"".join(lines)[:-1]).fault == "the last record is cut"
    assert read_history(b"".join(lines[:3])).fault == "", "only another chain or a copy shows this"


def test_a_key_whose_end_is_dated_before_its_beginning_is_judged_by_place() -> None:
    history = lived()
    third = SigningKey(bytes([9] * 32))
    record = history.following(
        KeyEvent.ROTATED, third.public_key, SaidOfKey(at_utc_ms=BEGUN_MS, by="x"), reached={"U1": 8}
    )
    history = history.with_record(record.signed(SECOND, third))
    assert history.fault_of(SECOND.key_id, 150 * DAY_MS) == ""
    assert "after its time" in history.fault_of(SECOND.key_id, 150 * DAY_MS, place(9))
    assert key_id_of(third.public_key) == history.in_use
