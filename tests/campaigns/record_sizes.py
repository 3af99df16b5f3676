"""Size and time of a unit's file over the number of its sessions.

Usage: python -m tests.campaigns.record_sizes [COUNT ...]      default 250 1000 4000 16000

Each session is 15 minutes at 20 Hz with 2.3 samples a link. Its events are those of a simulated
intermittent treatment of 15 minutes, spread over the links. The last one of each file went through
the tables of an open session, so that the file holds the free pages that it leaves. Commands are
started as a user starts them; processor time and peak memory are those of the whole process. Left
out: the disk (the files lie in the system's cache), and clinic.db, which is empty here.
"""

from __future__ import annotations

import hashlib
import os
import resource
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from controller.events import EventKind, JsonValue
from records.evidence.chain_walk import LinkRanges
from records.evidence.packed_links import compute_links_digest, pack_ranges, unpack_ranges
from records.evidence.packed_session import pack_session
from records.evidence.reader import read_session
from records.evidence.sealing import add_chain_signature, seal_session
from records.evidence.session_content import newest_utc_of
from records.evidence.session_keys import SessionKeys, certify, derive_session_keys
from records.evidence.session_rows import Tail, append_batch, canonical, chain_start
from records.evidence.stored_session import computed_links
from records.keys.signing import NoKeyStore, SigningKey, load_or_create_key
from records.store.blocks import pack_block
from records.store.canonical import (
    SAMPLE_SIZE,
    EventRow,
    StoredEvent,
    canonical_json,
    samples_from_bytes,
)
from records.store.chain import (
    NO_SEAL,
    NOTHING,
    LinkRange,
    Subject,
    compute_seal_digest,
    compute_session_digest,
    compute_statement,
)
from records.store.checkpoint import make_checkpoint
from records.store.clinic_file import clinic_writing
from records.store.database import Database, open_for_writing
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from tests.campaigns.asked import ran_on
from tests.support.reference_signal import reference_signal
from tests.support.sessions import SHORT_CERVICAL, staged

ROOT = Path(__file__).resolve().parents[2]
UNIT = "00000000000000aa"
COUNTS = (250, 1000, 4000, 16000)
SESSIONS_A_YEAR = 5000
"""Of a busy table: 20 a day on 250 days."""
RATE_HZ, SIGNAL_HZ = 20, 50
APART_MS = 1_800_000
"""Two sessions an hour."""
LINKS_A_SAMPLE = 1 / 2.3
ORDER = SHORT_CERVICAL.replace("1 min", "15 min")
SIGNATURE_EVERY_LINKS = 522
"""A minute of links."""
BYTES_GOAL, OPEN_GOAL, GROWTH_GOAL, CHAIN_GOAL = 1.5, 40.0, 1.5, 3.0
START = (
    "import sys; from pathlib import Path; from records.keys.signing import NoKeyStore, "
    "load_or_create_key; from records.evidence.start_check import check_before_start; "
    "from records.store.record_folder import RecordFolder; "
    "data = RecordFolder(Path(sys.argv[1])); key = load_or_create_key(data, store=NoKeyStore()); "
    "list(check_before_start(data, sys.argv[2], key, free_bytes=lambda _: 10**12))"
)
"""What a start checks before it asks anything, in a process of its own."""


