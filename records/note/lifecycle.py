"""The note's life: completed as a draft, signed once, afterwards only amended.

Each function takes the note as it was read, checks everything before it writes anything, and
refuses when the note has changed since. A draft's entries are replaced by newer ones; signed
versions are entries of clinic.db's chain and are only ever added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.errors import NoteRefused
from controller.events import JsonValue
from controller.words import NAME_CHARACTERS, TEXT_CHARACTERS, fault_of
from records.clinic.audit import written_row
from records.clinic.standing_used import used_of
from records.clinic.visit_steps import steps_of
from records.keys.signing import known_public_keys
from records.note.fields import (
    PATIENT_REFERENCE,
    REMARK,
    ClinicianField,
    clinician_fields,
    open_in_words,
    remark_field,
)
from records.note.stored_text import confirmed_from
from records.note.treatment_note import TreatmentNote
from records.note.typed import TYPED, drop_typed
from records.note.words import FORCE_UNIT, TIME_ZONE, NoteWords, Word, filing_of, fold
from records.provenance import ON_PAPER, ORDERED
from records.store.author import Author
from records.store.checkpoint import make_checkpoint
from records.store.clinic_chain import (
    Entry,
    EntryKind,
    append_entries,
    entries_of_session,
    file_id,
    link_over,
    link_subject,
)
from records.store.clinic_file import clinic_writing, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder

NOT_DRAFTED = frozenset({ORDERED, ON_PAPER})
"""Sources of entries outside the draft: in the order, or on a downtime sheet."""


def note_words_of(
    db: Database, folder: RecordFolder, session_id: str, entries: Sequence[Entry]
) -> NoteWords:
    """Returns what people entered in a session's note, by its entries and its draft."""
    words = replace(
        fold(_versions(entries), draft_in(db, session_id)),
        filed=filing_of(entries),
        standing=used_of(entries),
        steps=steps_of(entries),
    )
    if not words.versions:
        return words
    return replace(words, checkpoint=_checkpoint(db, folder, words.entry))


def complete(
    folder: RecordFolder, note: TreatmentNote, values: Mapping[str, str], author: Author
) -> None:
    """Enter fields of a draft; raises NoteRefused naming the field."""
    said = {
        name: _word(checked_word(note, name, value), TYPED, author)
        for name, value in values.items()
    }
    _say(folder, note, said, author, "note completed")


def mark_not_assessed(
    folder: RecordFolder, note: TreatmentNote, names: Sequence[str], author: Author
) -> None:
    """Mark open fields as having nothing to say; they stay without a value."""
    for name in names:
        _field_for(note, name)
        value = _value(note, name)
        if value is not None:
            raise NoteRefused(f"{name} has the value {value!r}; complete it with another one")
        if name.startswith(REMARK):
            raise NoteRefused(f"{name} is a remark; leave it out when there is none to make")
    _say(folder, note, {n: _word(None, TYPED, author) for n in names}, author, "not assessed")


def confirm(folder: RecordFolder, note: TreatmentNote, name: str, author: Author) -> None:
    """Take over one entry of the last visit; one call for each, so that each is looked at."""
    _field_for(note, name)
    proposed = {field.name: field for field in note.proposals}.get(name)
    if proposed is None or proposed.value is None:
        offered = ", ".join(field.name for field in note.proposals) or "none"
        raise NoteRefused(
            f"{name}: the last visit proposes nothing that waits to be confirmed "
            f"(proposed are: {offered}); complete the field instead"
        )
    since = note.proposed_since.get(name, "")
    source = confirmed_from(note.proposed_by_session, since)
    _say(folder, note, {name: _word(proposed.value, source, author)}, author, "default confirmed")


