"""What a person has posted from the page of a note: texts, ticks, signature, and what was shown.

Each field comes with marks of the entry and the text that the page had. So an entry that somebody
else has made meanwhile is not overwritten, and a text that was not touched here replaces none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.errors import RequestRefused
from records.note.device_fields import Field
from records.note.fields import REMARK
from records.note.lifecycle import checked_word
from records.note.treatment_note import TreatmentNote
from records.note.typed import TYPED
from records.provenance import ORDERED
from workstation.console.acts import Form
from workstation.visit.completing import MINUTES, minutes_in

FIELD, SEEN, CONFIRM, NOTHING = "field.", "seen.", "confirm.", "nothing."
REASON, SIGNATURE = "reason", "signature"
WHOLE_NOTE: Final = ""
"""The place of a fault that belongs to no field."""
_LINE_ENDS = re.compile(r"\s*[\r\n]+\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedNote:
    """Names are those of the note's fields. ``seen`` has the marks that came with the page.

    ``remark`` is a new remark, ``remark_upon`` the field of the device that it is about.
    """

    texts: Mapping[str, str]
    confirmed: tuple[str, ...]
    nothing: tuple[str, ...]
    seen: Mapping[str, str]
    signature: str
    credentials: str
    reason: str
    remark: str
    remark_upon: str

    @classmethod
    def of(cls, form: Form) -> PostedNote:
        """Read a form; a text with several lines becomes one line, as notes have them."""
        posted = form.values()
        return cls(
            texts={name: _one_line(text) for name, text in _under(FIELD, posted)},
            confirmed=tuple(name for name, text in _under(CONFIRM, posted) if text),
            nothing=tuple(name for name, text in _under(NOTHING, posted) if text),
            seen=dict(_under(SEEN, posted)),
            signature=form.text(SIGNATURE),
            credentials=form.text("credentials"),
            reason=_one_line(form.text(REASON)),
            remark=_one_line(form.text("remark")),
            remark_upon=form.text("remark_upon"),
        )

    def is_touched(self, name: str, text: str) -> bool:
        """Returns whether a person has changed a text since the page had it."""
        return self.seen.get(name, "").partition("-")[2] != mark_of(text)

    def is_stale(self, field: Field) -> bool:
        """Returns whether somebody has changed a field since the page was loaded."""
        return self.seen.get(field.name, "").partition("-")[0] != word_mark(field)

    def waiting(self, note: TreatmentNote) -> dict[str, str]:
        """Returns what is kept as typed: texts that a person has touched; "" for unchanged ones."""
        found = {}
        for field in note.clinician_fields:
            text = self.texts.get(field.name)
            if text is not None and self.is_touched(field.name, text):
                found[field.name] = "" if text == field.value else text
        upon = REMARK + self.remark_upon
        if self.remark_upon in {field.name for field in note.fixed_fields} and upon not in found:
            found[upon] = self.remark
        if note.versions and self.is_touched(REASON, self.reason):
            found[REASON] = self.reason
        return found

    def words(self, note: TreatmentNote) -> dict[str, str]:
        """Returns what the person enters for fields.

        Raises RequestRefused for minutes that are not two numbers.
        """
        said = {
            field.name: self.texts[field.name]
            for field in note.clinician_fields
            if self.texts.get(field.name, field.value or "") != (field.value or "")
        }
        if said.get(MINUTES[0]) == " ".join(note.field(name).value or "" for name in MINUTES):
            del said[MINUTES[0]]  # an older page has posted both, unchanged
        if asks_both_minutes(note) and said.get(MINUTES[0]):
            said |= minutes_in(said[MINUTES[0]])
        if self.remark:
            said[REMARK + self.remark_upon] = self.remark
        return {name: text for name, text in said.items() if text or note.field(name).value}

    def marked_nothing(self, note: TreatmentNote) -> list[str]:
        """Returns the fields for which the person says that there is nothing to say."""
        both = asks_both_minutes(note) and MINUTES[0] in self.nothing
        return [*self.nothing, *(MINUTES[1:] if both else ())]


def asks_both_minutes(note: TreatmentNote) -> bool:
    """Returns whether both numbers of minutes are open: they are asked in one line."""
    return set(MINUTES) <= {*note.open_fields}


def mark_of(text: str) -> str:
    """Returns a short mark of a text."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def word_mark(field: Field) -> str:
    """Returns a mark of a field's entry: a new entry with the same text has another mark."""
    return mark_of(json.dumps([field.value, field.not_assessed, field.attested_utc_ms]))


