"""Whether somebody heard the sound today: asked once a day, recorded with a name.

The answers are signed rows of clinic.db's chain, as for a backup; the newest of a day is valid.
Everything that opens a session calls ``start_refusal``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from records.clinic.audit import accesses, record_read
from records.store.author import Author
from records.store.record_folder import RecordFolder
from workstation.sound.wording import NO_SOUND

CHECK: Final = '`traction sound-check --by "NAME"`'
OVERRIDE: Final = '`traction sound-check --by "NAME" --without "REASON"`'


class Hearing(StrEnum):
    """The answer for a day; its value is written in the audit's rows."""

    HEARD = "sound heard"
    NOT_HEARD = "sound not heard"
    WITHOUT = "day without sound"
    NOT_ASKED = "sound not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundOfDay:
    """The newest answer of one day of the clinic."""

    day: date
    hearing: Hearing = Hearing.NOT_ASKED
    by: str = ""
    at_utc_ms: int | None = None
    detail: str = ""
    """The loudspeaker, or the reason of the person who overrode it."""

    @property
    def text(self) -> str:
        """Returns the answer for people."""
        who = f" by {self.by}" if self.by else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.day}: {self.hearing}{who}{detail}"


def sound_of_day(folder: RecordFolder, day: date) -> SoundOfDay:
    """Returns the last answer of this day."""
    said = {hearing.value: hearing for hearing in Hearing}
    rows = [
        row
        for row in accesses(folder)
        if row.what in said and len(row.fields) == 2 and row.fields[0] == day.isoformat()
    ]
    if not rows:
        return SoundOfDay(day=day)
    newest = rows[-1]
    return SoundOfDay(
        day=day,
        hearing=said[newest.what],
        by=newest.by,
        at_utc_ms=newest.at_utc_ms,
        detail=newest.fields[1],
    )


def keep_hearing(
    folder: RecordFolder, author: Author, day: date, hearing: Hearing, detail: str
) -> SoundOfDay:
    """Keep an answer; raises AuditUnavailable."""
    record_read(folder, author, hearing.value, fields=(day.isoformat(), detail))
    return SoundOfDay(
        day=day, hearing=hearing, by=author.by, at_utc_ms=author.at_utc_ms, detail=detail
    )


def start_refusal(of_day: SoundOfDay, *, sounds: bool) -> str:
    """Returns why no session may start; "" when one may. ``sounds``: a loudspeaker answers now."""
    if of_day.hearing is Hearing.WITHOUT:
        return ""
    otherwise = f"or decide for today to work without it: {OVERRIDE}"
    if not sounds:
        return f"{NO_SOUND} Connect or switch one on, {otherwise}"
    if of_day.hearing is Hearing.NOT_HEARD:
        return f"nobody heard the sound today ({of_day.text}): try again: {CHECK}, {otherwise}"
    if of_day.hearing is Hearing.NOT_ASKED:
        return f"nobody has said today whether the sound is heard: {CHECK}, {otherwise}"
    return ""
