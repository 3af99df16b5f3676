"""Checks of the records, whole or of one session, against what comes from outside the folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.clinic.chain_check import ClinicAlteration
from records.clinic.clinic_verify import (
    ClinicVerification,
    is_of_clinic,
    verify_clinic,
    verify_words,
)
from records.evidence.clock_steps import ClockStep, clock_steps
from records.evidence.integrity import Watch
from records.evidence.integrity import verify as verify_evidence
from records.evidence.session_check import Alteration
from records.evidence.tally import Verification
from records.evidence.verified import Recall
from records.keeping.backup_list import is_of_backup
from records.keys.key_checkpoint import faults_against, is_of_keys
from records.keys.key_folder import key_history
from records.keys.key_records import KeyHistory
from records.keys.signing import known_public_keys
from records.store.checkpoint import Checkpoint
from records.store.record_folder import RecordFolder
from workstation.anchors import compared
from workstation.output import utc_text
from workstation.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a check compares the records with that does not come from their folder.

    ``keys`` by key id, None for those of the folder.
    """

    checkpoints: Sequence[Checkpoint] = ()
    keys: dict[str, bytes] | None = None


NOTHING_GIVEN = Outside()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOfRecords:
    """What a verification found; ``alterations`` are those of sessions, keys and time stamps.

    Where only one session was checked, ``clinic`` is about its entries, and ``steps`` are empty.
    """

    sessions: Verification
    alterations: Sequence[Alteration]
    basis: str
    clinic: ClinicVerification
    trusted: KeyHistory
    steps: Sequence[ClockStep]

    @property
    def every(self) -> list[Alteration | ClinicAlteration]:
        """Returns every finding."""
        return [*self.alterations, *self.clinic.alterations]


def check_records(
    settings: Settings,
    folder: RecordFolder,
    wanted: str | None,
    outside: Outside,
    *,
    recall: Recall,
    watch: Watch,
) -> FoundOfRecords:
    """Run every check of the records, or of the ``wanted`` session."""
    second = compared(settings, folder)
    points = [*outside.checkpoints, *_about(second.checkpoints, wanted)]
    of_clinic = [point for point in points if is_of_clinic(point)]
    of_keys = [point for point in points if is_of_keys(point)]
    others = (is_of_clinic, is_of_keys, is_of_backup)
    of_sessions = [p for p in points if not any(of_other(p) for of_other in others)]
    result = verify_evidence(
        folder,
        wanted,
        checkpoints=of_sessions,
        public_keys=outside.keys,
        recall=recall,
        watch=watch,
    )
    if wanted is None or of_clinic:
        clinic = verify_clinic(folder, checkpoints=of_clinic, public_keys=outside.keys)
    else:
        clinic = verify_words(folder, wanted, public_keys=outside.keys)
    return FoundOfRecords(
        sessions=result,
        alterations=[*result.alterations, *_of_anchors(folder, of_keys, second.faults)],
        basis=f"{result.basis}; {second.basis}" if second.basis else result.basis,
        clinic=clinic,
        trusted=_trusted(folder, outside.keys),
        steps=clock_steps(folder) if wanted is None else [],
    )


def alteration_line(found: Alteration) -> str:
    """Returns a finding for people."""
    since = "" if found.since_utc_ms is None else f", since {utc_text(found.since_utc_ms)}"
    label = "NOT CHECKED" if found.unread else "ALTERED"
    whose = f"session {found.session_id}, " if found.session_id else ""
    return f"{label} {whose}{found.where}: {found.what}{since}"


def verdict_on(
    every: Sequence[Alteration | ClinicAlteration], *, read_everything: bool = True
) -> str:
    """Returns the verdict on all findings together."""
    if not all(found.unread for found in every):
        return "altered"
    if every:
        return "not everything could be checked"
    return "nothing was altered" + ("" if read_everything else " in what was read")


def _about(points: Sequence[Checkpoint], session_id: str | None) -> list[Checkpoint]:
    """Returns all checkpoints of the second place, or those of one session."""
    if session_id is None:
        return list(points)
    return [point for point in points if point.name.upper() == session_id.upper()]


def _of_anchors(
    folder: RecordFolder, of_keys: Sequence[Checkpoint], faults: Sequence[str]
) -> Iterator[Alteration]:
    """Returns what does not match the checkpoints of the record of keys, and the time stamps."""
    for what in faults_against(key_history(folder), of_keys):
        yield Alteration(session_id="", where="the record of keys", what=what)
    for what in faults:
        yield Alteration(session_id="", where="the second place", what=what)


def _trusted(folder: RecordFolder, given: dict[str, bytes] | None) -> KeyHistory:
    """Returns the keys that a verification trusted, with their periods."""
    history = key_history(folder)
    if given is not None:
        return history.only(given)
    if history.records or history.fault:
        return history
    return history.only(known_public_keys(folder), "folder")
