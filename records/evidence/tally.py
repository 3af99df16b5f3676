"""Counts what a verification checked and found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from records.evidence.guarded_check import GuardedCheck
from records.evidence.quarantine import PutAside
from records.evidence.session_check import NOT_OUTSIDE, Alteration
from records.evidence.stored_session import SealRow, SealSignature, SessionHead
from records.evidence.unreadable import UNREADABLE
from records.keys.key_records import KeyHistory
from records.store.chain import Subject
from records.store.checkpoint import Checkpoint, make_checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was checked, and what was found.

    ``signed`` seals have a signature, ``unsigned`` ones are from before signatures, ``open``
    sessions have no seal yet, ``removed`` ones have lost their content to a retention rule.
    ``checkpoints`` counts the outside ones that were compared. ``left_out`` sessions were not read
    again; they are in none of the other counts, and the oldest full check among them was at
    ``left_out_since_utc_ms``.
    """

    sessions: int
    links: int
    events: int
    samples: int
    signed: int
    unsigned: int
    open: int
    removed: int
    key_ids: tuple[str, ...]
    keys_known: bool
    checkpoints: int
    put_aside: tuple[PutAside, ...]
    left_out: int
    left_out_since_utc_ms: int | None
    is_whole: bool
    """True when every session was asked for, and the files as a whole."""
    alterations: tuple[Alteration, ...]

    @property
    def basis(self) -> str:
        """Returns what the verdict is based on, in words."""
        signature = f"{self.signed} signatures"
        if self.signed and not self.keys_known:
            signature += " (no public key of the workstation at hand: only against the key beside)"
        if self.unsigned:
            signature += f", {self.unsigned} sealed before signatures existed"
        if self.removed:
            signature += f", the content of {self.removed} removed by a signed rule"
        outside = f"{self.checkpoints} outside checkpoints" if self.checkpoints else NOT_OUTSIDE
        part = "" if self.is_whole else "; this session and the seals beside it, not the whole file"
        if self.left_out:
            every = self.sessions + self.left_out
            part = f"; {self.left_out} of {every} sessions were not read again"
        return f"chain, {signature}; {outside}{part}"


class Tally:
    """The findings so far."""

    def __init__(self, known_keys: Mapping[str, bytes], key_history: KeyHistory) -> None:
        self.known_keys = known_keys
        self.key_history = key_history
        self.out_of_reach: frozenset[str] = frozenset()
        self._sessions = self._links = self._events = self._samples = 0
        self._signed = self._unsigned = self._open = self._removed = self._compared = 0
        self._key_ids: set[str] = set()
        self._codes: dict[str, str | None] = {}
        self._unread: set[str] = set()
        self._names: set[str] = set()
        self.alterations: list[Alteration] = []
        self.put_aside: list[PutAside] = []
        self.left_out: list[int] = []
        self.is_whole = True

    def take(self, head: SessionHead, checked: GuardedCheck) -> None:
        """Count a session that was checked."""
        self.alterations += checked.alterations
        self._sessions += 1
        name = self._named(head)
        if checked.stored is None:
            self._unread.add(name)
            return
        stored = checked.stored
        self._codes[name] = _code(stored.head, stored.seal, stored.signature)
        self._links += len(stored.links)
        self._events += len(stored.events)
        self._samples += stored.sample_count
        self._removed += stored.removal is not None
        if stored.seal is None:
            self._open += 1
        elif stored.signature is not None:
            self._signed += 1
            self._key_ids.add(stored.signature.key_id)
        else:
            self._unsigned += 1

    def leave_out(
        self, head: SessionHead, seal: SealRow | None, signature: SealSignature | None, since: int
    ) -> None:
        """Count one that was not read again; its last full check was at ``since``, UTC ms."""
        self._codes[self._named(head)] = _code(head, seal, signature)
        self.left_out.append(since)

    def _named(self, head: SessionHead) -> str:
        name = head.session_id.upper()
        if name in self._names:
            what = (
                "it stands in another file, or once more in this one: a file was copied; move the "
                "copy out of the folder"
            )
            self.alterations.append(
                Alteration(session_id=head.session_id, where="its file", what=what)
            )
        self._names.add(name)
        return name

    def compare(self, outside: Iterable[Checkpoint]) -> None:
        """Compare the checkpoints from outside."""
        for checkpoint in outside:
            self._compared += 1
            self.alterations += self._against(checkpoint)

    def _against(self, outside: Checkpoint) -> Iterator[Alteration]:
        name, unread = outside.name.upper(), False
        if name not in self._codes and name in self.out_of_reach:
            what, unread = "its checkpoint was not compared: its file cannot be reached", True
        elif name in self._unread:
            what = "a checkpoint was given out for it, but its rows cannot be read"
        elif name not in self._codes:
            what = "a checkpoint was given out for it, but it is not on file: cut off, or replaced"
        elif (code := self._codes[name]) is None:
            what = "a checkpoint was given out for it, but it has no signed seal: an older file"
        elif code != outside.code:
            what = "its seal, number, unit or key is not the one that the checkpoint was made for"
        else:
            return
        yield Alteration(
            session_id=outside.name, where="outside checkpoint", what=what, unread=unread
        )

    def result(self) -> Verification:
        """Returns the result."""
        return Verification(
            sessions=self._sessions,
            links=self._links,
            events=self._events,
            samples=self._samples,
            signed=self._signed,
            unsigned=self._unsigned,
            open=self._open,
            removed=self._removed,
            key_ids=tuple(sorted(self._key_ids)),
            keys_known=bool(self.known_keys),
            checkpoints=self._compared,
            put_aside=tuple(self.put_aside),
            left_out=len(self.left_out),
            left_out_since_utc_ms=min(self.left_out, default=None),
            is_whole=self.is_whole,
            alterations=tuple(self.alterations),
        )


def _code(head: SessionHead, seal: SealRow | None, signature: SealSignature | None) -> str | None:
    """Returns the code of the checkpoint that the stored seal and key would get.

    None without them.
    """
    if seal is None or signature is None:
        return None
    subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
    try:
        return make_checkpoint(subject, seal.digest, signature.public_key).code
    except UNREADABLE:  # an id that is not a text; check_session has reported it
        return None