def sign(folder: RecordFolder, note: TreatmentNote, credentials: str, author: Author) -> None:
    """Sign a complete draft of an ended session; raises NoteRefused saying what is missing."""
    _require_draft(note, "signed again")
    require_signer(author, credentials)
    if note.ended_utc_ms is None or not note.seal:
        raise NoteRefused(
            f"session {note.session_id} is {note.outcome}: its record has no end and no seal yet; "
            "sign when it is closed"
        )
    if author.at_utc_ms < note.ended_utc_ms:
        early_s = -(-(note.ended_utc_ms - author.at_utc_ms) // 1000)
        raise NoteRefused(
            f"session {note.session_id} ends {early_s} s after the time of this signature; a note "
            "is not signed before its treatment ended: check the clock, or sign later"
        )
    if note.open_fields:
        raise NoteRefused(
            f"open fields: {open_in_words(note.open_fields)}; complete each one, or mark it as not "
            "assessed, then sign"
        )
    said = {field.name: _as_signed(note, field.name, author) for field in note.clinician_fields}
    with clinic_writing(folder) as db:
        require_unchanged(db, note)
        detail: dict[str, JsonValue] = {
            **version_detail(note, author, credentials, 1, ""),
            **stands_upon(note),
            FORCE_UNIT: note.forces.value,
            TIME_ZONE: note.zone_name,
            "device": {field.name: field.value for field in note.device_fields},
            "words": {name: word.as_json() for name, word in said.items()},
        }
        append_entries(db, author, [(EntryKind.NOTE_SIGNED, detail)])
        db.execute("DELETE FROM draft_word WHERE session_id = ?", (note.session_id,))
        drop_typed(db, note.session_id, said)


def amend(
    folder: RecordFolder,
    note: TreatmentNote,
    values: Mapping[str, str],
    reason: str,
    author: Author,
    credentials: str = "",
) -> None:
    """Add a version to a signed note; raises NoteRefused.

    A person who signed a version before need not repeat the credentials.
    """
    if not note.versions:
        raise NoteRefused(f"the note of session {note.session_id} is a draft; complete it instead")
    credentials = amender(note, author, reason, credentials)
    said = {}
    for name, value in values.items():
        checked = checked_word(note, name, value)
        if checked == _value(note, name):
            raise NoteRefused(f"{name} is {checked!r} already; an amendment changes something")
        said[name] = _word(checked, TYPED, author)
    if not said:
        raise NoteRefused("nothing to amend; say which field gets which text, as in key=value")
    with clinic_writing(folder) as db:
        require_unchanged(db, note)
        detail: dict[str, JsonValue] = {
            **version_detail(note, author, credentials, len(note.versions) + 1, reason.strip()),
            **stands_upon(note),
            "words": {name: word.as_json() for name, word in said.items()},
        }
        append_entries(db, author, [(EntryKind.NOTE_AMENDED, detail)])
        drop_typed(db, note.session_id, said)


def amender(note: TreatmentNote, author: Author, reason: str, credentials: str) -> str:
    """Returns credentials of who amends a signed note; raises NoteRefused without a reason too."""
    if not reason.strip():
        raise NoteRefused("reason is empty; an amendment needs one")
    if fault := fault_of(reason.strip(), TEXT_CHARACTERS):
        raise NoteRefused(f"reason {fault}")
    known = {version.by: version.credentials for version in note.versions}
    credentials = credentials.strip() or known.get(author.by.strip(), "")
    require_signer(author, credentials)
    return credentials


# --- valid entries --------------------------------------------------------------------------------


def checked_word(note: TreatmentNote, name: str, value: str) -> str:
    """Returns the note's text of a field for ``value``.

    Raises NoteRefused saying why not.
    """
    field = _field_for(note, name)
    if name == PATIENT_REFERENCE.name and not note.versions:
        ordered = note.field(name)
        if ordered.source in NOT_DRAFTED:
            by = "the sheet" if note.on_paper else "the order that the session was run with"
            raise NoteRefused(
                f"{name} is {ordered.value!r} by {by}; if that was the wrong person, sign the note "
                "and amend it with the reason"
            )
    return field.check(name, value)


def _field_for(note: TreatmentNote, name: str) -> ClinicianField:
    """Returns the field that may have an entry; a device field may only be remarked upon."""
    device = {field.name: field for field in note.fixed_fields}
    if name in device:
        stands = "comes from the sheet" if note.on_paper else "was recorded by the device"
        raise NoteRefused(
            f"{name} {stands} and cannot be changed; to remark on it, use {REMARK}{name}"
        )
    if name.startswith(REMARK) and name.removeprefix(REMARK) in device:
        upon = device[name.removeprefix(REMARK)]
        return remark_field(upon.name, upon.label)
    for field in clinician_fields(stopped=note.was_stopped, adjusted=bool(note.adjustments)):
        if field.name == name:
            return field
    known = ", ".join(field.name for field in note.clinician_fields)
    raise NoteRefused(
        f"{name} is not a field of this note; known are {known}, {REMARK}DEVICE_FIELD"
    )


def field_names(note: TreatmentNote) -> frozenset[str]:
    """Returns every field that a person may enter, including remarks.

    Entries on others are in versions from before a session was taken out of the visit.
    """
    own = clinician_fields(stopped=note.was_stopped, adjusted=bool(note.adjustments))
    return frozenset(
        (*(field.name for field in own), *(f"{REMARK}{field.name}" for field in note.fixed_fields))
    )


def _require_draft(note: TreatmentNote, what: str) -> None:
    if note.versions:
        newest = note.versions[-1]
        raise NoteRefused(
            f"the note of session {note.session_id} was signed by {newest.by} (version "
            f"{newest.number}) and cannot be {what}; amend it with a reason"
        )


def require_signer(author: Author, credentials: str) -> None:
    """Raise NoteRefused where name or credentials are missing or contain hidden characters."""
    for name, text in (("by", author.by), ("credentials", credentials)):
        if not text.strip():
            raise NoteRefused(
                f"{name} is empty; a signature needs a name and professional credentials"
            )
        if fault := fault_of(text.strip(), NAME_CHARACTERS):
            raise NoteRefused(f"{name} {fault}")


def require_unchanged(db: Database, note: TreatmentNote) -> None:
    """Raise NoteRefused where somebody else has written since the note was read."""
    now = _words(db, note.session_id)
    said = {
        field.name: field.attested_utc_ms
        for field in note.clinician_fields
        if field.attested_utc_ms is not None and (note.versions or field.source not in NOT_DRAFTED)
    }
    has = field_names(note)
    drafted = {name: word.said_utc_ms for name, word in now.words.items() if name in has}
    if len(now.versions) != len(note.versions) or drafted != said:
        raise NoteRefused(
            f"the note of session {note.session_id} was changed by somebody else meanwhile; "
            "read it again, then repeat"
        )


# --- storage -----------------------------------------------------------------------------------


def _say(
    folder: RecordFolder, note: TreatmentNote, said: Mapping[str, Word], author: Author, what: str
) -> None:
    _require_draft(note, "completed")
    if not author.by.strip():
        raise NoteRefused("by is empty; say who says it")
    if not said:
        raise NoteRefused("nothing to say; name a field, as in key=value")
    with clinic_writing(folder) as db:
        if _words(db, note.session_id).versions:
            raise NoteRefused(
                f"the note of session {note.session_id} was signed meanwhile; read it again"
            )
        keep_words(db, note.session_id, said)
        drop_typed(db, note.session_id, said)
        row = written_row(
            author,
            what,
            session_id=note.session_id,
            patient_key=note.patient_key,
            fields=list(said),
        )
        append_entries(db, author, [row])


def keep_words(db: Database, session_id: str, said: Mapping[str, Word]) -> None:
    """Put entries into a draft, replacing older ones of the same fields."""
    for name, word in said.items():
        db.execute(
            "INSERT OR REPLACE INTO draft_word VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                session_id,
                name,
                word.value,
                int(word.not_assessed),
                word.source,
                word.said_by,
                word.said_utc_ms,
            ),
        )


