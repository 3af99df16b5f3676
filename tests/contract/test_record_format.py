"""docs/reference/record-format.md is sufficient: a second reader, written from that page alone.

It shares nothing with ``records``, so that page and program cannot drift apart unnoticed. Only the
session that is read is made by the program.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from controller.events import EventKind, Sample, SampleFlag, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence.journal import SessionOpening, open_session
from records.keys.signing import SigningKey
from records.store.record_folder import RecordFolder
from tests.support.second_reader import SAMPLE, Reading, chain, read

UNIT = "00000000000000aa"
KEY = SigningKey(bytes(32))


def make_session(folder: RecordFolder, session_id: str, *, ticks: int, close: bool) -> list[Sample]:
    """Samples with every special case of the page."""
    clock = VirtualClock()
    opening = SessionOpening(
        session_id=session_id, unit_id=UNIT, utc_offset_min=-360, detail={"ü": [1, None, "é"]}
    )
    journal = open_session(folder, opening, clock, key=KEY)
    samples = [
        Sample(
            taken_at_ms=50 * tick + tick % 3,
            target_dn=1020 if tick % 7 else 0,
            force_1_dn=None if tick % 11 == 5 else 1000 - 37 * tick,
            force_2_dn=None if tick % 5 == 2 else -(tick**2),
            phase=6 if tick % 4 else 10,
            flags=SampleFlag(tick % 3),
        )
        for tick in range(ticks)
    ]
    for sample in samples:
        clock.sleep_until(clock.now_s() + 0.05)
        journal.append_sample(sample)
        if sample.taken_at_ms % 10 == 0:
            detail = {"to": "holding"}
            event = SessionEvent(
                kind=EventKind.PHASE_CHANGED, at_ms=sample.taken_at_ms, detail=detail
            )
            journal.append_event(event)
    if close:
        journal.close()
    else:
        journal.sync()
        journal.abandon()
    return samples


def expected_samples(samples: list[Sample]) -> bytes:
    def stored(force_dn: int | None) -> int:
        return -0x8000 if force_dn is None else force_dn

    return b"".join(
        SAMPLE.pack(
            s.taken_at_ms,
            s.target_dn,
            stored(s.force_1_dn),
            stored(s.force_2_dn),
            s.phase,
            int(s.flags),
        )
        for s in samples
    )


@pytest.mark.parametrize("close", [True, False], ids=["sealed", "open"])
def test_the_second_reader_gets_every_sample(folder: RecordFolder, close: bool) -> None:
    samples = make_session(folder, "s-1", ticks=120, close=close)
    reading = read(folder.unit_database(UNIT), 1)
    assert reading.samples == expected_samples(samples)
    assert (reading.seal is not None) is close


def test_the_second_verifier_agrees_with_links_and_seals_of_two_sessions(
    folder: RecordFolder,
) -> None:
    make_session(folder, "s-1", ticks=60, close=True)
    make_session(folder, "s-2", ticks=30, close=True)
    previous = bytes(32)
    for number in (1, 2):
        reading = read(folder.unit_database(UNIT), number)
        assert len(reading.links) > 5
        digests = list(chain(reading, previous))
        assert reading.links_digest == hashlib.sha256(b"".join(digests)).digest()
        assert reading.seal is not None
        check_signatures(reading, digests, number, previous)
        *content, digest = reading.seal
        session_digest = hashlib.sha256(b"".join(reading.events) + reading.samples).digest()
        counts = [len(reading.events), len(reading.samples) // 13, len(reading.links)]
        assert content == [digests[-1], session_digest, *counts, previous]
        packed = struct.pack(">III", *counts)
        seal = hashlib.sha256(digests[-1] + session_digest + packed + previous).digest()
        assert digest == seal
        previous = digest


def check_signatures(reading: Reading, digests: list[bytes], number: int, start: bytes) -> None:
    """Sections "Session key" and "Chain signature"."""

    def statement(digest: bytes) -> bytes:
        lines = f"traction-statement/1\ns-{number}\n{UNIT}\n{number}\n{digest.hex()}\n"
        return hashlib.sha256(lines.encode()).digest()

    said = json.loads(reading.events[0][23:])["session_key"]
    public = bytes.fromhex(said["public_key"])
    certified = hashlib.sha256(b"traction-session-key/1" + public + start).digest()
    Ed25519PublicKey.from_public_bytes(KEY.public_key).verify(
        bytes.fromhex(said["certificate"]), statement(certified)
    )
    assert reading.chain_signatures[-1][0] == len(digests)
    for count, signature in reading.chain_signatures:
        signed = hashlib.sha256(
            b"traction-chain/1" + count.to_bytes(4, "big") + digests[count - 1]
        ).digest()
        Ed25519PublicKey.from_public_bytes(public).verify(signature, statement(signed))


def test_the_links_of_an_open_session_are_tagged_as_the_page_says(folder: RecordFolder) -> None:
    make_session(folder, "s-1", ticks=60, close=False)
    path = folder.unit_database(UNIT)
    reading = read(path, 1)
    links = list(chain(reading, bytes(32)))
    assert [link[4] for link in reading.links] == [link[:8] for link in links]
    db = sqlite3.connect(path)
    tags = [tag for (tag,) in db.execute("SELECT tag FROM open_batch ORDER BY number")]
    db.close()
    info = f"traction-session/1\ns-1\n{UNIT}\n1\n".encode()
    derived = HKDF(SHA256(), length=64, salt=None, info=info).derive(bytes(32))
    key, expected = derived[32:], []
    for link in links:
        expected.append(hmac.digest(key, link, "sha256")[:16])
        key = hashlib.sha256(b"traction-tag-step/1" + key).digest()
    assert tags == expected
    side = path.with_suffix(".spill").read_bytes()
    magic, session, count, mark = struct.unpack_from(">8sII32s", side)
    assert (magic, session, count) == (b"TSPILL2\n", 1, len(tags))
    message = b"traction-end/1" + count.to_bytes(4, "big") + links[-1]
    assert mark == hmac.digest(key, message, "sha256")


def test_the_text_of_an_event_is_the_one_the_page_describes(folder: RecordFolder) -> None:
    make_session(folder, "s-1", ticks=1, close=True)
    text = read(folder.unit_database(UNIT), 1).events[0][23:].decode()
    assert text == json.dumps(
        json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert '"ü":[1,null,"é"]' in text