@dataclass(frozen=True, slots=True)
class Material:
    """What all sessions share.

    Samples and their block, what each link covers (in three forms), later events.
    """

    samples: bytes
    block: bytes
    ranges: list[LinkRange]
    events: tuple[StoredEvent, ...]
    packed_ranges: bytes
    chain: LinkRanges

    @classmethod
    def make(cls) -> Material:
        """15 minutes of the reference signal, thinned to the rate of the loop."""
        whole = samples_from_bytes(reference_signal())
        places = (np.arange(len(whole) * RATE_HZ // SIGNAL_HZ) * SIGNAL_HZ / RATE_HZ).astype(int)
        samples = whole[places].tobytes()
        events = simulated_events()
        ranges = list(_ranges(len(places), len(events)))
        packed = pack_ranges(ranges)
        return cls(samples, pack_block(samples), ranges, events, packed, unpack_ranges(packed))


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a process: processor seconds, and the peak so far in mebibytes."""

    cpu_s: float
    peak_mib: float


def simulated_events() -> tuple[StoredEvent, ...]:
    """All events of a treatment in virtual time, except the opening."""
    with TemporaryDirectory() as folder, staged(RecordFolder(Path(folder))) as stage:
        result = stage.treat(ORDER)
        return read_session(RecordFolder(Path(folder)), result.session_id).events[1:]


def _ranges(samples: int, events: int) -> Iterator[LinkRange]:
    """Links of 2.3 samples, with the events spread over them."""
    covered = NOTHING.next(1, 0)
    yield covered
    every, number = int(samples * LINKS_A_SAMPLE / events), 0
    while covered.next_sample < samples:
        number += 1
        count = min(3 if number % 10 in (3, 6, 9) else 2, samples - covered.next_sample)
        is_due = number % every == 0 and covered.next_event <= events
        covered = covered.next(int(is_due), count)
        yield covered
    if covered.next_event <= events:
        yield covered.next(events + 1 - covered.next_event, 0)


def opening(subject: Subject, key: SigningKey, keys: SessionKeys, start: bytes) -> EventRow:
    """An opening as long as the program's."""
    detail: dict[str, JsonValue] = {
        "session_id": subject.name,
        "unit_id": subject.place,
        "started_utc_ms": subject.number * APART_MS,
        "utc_offset_min": 0,
        "signing_key": key.key_id,
        "session_key": {
            "public_key": keys.signing.public_key.hex(),
            "certificate": certify(key, keys, start).hex(),
        },
        "patient_key": "00" * 8,
        "filler": "x" * 1180,
    }
    return EventRow(
        sequence=0,
        at_ms=0,
        utc_ms=subject.number * APART_MS,
        kind=int(EventKind.SESSION_STARTED),
        version=1,
        detail_json=canonical_json(detail),
    )


def events_of(material: Material, first: EventRow) -> list[EventRow]:
    """The opening, and the simulated events at this session's date."""
    later = (
        EventRow(
            sequence=one.sequence,
            at_ms=one.at_ms,
            utc_ms=first.utc_ms + one.utc_ms - material.events[0].utc_ms,
            kind=int(one.kind),
            version=one.version,
            detail_json=canonical_json(one.detail),
        )
        for one in material.events
    )
    return [first, *later]


def add_sealed(db: Database, number: int, material: Material, key: SigningKey) -> None:
    """Add the rows of a sealed session directly."""
    subject = Subject(name=f"session-{number:06d}", place=UNIT, number=number)
    keys, start = derive_session_keys(key, subject), chain_start(db, number)
    events = events_of(material, opening(subject, key, keys, start))
    links = computed_links(start, material.chain, events, material.samples)
    last, counts = links[-1], (len(events), len(material.samples) // SAMPLE_SIZE, len(links))
    digest = compute_session_digest(canonical(events), material.samples)
    seal = compute_seal_digest(last.digest, digest, counts, start)
    _insert_head(db, subject)
    inner = events[1:-1]
    db.conn.executemany(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, e.sequence, e.at_ms, e.utc_ms, e.kind, 1, e.detail_json)
            for e in (events[0], events[-1])
        ],
    )
    for count in (*range(SIGNATURE_EVERY_LINKS, len(links), SIGNATURE_EVERY_LINKS), len(links)):
        add_chain_signature(db, number, keys, count, links[count - 1].digest)
    db.execute(
        "INSERT INTO seal VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, last.digest, digest, *counts, start, seal),
    )
    checkpoint = make_checkpoint(subject, seal, key.public_key).text
    db.execute(
        "INSERT INTO signature VALUES (?, ?, ?, ?, ?)",
        (
            number,
            key.key_id,
            key.public_key,
            key.sign(compute_statement(subject, seal)),
            checkpoint,
        ),
    )
    db.execute(
        "INSERT INTO packed_links VALUES (?, ?, ?)",
        (number, material.packed_ranges, compute_links_digest(links.digests)),
    )
    db.execute(
        "INSERT INTO packed_session VALUES (?, ?, ?, ?, ?)",
        (
            number,
            len(inner),
            newest_utc_of(inner),
            counts[1],
            pack_session(inner, b"") + material.block,
        ),
    )


def _insert_head(db: Database, subject: Subject) -> None:
    began_ms = subject.number * APART_MS
    db.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?, 0)",
        (subject.number, subject.name, subject.place, began_ms),
    )


def add_whole(path: Path, number: int, material: Material, key: SigningKey) -> float:
    """Add a session commit by commit; returns the bytes a sample by which the open file grew."""
    db = open_for_writing(path, UNIT_SCHEMA)
    db.execute("PRAGMA synchronous = OFF")
    before = path.stat().st_size
    subject = Subject(name=f"session-{number:06d}", place=UNIT, number=number)
    keys, start = derive_session_keys(key, subject), chain_start(db, number)
    events = events_of(material, opening(subject, key, keys, start))
    tail, tagger = Tail(session=number, link=start), keys.tagger()
    with db.atomic():
        _insert_head(db, subject)
        for covered in material.ranges:
            some = events[covered.first_event : covered.next_event]
            data = material.samples[
                SAMPLE_SIZE * covered.first_sample : SAMPLE_SIZE * covered.next_sample
            ]
            tail = tail.follow(some, data)
            append_batch(db, tail, some, data, tagger.tag(tail.link))
            tagger.advance()
            if tail.link_count % SIGNATURE_EVERY_LINKS == 0:
                add_chain_signature(db, number, keys, tail.link_count, tail.link)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    grown = (path.stat().st_size - before) / tail.samples
    seal_session(db, number, key, keys)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return grown