def version_detail(
    note: TreatmentNote, author: Author, credentials: str, number: int, reason: str
) -> dict[str, JsonValue]:
    """Returns the beginning of every version's entry."""
    return {
        "session_id": note.session_id,
        "patient_key": note.patient_key,
        "version": number,
        "by": author.by.strip(),
        "credentials": credentials.strip(),
        "user": author.user,
        "reason": reason,
    }


def stands_upon(note: TreatmentNote) -> dict[str, JsonValue]:
    """Returns the seal of the note's session, and those of its visit's others if there are any."""
    further: dict[str, JsonValue] = {**note.further_seals}
    return {"seal": note.seal, **({"sessions": further} if further else {})}


def _word(value: str | None, source: str, author: Author) -> Word:
    return Word(
        value=value,
        not_assessed=value is None,
        source=source,
        said_by=author.by.strip(),
        said_utc_ms=author.at_utc_ms,
    )


def _as_signed(note: TreatmentNote, name: str, author: Author) -> Word:
    """Returns a field's entry at the moment of the signature, with its first author."""
    field = note.field(name)
    return Word(
        value=field.value,
        not_assessed=field.not_assessed,
        source=field.source,
        said_by=field.attested_by,
        said_utc_ms=author.at_utc_ms if field.attested_utc_ms is None else field.attested_utc_ms,
    )


def _value(note: TreatmentNote, name: str) -> str | None:
    """Returns the present value; None for a remark that nobody made yet."""
    present = {field.name: field.value for field in note.clinician_fields}
    return present.get(name)


def _words(db: Database, session_id: str) -> NoteWords:
    return fold(_versions(entries_of_session(db, session_id)), draft_in(db, session_id))


def _versions(entries: Sequence[Entry]) -> list[Entry]:
    return [e for e in entries if e.kind in (EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED)]


def _checkpoint(db: Database, folder: RecordFolder, entry: int) -> str:
    """Returns the newest version's checkpoint; "" when its public key is not in the folder."""
    entries, link, key_id = link_over(db, entry)
    public_key = known_public_keys(folder).get(key_id)
    if public_key is None:
        return ""
    return make_checkpoint(link_subject(file_id(db), entries), link, public_key).text


def draft_in(db: Database, session_id: str) -> dict[str, Word]:
    """Returns the present entries of a draft."""
    if not has_chain(db):
        return {}
    stored = rows(
        db,
        "SELECT name, value, not_assessed, source, said_by, said_utc_ms FROM draft_word "
        "WHERE session_id = ? ORDER BY name",
        (session_id,),
    )
    return {
        name: Word(
            value=value, not_assessed=bool(nothing), source=source, said_by=by, said_utc_ms=at
        )
        for name, value, nothing, source, by, at in stored
    }
