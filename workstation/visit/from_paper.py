"""Entry of a downtime sheet: its content, line by line, then its note.

Each answer is kept before the next question, so that an entry can be interrupted and continued
anywhere. Nothing is asked that the sheet does not say: Enter leaves a line open.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from controller.errors import RequestRefused, TractionError
from controller.order.prescription import Region
from controller.words import check_name
from records.clinic.audit import record_read, standing_field
from records.clinic.paper_names import PAPER
from records.clinic.paper_sheets import PaperSheet, keep_sheet
from records.note.fields import ClinicianField
from records.standing.kinds import PatientRecord, UnitRecord
from records.standing.versions import read_standing
from records.visit.paper_visit import scrubbed_paper
from records.visit.screen import screen_items, screening_text
from records.visit.sheet_entry import (
    DAY,
    PAUSED,
    REFERENCE,
    TIMES_OF_DAY,
    SheetDay,
    forces_flagged,
    forget_typed,
    keep_typed,
    overlaps,
    parse_value,
    times_of,
    typed_of,
    unfinished,
)
from records.visit.sheet_items import (
    DELIVERED,
    IDENTITY,
    MODES,
    ORDERED,
    REGIONS,
    STOP,
    TIMES,
    SheetItem,
    note_items,
    ticks,
)
from workstation.visit.before import patient_of
from workstation.visit.completing import complete_note, sign_note
from workstation.visit.desk import VisitDesk

NOT_ON_IT = "not on the sheet"
ANSWERS = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "-": NOT_ON_IT}
ASK_DAY = "Day, as in 2026-01-31"
WRITTEN_BY, TABLE, REGION, MODE = "written_by", "table", "region", "mode"


def enter_sheet(desk: VisitDesk, reference: str) -> None:
    """Enter a patient's sheet, or continue an unfinished one; then complete and sign its note."""
    held = read_standing(desk.folder)
    patient = patient_of(held, reference).record
    record_read(
        desk.folder,
        desk.author(),
        "visit from paper",
        fields=[standing_field("patient", reference)],
    )
    desk.dialogue.tell(
        f"Downtime sheet of {patient.full_name}, born {patient.birth_date}. Enter what it says, as "
        "it was written; Enter leaves a line open"
    )
    entry = _Entry(desk, reference, _sheet_id(desk, reference))
    while True:
        sheet = _asked(entry, patient)
        unit = next((each.record for each in held.units if each.name == sheet.values[TABLE]), None)
        sheet = replace(sheet, flagged=(*_flagged(desk, sheet, patient, unit),))
        typed = typed_of(desk.folder, sheet.sheet_id)
        for name, text in typed.items():
            desk.dialogue.tell(f"  {name}: {text or NOT_ON_IT}")
        for text in sheet.flagged:
            desk.dialogue.tell(f"! {desk.forces.in_sentence(text)}")
        if desk.dialogue.yes("sheet as written", "Is this what the sheet says?"):
            break
        wrong = desk.dialogue.words("wrong lines", "Which lines are wrong? Names, with commas")
        named = {each.strip() for each in wrong.split(",")} & (typed.keys() - {REFERENCE})
        if named:
            forget_typed(desk.folder, sheet.sheet_id, named)
    keep_sheet(desk.folder, desk.author(), sheet)
    desk.dialogue.tell(f"entered as {sheet.sheet_id}, by {desk.author().by}")
    finish_paper(desk, sheet.sheet_id)


