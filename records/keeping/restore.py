"""Restore of a backup: checked completely beside the data folder, put in place by one rename.

Altered parts are not put in place unless a person asks for them by name: a file of the backup or
the id of a session.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.errors import BackupAltered, BackupRefused
from records.keeping.backup_check import BackupFinding, Checked, check_contents
from records.keeping.backup_list import LIST, SignedList, file_names, is_of_backup
from records.keeping.backup_source import opened_backup, read_list, unpack
from records.keys.key_checkpoint import faults_against, is_of_keys
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.store.checkpoint import Checkpoint
from records.store.drafts import Draft, draft_beside, put_in_place, remove_left_overs
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a backup is compared with: keys from elsewhere (None: those in it) and checkpoints."""

    public_keys: Mapping[str, bytes] | None = None
    checkpoints: Sequence[Checkpoint] = ()

    @property
    def basis(self) -> str:
        """Returns it in words."""
        keys = "the public keys in the backup itself"
        if self.public_keys is not None:
            keys = f"{len(self.public_keys)} public keys from outside"
        return f"checked against {keys} and {len(self.checkpoints)} outside checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreReport:
    """The findings of a backup, and its new place. ``findings`` were asked for by name."""

    place: Path
    made_utc_ms: int
    checkpoint: str
    files: tuple[str, ...]
    sessions: int
    links: int
    basis: str
    findings: tuple[BackupFinding, ...]


def restore(
    source: Path,
    folder: RecordFolder,
    trust: Trust,
    *,
    accepted: Collection[str] = (),
    identity: Path | None = None,
    before_rename: Callable[[RecordFolder, RestoreReport], None] = lambda restored, report: None,
) -> RestoreReport:
    """Put a backup into an empty or missing folder, complete and durable, or change nothing.

    ``accepted`` are names of findings that are restored nevertheless. ``before_rename`` is called
    with the folder that is about to get its name: the place for the audit row of the restore.
    Raises BackupRefused, BackupAltered (with every finding as its detail) or JournalUnavailable.
    """
    remove_left_overs(folder.path.parent)
    _refuse_folder(folder)
    with draft_beside(folder.path) as draft:
        report = _checked(source, draft, folder.path, trust, identity)
        _refuse_findings(report, accepted)
        before_rename(RecordFolder(draft.content), report)
        put_in_place(draft.content, folder.path)
    return report


def prove(
    source: Path,
    workroom: Path,
    trust: Trust,
    identity: Path | None,
    with_copy: Callable[[RecordFolder, RestoreReport], None] = lambda copy, report: None,
) -> RestoreReport:
    """Restore a backup into a temporary folder beside ``workroom``, and verify it.

    Findings are reported, not raised; ``with_copy`` may use the copy freely. Raises BackupRefused
    or JournalUnavailable.
    """
    with draft_beside(workroom) as draft:
        report = _checked(source, draft, source, trust, identity)
        with_copy(RecordFolder(draft.content), report)
        return report


def _refuse_folder(folder: RecordFolder) -> None:
    if not os.path.lexists(folder.path):
        return
    if not folder.path.is_dir() or folder.path.is_symlink():
        raise BackupRefused(f"{folder} is not a folder; name another one with --data")
    there = sorted(path.name for path in folder.path.iterdir())
    if there:
        raise BackupRefused(
            f"{folder} is not empty (it holds {', '.join(there[:3])}), and a restore never "
            "replaces anything; move that folder away or name another one with --data"
        )


def _checked(
    source: Path, draft: Draft, place: Path, trust: Trust, identity: Path | None
) -> RestoreReport:
    """Unpack into the draft and check everything."""
    with opened_backup(source, draft.folder / "decrypted.zip", identity) as backup:
        signed = read_list(backup, source)
        found = list(unpack(backup, signed.content.files, draft.content))
    unpacked = RecordFolder(draft.content)
    in_it = known_public_keys(unpacked)
    known = in_it if trust.public_keys is None else trust.public_keys
    found += _faults_of_list(signed, known, trust)
    of_keys = [point for point in trust.checkpoints if is_of_keys(point)]
    found += [
        BackupFinding(name=unpacked.name_of(unpacked.key_records), what=what)
        for what in faults_against(key_history(unpacked), of_keys)
    ]
    others = (is_of_backup, is_of_keys)
    of_records = [p for p in trust.checkpoints if not any(of_other(p) for of_other in others)]
    checked = check_contents(unpacked, known, of_records, aside=draft.folder / "aside")
    return _report(place, signed, checked, found, draft.content, trust)


def _faults_of_list(
    signed: SignedList, known: Mapping[str, bytes], trust: Trust
) -> Iterator[BackupFinding]:
    """Yields faults; an old unsigned list is one only if keys or a checkpoint are to prove it."""
    fault = signed.fault(known)
    if fault and (signed.signature or trust.public_keys is not None):
        yield BackupFinding(name=LIST, what=fault)
    for point in trust.checkpoints:
        mine = signed.checkpoint
        if is_of_backup(point) and (mine is None or mine.text.lower() != point.text.lower()):
            yield BackupFinding(name=LIST, what=f"{point.text} was given out for another backup")


def _report(
    place: Path,
    signed: SignedList,
    checked: Checked,
    found: list[BackupFinding],
    content: Path,
    trust: Trust,
) -> RestoreReport:
    checkpoint = signed.checkpoint
    return RestoreReport(
        place=place,
        made_utc_ms=signed.content.made_utc_ms,
        checkpoint=checkpoint.text if checkpoint else "",
        files=tuple(file_names(content)),
        sessions=checked.sessions,
        links=checked.links,
        basis=trust.basis,
        findings=(*found, *checked.findings),
    )


def _refuse_findings(report: RestoreReport, accepted: Collection[str]) -> None:
    names = {finding.name for finding in report.findings}
    for name in accepted:
        if name not in names:
            raise BackupRefused(
                f"nothing altered was found under the name {name!r}; leave it out of "
                "--accept-altered"
            )
    refused = [finding for finding in report.findings if finding.name not in accepted]
    if refused:
        asked = " ".join(f"--accept-altered {name}" for name in sorted(names - set(accepted)))
        raise BackupAltered(
            f"{len(refused)} findings in the backup; nothing was restored. Use another "
            f"backup, or accept what was altered by its name: {asked}",
            detail="\n".join(f"{finding.name}: {finding.what}" for finding in refused),
        )
