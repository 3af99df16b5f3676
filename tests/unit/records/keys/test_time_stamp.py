"""Time stamps over the list, checked without a network, against the user's own roots."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from controller.errors import JournalUnavailable, KeyUnavailable
from records.keys.time_stamp import (
    TimeStamp,
    keep_stamp,
    read_certificates,
    read_stamps,
    request_for,
    stamps_file,
)
from tests.support.time_stamp_authority import TimeStampAuthority, refused_reply

MORNING = datetime(2026, 5, 5, 6, 0, 1, tzinfo=UTC)
EVENING = datetime(2026, 5, 5, 20, 0, 2, tzinfo=UTC)
FIRST, GROWN = b"line one\n", b"line one\nline two\n"
OURS = TimeStampAuthority("ours")
THEIRS = TimeStampAuthority("theirs")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "list.txt"


def stamped(place: Path, data: bytes, at: datetime, by: TimeStampAuthority = OURS) -> TimeStamp:
    request = request_for(data)
    return keep_stamp(place, data, by.reply(request, at), request, [OURS.root])


def test_stamps_hold_for_the_list_and_for_every_later_one(place: Path) -> None:
    assert stamped(place, FIRST, MORNING) == TimeStamp(at=MORNING, covers=9)
    stamped(place, GROWN, EVENING)
    found = read_stamps(place, GROWN + b"line three\n", [THEIRS.root, OURS.root])
    assert found.sound == (TimeStamp(at=MORNING, covers=9), TimeStamp(at=EVENING, covers=18))
    assert found.faults == ()


def test_a_list_that_was_changed_or_cut_no_longer_fits(place: Path) -> None:
    stamped(place, FIRST, MORNING)
    stamped(place, GROWN, EVENING)
    changed = read_stamps(place, GROWN.replace(b"two", b"2.."), [OURS.root])
    assert [one.at for one in changed.sound] == [MORNING]
    assert len(changed.faults) == 1
    assert "line 4: the time stamp does not hold: Mismatch between messages" in changed.faults[0]
    (cut,) = read_stamps(place, FIRST, [OURS.root]).faults
    assert "it covers 18 bytes of the list, 9 are there: lines were taken away" in cut


def test_only_the_user_s_own_authority_is_believed(place: Path) -> None:
    """A token that brings its own root along is no better: some versions of libraries took that."""
    request = request_for(FIRST)
    for embedded in ((), (THEIRS.root,), (THEIRS.root, OURS.root)):
        reply = THEIRS.reply(request, MORNING, embedded=embedded)
        with pytest.raises(KeyUnavailable, match="does not hold"):
            keep_stamp(place, FIRST, reply, request, [OURS.root])
    assert not stamps_file(place).exists()


def test_a_certificate_that_is_not_for_time_stamps_is_not_believed(place: Path) -> None:
    other = TimeStampAuthority("signs code", stamps=False)
    request = request_for(FIRST)
    with pytest.raises(KeyUnavailable, match="does not hold"):
        keep_stamp(place, FIRST, other.reply(request, MORNING), request, [other.root])


def test_a_reply_to_another_question_is_refused(place: Path) -> None:
    request = request_for(FIRST)
    for reply in (
        OURS.reply(request, MORNING, nonce=5),
        OURS.reply(request_for(GROWN), MORNING),
        refused_reply(),
        b"",
        b"<html>not found</html>",
        b"x" * (65 << 10),
    ):
        with pytest.raises(KeyUnavailable):
            keep_stamp(place, FIRST, reply, request, [OURS.root])
    assert not stamps_file(place).exists()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda line: line[: len(line) // 2],
    "no JSON": lambda line: b"hello",
    "a list": lambda line: b"[]",
    "nested": lambda line: b"[" * 100_000,
    "no base 64": lambda line: b'{"bytes": 9, "reply": "?"}',
    "a text for a number": lambda line: line.replace(b": 9", b': "9"'),
    "true for a number": lambda line: line.replace(b": 9", b": true"),
    "nothing covered": lambda line: line.replace(b": 9", b": 0"),
    "less covered": lambda line: line.replace(b": 9", b": 8"),
    "no bytes": lambda line: b"\xff\0",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_a_fault_in_words(place: Path, damage: str) -> None:
    stamped(place, FIRST, MORNING)
    path = stamps_file(place)
    path.write_bytes(DAMAGE[damage](path.read_bytes().strip()) + b"\n")
    found = read_stamps(place, FIRST, [OURS.root])
    assert (len(found.sound), len(found.faults)) == (0, 1)


def test_no_mutated_reply_is_an_internal_error_or_of_another_time(place: Path) -> None:
    stamped(place, FIRST, MORNING)
    path, random = stamps_file(place), Random(4)
    reply = base64.b64decode(json.loads(path.read_bytes())["reply"])
    for _ in range(400):
        mutated = bytearray(reply)
        for _ in range(random.choice((1, 1, 3))):
            at = random.randrange(len(mutated))
            how = random.randrange(3)
            if how == 0:
                mutated[at] ^= random.randrange(1, 256)
            elif how == 1:
                del mutated[at]
            else:
                mutated.insert(at, random.randrange(256))
        line = json.dumps({"bytes": 9, "reply": base64.b64encode(mutated).decode()})
        path.write_text(line + "\n")
        found = read_stamps(place, FIRST, [OURS.root])
        assert len(found.sound) + len(found.faults) == 1
        assert all(one.at == MORNING for one in found.sound)


def test_a_place_out_of_reach_and_certificates_that_are_none_are_named(
    place: Path, tmp_path: Path
) -> None:
    pem = tmp_path / "root.pem"
    with pytest.raises(KeyUnavailable, match="correct the setting timestamp_certificates"):
        read_certificates(pem)
    pem.write_text("x")
    with pytest.raises(KeyUnavailable, match="holds no certificates"):
        read_certificates(pem)
    pem.write_bytes(OURS.root_pem)
    assert read_certificates(pem) == [OURS.root]
    stamps_file(place).mkdir()
    with pytest.raises(JournalUnavailable, match="cannot be read"):
        read_stamps(place, FIRST, [OURS.root])
    with pytest.raises(JournalUnavailable, match="stamp again"):
        stamped(place, FIRST, MORNING)


def test_a_file_of_replies_without_end_is_a_fault(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.keys.time_stamp.LARGEST_FILE", 50)
    stamped(place, FIRST, MORNING)
    assert read_stamps(place, FIRST, [OURS.root]).faults == (
        "list.txt.stamps.jsonl is larger than 50 bytes",
    )