def finish_paper(desk: VisitDesk, sheet_id: str) -> None:
    """Complete the open fields, sign, and print what T-001 says of a claim."""
    visit = desk.note(sheet_id).read_note()
    if not visit.note.versions:
        complete_note(desk, sheet_id)
        if not sign_note(desk, sheet_id):
            return
        desk.dialogue.tell(f"signed by {desk.signer.in_full}")
    for text in scrubbed_paper(desk.folder, desk.paper(sheet_id)).face.errors:
        if text.startswith("T-001"):
            desk.dialogue.tell(f"no claim is written from here: {text}")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One sheet during its entry: only what was not kept is asked again."""

    desk: VisitDesk
    reference: str
    sheet_id: str

    def ask(
        self, name: str, text: str, check: Callable[[str], object], *, is_needed: bool = False
    ) -> str:
        """Returns the answer, once it is valid; "" where the sheet leaves it open."""
        typed = typed_of(self.desk.folder, self.sheet_id)
        if name in typed:
            return typed[name]
        while True:
            answer = self.desk.dialogue.ask(name, text)
            if not answer and is_needed:
                self.desk.dialogue.tell(f"{name} is needed; write what the sheet says")
                continue
            try:
                if answer:
                    check(answer)
                self.keep(name, answer)
            except TractionError as refusal:
                self.desk.dialogue.tell(refusal.message)
                continue
            return answer

    def keep(self, name: str, answer: str) -> None:
        """Put it on record before the next question."""
        keep_typed(self.desk.folder, self.sheet_id, name, answer, self.desk.author())

    def one_of(self, name: str, text: str, choices: Mapping[str, str] | tuple[str, ...]) -> str:
        """Returns one of several, by its text."""
        known = choices if isinstance(choices, Mapping) else {each: each for each in choices}

        def check(answer: str) -> None:
            if answer.lower() not in known:
                raise RequestRefused(f"{name}={answer!r} is not one of {', '.join(known)}")

        answer = self.ask(name, f"{text} ({', '.join(known)})", check, is_needed=True)
        return known[answer.lower()]


def _sheet_id(desk: VisitDesk, reference: str) -> str:
    """Returns the unfinished sheet, where the person continues it; else a new one."""
    for left in unfinished(desk.folder, reference):
        day = typed_of(desk.folder, left).get(DAY) or "a day that was not typed yet"
        if desk.dialogue.yes("entry left", f"An entry of {day} is unfinished. Continue it?"):
            return left
        forget_typed(desk.folder, left)
    sheet_id = f"{PAPER}{secrets.token_hex(6)}"
    keep_typed(desk.folder, sheet_id, REFERENCE, reference, desk.author())
    return sheet_id


def _asked(entry: _Entry, patient: PatientRecord) -> PaperSheet:
    """Ask every line of the sheet, in its order."""
    day = _day(entry.desk)
    values: dict[str, str] = {DAY: entry.ask(DAY, ASK_DAY, day.day, is_needed=True)}
    values[TABLE] = entry.ask(TABLE, "Table", str, is_needed=True)
    compared = [
        (_compared(each), entry.one_of(f"identified {each}", f"{_compared(each)}?", ANSWERS))
        for each in IDENTITY
    ]
    values[REGION] = entry.one_of(REGION, "Region", REGIONS)
    screened = [*_screened(entry, Region(values[REGION]))]
    looked = [
        (text, entry.one_of(f"tick {number}", text, ANSWERS))
        for number, text in enumerate(ticks(), start=1)
    ]
    values[MODE] = entry.one_of(MODE, "Mode", MODES)
    for title, items in (("Ordered", ORDERED), ("Delivered", DELIVERED)):
        for item in items:
            values[item.name] = _value(entry, item, f"{title}: {item.label.lower()}")
    began, ended = _times(entry, day, values)
    written_by = entry.ask(
        WRITTEN_BY,
        "Who wrote the sheet (name, credentials)",
        lambda text: check_name(WRITTEN_BY, text),
        is_needed=True,
    )
    words = {each.name: _word(entry, each) for each in note_items() if _is_asked(each, values)}
    words["screening"] = screening_text(screened, written_by)
    return PaperSheet(
        sheet_id=entry.sheet_id,
        reference=patient.reference,
        began_utc_ms=began,
        ended_utc_ms=ended,
        utc_offset_min=day.offset_min(began),
        written_by=written_by,
        values={name: text for name, text in values.items() if text},
        checks=(*compared, *looked),
        screened=tuple(screened),
        words={name: text for name, text in words.items() if text},
    )


def _times(entry: _Entry, day: SheetDay, values: dict[str, str]) -> tuple[int, int]:
    """Ask times and stop, again together where they contradict each other."""
    while True:
        values[DAY] = entry.ask(DAY, ASK_DAY, day.day, is_needed=True)
        for item in (*TIMES, *STOP):
            values[item.name] = _value(entry, item, item.label)
        try:
            return times_of(day, values)
        except RequestRefused as refusal:
            entry.desk.dialogue.tell(refusal.message)
            forget_typed(entry.desk.folder, entry.sheet_id, (DAY, PAUSED, *TIMES_OF_DAY))


def _value(entry: _Entry, item: SheetItem, label: str) -> str:
    hint = f", as in {item.hint}" if item.hint else ""
    left = "" if item.is_needed else "; Enter: not on the sheet"
    return entry.ask(
        item.name,
        f"{label}{hint}{left}",
        lambda text: parse_value(item.name, text),
        is_needed=item.is_needed,
    )


def _screened(entry: _Entry, region: Region) -> Iterator[tuple[str, str]]:
    """Returns each contraindication with the sheet's answer."""
    for item in screen_items(region):
        said = entry.one_of(f"screen {item}", f"{item}?", ANSWERS)
        if said == "yes":
            said = entry.ask(f"screen {item} finding", f"{item}, in its words", str, is_needed=True)
        yield item, said


def _word(entry: _Entry, field: ClinicianField) -> str:
    return entry.ask(
        field.name,
        f"{field.label}; Enter leaves it open",
        lambda text: field.check(field.name, text),
    )


def _is_asked(field: ClinicianField, values: Mapping[str, str]) -> bool:
    """Returns whether a field is asked: a comment on a stop only with a stop."""
    if field.name == "stop_comment":
        return bool(values.get("stopped_at") or values.get("stop_reason"))
    return field.name != "adjustment_comment"


def _flagged(
    desk: VisitDesk, sheet: PaperSheet, patient: PatientRecord, unit: UnitRecord | None
) -> Iterator[str]:
    """Returns what is to be noted permanently."""
    yield from forces_flagged(sheet.values, patient, unit)
    yield from overlaps(desk.folder, sheet, desk.day_of, unit)
    region = Region(sheet.values[REGION])
    for number, flag in patient.standing_flags(desk.day_of(sheet.began_utc_ms)):
        if flag.do_not_treat and flag.concerns(region):
            yield f"Treated against lasting flag {number}: {flag.words}."
    checks = (*sheet.screened, *sheet.checks)
    missed = [asked for asked, said in checks if said == NOT_ON_IT]
    if missed:
        yield f"Not on the sheet: {'; '.join(missed)}."
    refused = [asked for asked, said in sheet.checks if said == "no"]
    if refused:
        yield f"Answered no, and treated: {'; '.join(refused)}."


def _compared(what: str) -> str:
    return f"{what} compared"


def _day(desk: VisitDesk) -> SheetDay:
    return SheetDay(
        now_utc_ms=desk.clock.utc_ms(),
        zone_at=desk.settings.zone_at,
        most_days=desk.settings.paper_days,
    )