def faults_of(note: TreatmentNote, posted: PostedNote) -> dict[str, str]:
    """Returns why nothing of it is saved, by field."""
    try:
        said = posted.words(note)
    except RequestRefused as refusal:
        return {MINUTES[0]: refusal.message}
    faults = {}
    for name in {*said, *posted.confirmed, *posted.marked_nothing(note)}:
        if fault := _fault(note, posted, name, said.get(name)):
            faults[_place(note, name)] = fault
    return faults


def changed_meanwhile(note: TreatmentNote, posted: PostedNote) -> list[str]:
    """Returns the fields that the page did not show as they are now: nobody signs unseen words."""
    return [field.label for field in note.clinician_fields if posted.is_stale(field)]


def said_by_others(before: TreatmentNote, now: TreatmentNote, posted: PostedNote) -> list[str]:
    """Returns the fields that somebody else has changed while the post was handled."""
    own = {*posted.words(before), *posted.confirmed, *posted.marked_nothing(before)}
    return [
        field.label
        for field in now.clinician_fields
        if field.name not in own and word_mark(field) != word_mark(before.field(field.name))
    ]


def still_open(note: TreatmentNote, posted: PostedNote) -> list[str]:
    """Returns the labels of fields that stay open after the post."""
    settled = {*posted.words(note), *posted.confirmed, *posted.marked_nothing(note)}
    return [note.field(name).label for name in note.open_fields if name not in settled]


def _place(note: TreatmentNote, name: str) -> str:
    """Returns where a page shows it: both minutes share one line, a new remark has its own."""
    if name == MINUTES[1] and asks_both_minutes(note):
        return MINUTES[0]
    known = {field.name for field in note.clinician_fields}
    if name in known:
        return name
    return REMARK if name.startswith(REMARK) else WHOLE_NOTE


def _fault(note: TreatmentNote, posted: PostedNote, name: str, text: str | None) -> str:
    known = {field.name: field for field in note.clinician_fields}
    ticked = name in (*posted.confirmed, *posted.marked_nothing(note))
    if ticked and name not in known:
        return f"{name} is not a field with a tick; use the ticks of the page."
    if text is None and _is_settled(known[name]):
        return ""
    if name in known and posted.is_stale(known[name]):
        return _said_meanwhile(known[name])
    if ticked and text is not None:
        return "There is both a tick and a text; keep one of them."
    if text is None:
        return _fault_of_tick(note, posted, name)
    try:
        checked_word(note, name, text)
    except RequestRefused as refusal:
        return refusal.message
    return ""


def _is_settled(field: Field) -> bool:
    """Returns whether a tick was saved already: a double click, or a page that was sent again."""
    confirmed = field.value is not None and field.source not in (TYPED, ORDERED)
    return field.not_assessed or confirmed


def _fault_of_tick(note: TreatmentNote, posted: PostedNote, name: str) -> str:
    if name in posted.confirmed and name in posted.nothing:
        return "There are two ticks; keep one of them."
    if name in posted.confirmed and name not in {each.name for each in note.proposals}:
        return "The last visit has no entry for it; write today's words."
    return ""


def _said_meanwhile(field: Field) -> str:
    by = field.attested_by or "somebody"
    said = "nothing to say" if field.not_assessed else repr(field.value or "nothing")
    return (
        f"{field.label} is now {said}, by {by}: this entry was made after the page was "
        "loaded. Yours was not saved; it is kept here."
    )


def _under(beginning: str, posted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in posted.items():
        if name.startswith(beginning):
            yield name.removeprefix(beginning), text


def _one_line(text: str) -> str:
    return _LINE_ENDS.sub(" ", text.strip())
