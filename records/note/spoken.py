"""The clinician's part of a note: what was ordered, what was entered since, and proposals."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from records.note.fields import ClinicianField, clinician_fields, remark_field
from records.note.stored_text import codes_in, codes_text, proposed_from
from records.note.words import (
    DRAFT,
    REPEATED_PERMILLE,
    LastVisit,
    NoteWords,
    OrderFiling,
    Repetition,
    Word,
    alike_permille,
)
from records.order.order import Order
from records.provenance import ON_PAPER, ORDERED, SHEET, Origin, Sourced

Field = Sourced[str]


@dataclass(frozen=True, slots=True)
class FiledWords:
    """The order of a session, and who filed it if that is on record."""

    session_id: str
    order: Order
    filed: OrderFiling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedUpon:
    """The present evidence: the seal of a note's session, and those of its visit's others.

    ``as_signed`` are texts of device fields in the form in which notes were signed before.
    """

    seal: str
    further: Mapping[str, str] = dataclasses.field(default_factory=dict)
    as_signed: Mapping[str, str] = dataclasses.field(default_factory=dict)


def spoken_words(orders: Sequence[FiledWords], said: NoteWords) -> dict[str, str]:
    """Returns every text of a visit's clinician part, by field, without open ones."""
    known = clinician_fields(stopped=True, adjusted=True)
    part = ClinicianPart(orders, said, None, known)
    return {each.name: each.value for each in part.fields(()) if each.value is not None}


def as_ordered(field: Field, digest: str, filed: OrderFiling | None) -> Field:
    """Returns a field of the order, with who filed it."""
    return replace(
        field,
        digest=digest,
        source=ORDERED,
        document=ORDERED,
        attested_by=filed.by if filed else "",
        attested_utc_ms=filed.at_utc_ms if filed else None,
    )


class ClinicianPart:
    """Assembles the fields of one note; ``known`` are the fields that this note has."""

    def __init__(
        self,
        orders: Sequence[FiledWords],
        said: NoteWords,
        last_visit: LastVisit | None,
        known: Sequence[ClinicianField],
    ) -> None:
        self.orders, self.said, self.last_visit, self.known = orders, said, last_visit, known

    def fields(self, device: Iterable[Field]) -> Iterator[Field]:
        """Returns the fields of every note, then the remarks that were made on ``device``."""
        remarks = [remark_field(each.name, each.label) for each in device]
        for each in (*self.known, *(r for r in remarks if r.name in self.said.words)):
            word = self.said.words.get(each.name)
            yield self._ordered(each) if word is None else self._said(each, word)

    def proposals(self, told: Sequence[Field]) -> Iterator[Field]:
        """Returns entries of the last visit for proposable fields without an entry."""
        visit = None if self.said.versions else self.last_visit
        waiting = {field.name for field in told if field.needs_a_word}
        for each in self.known:
            if visit and each.proposable and each.name in waiting and each.name in visit.words:
                yield Sourced(
                    name=each.name,
                    label=each.label,
                    value=visit.words[each.name],
                    origin=Origin.CLINICIAN,
                    unit=each.unit,
                    source=proposed_from(visit.session_id),
                )

    def repetitions(self, told: Sequence[Field]) -> Iterator[Repetition]:
        """Narrative texts that are (nearly) those of the last visit."""
        if self.last_visit is None:
            return
        narrative = {each.name for each in self.known if each.narrative}
        for field in told:
            before = self.last_visit.words.get(field.name)
            if field.name in narrative and field.value is not None and before is not None:
                permille = alike_permille(field.value, before)
                if permille >= REPEATED_PERMILLE:
                    yield Repetition(
                        name=field.name, session_id=self.last_visit.session_id, permille=permille
                    )

    def warnings(self, evidence: SignedUpon, device: Iterable[Field]) -> Iterator[str]:
        """Yields differences between what was signed and the present evidence."""
        if not self.said.versions:
            return
        signed, before = self.said.device, evidence.as_signed
        changed = [
            field.name
            for field in device
            if signed.get(field.name, field.value) not in (field.value, before.get(field.name))
        ]
        if self.said.seal != evidence.seal or self.said.further != evidence.further:
            yield "The evidence is no longer the one that was signed: its seal differs."
        elif changed:
            yield f"Device values differ from those that were signed: {', '.join(changed)}."

    def _ordered(self, each: ClinicianField) -> Field:
        value = _told(each, self.orders)
        field: Field = Sourced(
            name=each.name,
            label=each.label,
            value=value or None,
            origin=Origin.CLINICIAN,
            unit=each.unit,
        )
        return as_ordered(field, self._digest, _filing(self.orders)) if value else field

    def _said(self, each: ClinicianField, word: Word) -> Field:
        document, digest = self._stands_in(each.name, word)
        return Sourced(
            name=each.name,
            label=each.label,
            value=word.value,
            origin=Origin.CLINICIAN,
            unit=each.unit,
            source=word.source,
            attested_by=word.said_by,
            attested_utc_ms=word.said_utc_ms,
            not_assessed=word.not_assessed,
            document=document,
            digest=digest,
        )

    def _stands_in(self, name: str, word: Word) -> tuple[str, str]:
        """Returns the document of an entry and its digest: order, version signed with it, draft."""
        if word.source == ORDERED:
            return ORDERED, self._digest
        version = self.said.version_of(name)
        if version is not None:
            return f"note version {version.number}", version.digest
        return (SHEET if word.source == ON_PAPER else DRAFT), ""

    @property
    def _digest(self) -> str:
        """Returns digests of the orders, each once."""
        return " ".join(dict.fromkeys(each.order.digest for each in self.orders))


def _told(each: ClinicianField, orders: Sequence[FiledWords]) -> str:
    """Returns a field in the orders of a visit: one text, or every one with its session.

    Codes are combined. Where only some orders have a text, that is stated too.
    """
    texts = {words.session_id: each.told(words.order) for words in orders}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    if each.is_codes:
        return codes_text(dict.fromkeys(code for text in texts.values() for code in codes_in(text)))
    return "; ".join(f"{text or 'nothing'} (order of {name})" for name, text in texts.items())


def _filing(orders: Sequence[FiledWords]) -> OrderFiling | None:
    """Returns who filed the orders; of several, when the last one was filed."""
    filed = [words.filed for words in orders if words.filed is not None]
    if len(filed) < len(orders):
        return None
    people = dict.fromkeys(each.by for each in filed)
    return OrderFiling(by=", ".join(people), at_utc_ms=max(each.at_utc_ms for each in filed))
