"""The versions of a note with each of their entries, for readers of its history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.note.treatment_note import TreatmentNote
from records.provenance import NOT_ASSESSED_TEXT
from records.visit.note_status import version_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldWord:
    """An entry of a version. ``was`` is the one before it, None also where there was none."""

    name: str
    said: str
    was: str | None
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldVersion:
    """A signature or an amendment: who, when and why in a line, and its entries."""

    line: str
    words: tuple[ToldWord, ...]


def told_versions(note: TreatmentNote) -> Iterator[ToldVersion]:
    """Yields every version, the oldest first."""
    before: dict[str, str | None] = {}
    for version, line in zip(note.versions, version_texts(note), strict=True):
        words = tuple(
            ToldWord(
                name=name,
                said=f"[{NOT_ASSESSED_TEXT}]" if word.not_assessed else repr(word.value),
                was=before.get(name),
                is_changed=name in before,
            )
            for name, word in version.changes.items()
        )
        yield ToldVersion(line=line, words=words)
        before |= {name: word.value for name, word in version.changes.items()}
