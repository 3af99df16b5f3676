"""Stop tests of units: a session on the frame in which the switch was pressed, filed and compared.

The test is an ordinary session, because there is one way to pull. Filed is the time from the unit's
event of the press to 15 N (session-rules.md#numbers-of-the-record), beside earlier tests.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controller.errors import RequestRefused
from controller.event_details.codec import decode_fields, encode_fields
from controller.events import StopCause
from controller.order.prescription import Region
from records.clinic.commissionings import FiledTest, Signer
from records.evidence.believed import read_checked
from records.evidence.reader import SessionRecord
from records.evidence.unreadable import refused_in_words
from records.note.delivered_dose import compute_dose
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, append_entries, entries_of_kind
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.record_folder import RecordFolder

LEAST_FORCE_DN: Final = 500
"""Below 50 N the way to 15 N is too short to distinguish a slow release from a fast one; ours."""
COMPARED: Final = 10
SLOWER_SHARE: Final = 0.30
"""More than 30 % slower than the last ten: have it serviced (session-rules.md)."""
CERVICAL_MS: Final = 2_000
LUMBAR_MS: Final = 4_000
"""A fast release reaches 15 N within this time (hazards.md#reactions)."""
SAME_FORCE_SHARE: Final = 0.10
"""A release from another force takes another time: only tests at a similar one are compared; ours.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTest:
    """One stop test. ``compared_ms`` are the earlier releases that it was compared with.

    ``why`` it was not passed; "" for a passed one.
    """

    unit_id: str
    of_session: str
    seal: str
    force_dn: int
    release_ms: int
    limit_ms: int
    compared_ms: tuple[int, ...]
    passed: bool
    why: str

    @property
    def text(self) -> str:
        """Returns one line for people."""
        before = "no test before it at this force"
        if self.compared_ms:
            median_ms = statistics.median(self.compared_ms)
            count = len(self.compared_ms)
            before = f"median of the last {count} at this force {median_ms:.0f} ms"
        result = "passed" if self.passed else f"NOT PASSED: {self.why}"
        return (
            f"{self.release_ms} ms from {self.force_dn / 10:z.1f} N to 15 N, at most "
            f"{self.limit_ms} ms; {before}; {result}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledStopTest(FiledTest):
    """A stop test on file."""

    test: StopTest


def file_stop_test(folder: RecordFolder, author: Author, session_id: str) -> StopTest:
    """Judge the press in a session and file it, signed; raises RequestRefused or JournalError."""
    record = read_checked(folder, session_id).believed()
    before = stop_tests(folder, record.head.unit_id)
    if any(one.test.of_session == record.head.session_id for one in before):
        raise RequestRefused(
            f"the stop test of session {record.head.session_id} is on file already"
        )
    test = judge_press(record, before)
    detail = encode_fields(Signer(by=author.by, user=author.user)) | encode_fields(test)
    with clinic_writing(folder) as db:
        append_entries(db, author, [(EntryKind.STOP_TESTED, detail)])
    return test


def stop_tests(folder: RecordFolder, unit_id: str) -> list[FiledStopTest]:
    """Returns the stop tests of a unit, oldest first."""
    if not folder.clinic_database.exists():
        return []
    with clinic_reading(folder) as db:
        filed = [_filed(entry) for entry in entries_of_kind(db, EntryKind.STOP_TESTED)]
    return [one for one in filed if one.test.unit_id == unit_id]


def judge_press(record: SessionRecord, before: Sequence[FiledStopTest]) -> StopTest:
    """Returns the first press under force in a session, compared with the unit's earlier tests.

    Raises RequestRefused for a session that is not a stop test.
    """
    force_dn, release_ms = _press(record)
    same = SAME_FORCE_SHARE * force_dn
    compared_ms = [
        one.test.release_ms
        for one in before
        if one.test.passed and abs(one.test.force_dn - force_dn) <= same
    ][-COMPARED:]
    limit_ms = _limit_ms(record)
    why = ""
    if release_ms > limit_ms:
        why = "too slow: take the unit out of use and have it serviced"
    elif compared_ms and release_ms > (1 + SLOWER_SHARE) * statistics.median(compared_ms):
        why = f"more than {SLOWER_SHARE:.0%} slower than before: have the unit serviced"
    return StopTest(
        unit_id=record.head.unit_id,
        of_session=record.head.session_id,
        seal="" if record.seal is None else record.seal.hex(),
        force_dn=force_dn,
        release_ms=release_ms,
        limit_ms=limit_ms,
        compared_ms=tuple(compared_ms),
        passed=not why,
        why=why,
    )


def _press(record: SessionRecord) -> tuple[int, int]:
    """Returns force at the press and time to 15 N; raises RequestRefused for another session."""
    session_id = record.head.session_id
    if record.observed or record.seal is None:
        raise RequestRefused(
            f"session {session_id} is not a stop test: it must be driven by this program and closed"
        )
    pressed = [
        stop
        for stop in compute_dose(record).stops
        if stop.cause == StopCause.PATIENT_SWITCH_PRESSED and stop.force_dn is not None
    ]
    if not pressed:
        raise RequestRefused(
            f"session {session_id} is not a stop test: nobody pressed the patient switch "
            "under force; run one on the frame and press it in a hold"
        )
    stop = pressed[0]
    if stop.force_dn is None or stop.force_dn < LEAST_FORCE_DN:
        raise RequestRefused(
            f"session {session_id} is not a stop test: the switch was pressed at "
            f"{(stop.force_dn or 0) / 10:z.1f} N, and {LEAST_FORCE_DN / 10:z.0f} N are "
            "needed; order more and press it in a hold"
        )
    if stop.to_15_n_ms is None:
        raise RequestRefused(
            f"session {session_id}: the force was never seen at 15 N after the press; take "
            "the unit out of use, and have release and switch checked"
        )
    return stop.force_dn, stop.to_15_n_ms


def _limit_ms(record: SessionRecord) -> int:
    """Returns the longest time of a fast release (hazards.md#reactions)."""
    region = record.started.session.prescription.region
    return CERVICAL_MS if region == Region.CERVICAL.value else LUMBAR_MS


def _filed(entry: Entry) -> FiledStopTest:
    with refused_in_words(f"entry {entry.sequence} of clinic.db, a stop test,"):
        return FiledStopTest(
            test=decode_fields(StopTest, entry.detail),
            by=decode_fields(Signer, entry.detail).by,
            at_utc_ms=entry.utc_ms,
        )