def fill(data: RecordFolder, count: int, material: Material) -> float:
    """Make a unit's file with ``count`` sealed sessions; returns the bytes a sample while open."""
    key = load_or_create_key(data, store=NoKeyStore(), new_seed=lambda: bytes(range(32)))
    path = data.unit_database(UNIT)
    db = open_for_writing(path, UNIT_SCHEMA)
    db.execute("PRAGMA synchronous = OFF")
    for number in range(1, count):
        with db.atomic():
            add_sealed(db, number, material, key)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with clinic_writing(data):  # without it a check of one session cannot read its words
        pass
    return add_whole(path, count, material, key)


def cost_of(*command: str) -> Cost:
    """Run a command as a process; raises RuntimeError if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=_with_bytecode(),
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout[-400:] + done.stderr[-400:])
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s, after.ru_maxrss / 1024)


def _with_bytecode() -> dict[str, str]:
    """Keep bytecode as a program in use does, whatever this process was told."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def bytes_of_links(material: Material, events: list[EventRow]) -> list[bytes]:
    """What each link of such a session covers, as ``compute_link`` hashes it."""
    texts = [event.canonical() for event in events]
    return [
        struct.pack(">IIII", *one)
        + b"".join(texts[one.first_event : one.next_event])
        + material.samples[SAMPLE_SIZE * one.first_sample : SAMPLE_SIZE * one.next_sample]
        for one in material.ranges
    ]


def bare_chain(start: bytes, parts: list[bytes]) -> bytes:
    """The last link: only the SHA-256 sums in sequence."""
    previous = start
    for part in parts:
        previous = hashlib.sha256(previous + part).digest()
    return previous


def bare_chain_s(sessions: int, material: Material, key: SigningKey) -> float:
    """Processor seconds for the chains of so many sessions, all of the same bytes.

    The bytes are put together before timing starts.
    """
    subject = Subject(name="session-000001", place=UNIT, number=1)
    first = opening(subject, key, derive_session_keys(key, subject), NO_SEAL)
    parts = bytes_of_links(material, events_of(material, first))
    started_s = time.process_time()
    for _ in range(sessions):
        bare_chain(NO_SEAL, parts)
    return time.process_time() - started_s


def measured(data: RecordFolder, count: int, material: Material) -> tuple[str, ...]:
    """Make a file with ``count`` sessions and measure a row of the table."""
    grown = fill(data, count, material)
    size = data.unit_database(UNIT).stat().st_size
    samples = count * len(material.samples) // SAMPLE_SIZE
    key = load_or_create_key(data, store=NoKeyStore())
    verify = ("-m", "workstation.cli", "verify", "--data", str(data))
    for _ in range(2):  # the first one may have to make bytecode
        start = cost_of("-c", START, str(data), UNIT)
        one = cost_of(*verify, f"session-{count // 2:06d}")
    bare_before_s = bare_chain_s(count, material, key)
    whole = cost_of(*verify, "--all")
    bare_s = (bare_before_s + bare_chain_s(count, material, key)) / 2
    since = cost_of(*verify, "--all", "--since-last")
    return (
        str(count),
        f"{size / 1e6:.1f}",
        f"{size / samples:.3f}",
        f"{size / count * SESSIONS_A_YEAR / 1e6:.0f}",
        f"{grown:.1f}",
        f"{start.cpu_s:.2f}",
        f"{one.cpu_s:.2f}",
        f"{whole.cpu_s:.1f}",
        f"{bare_s:.1f}",
        f"{whole.cpu_s / bare_s:.2f}",
        f"{since.cpu_s:.2f}",
        f"{whole.peak_mib:.0f}",
    )


def main() -> int:
    """Build a file of each size, measure, print one table."""
    counts = [int(text) for text in sys.argv[1:]] or list(COUNTS)
    material = Material.make()
    table = Table(
        "sessions",
        "MB",
        "bytes a sample",
        "MB a year",
        "open",
        "start check s",
        "verify one s",
        "verify --all s",
        "bare chain s",
        "x bare chain",
        "since last s",
        "peak MiB",
    )
    with TemporaryDirectory() as folder:
        for count in counts:
            row = measured(RecordFolder(Path(folder) / str(count)), count, material)
            print(" ".join(row), flush=True)
            table.add_row(*row)
    Console(width=120).print(table)
    print(
        f"processor seconds of whole processes. Goals: at most {BYTES_GOAL} bytes a sample over "
        f"the whole file, {OPEN_GOAL:g} while open; start check and single verify at most "
        f"{GROWTH_GOAL} x from 250 to 16 000 sessions; verify --all at most {CHAIN_GOAL:g} x a "
        f"bare chain. A year has {SESSIONS_A_YEAR} sessions"
    )
    print(ran_on())
    return 0


if __name__ == "__main__":
    sys.exit(main())
