"""Steps of a visit before its first session: identification, screen, a force with reason.

Each step is an entry of clinic.db's chain as soon as it is done, so that an interrupted visit is
continued from what is on file. The session that is then begun keeps its steps beside its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.errors import RecordNotFound
from controller.events import JsonValue
from records.evidence.unreadable import refused_in_words
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, append_entries, entries_of_kind
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder

ORDER = "order"
"""Name of the order among the typed values of a visit."""
_TYPED_ORDER = "SELECT value FROM draft_word WHERE session_id = ? AND name = ? AND value <> ''"
StepEntry = tuple[EntryKind, dict[str, JsonValue]]


class StepKind(StrEnum):
    """The steps; the value is stored in an entry."""

    IDENTIFIED = "patient identified"
    NOT_IDENTIFIED = "patient not identified"
    SCREENED = "contraindications screened"
    FORCE_CONFIRMED = "force confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStep:
    """One step as a named person did it.

    ``visit`` is the visit's id until it has a session; ``said`` are pairs of question and answer.
    """

    visit: str
    reference: str
    kind: StepKind
    said: tuple[tuple[str, str], ...]
    by: str
    user: str
    at_utc_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitBegun:
    """Steps of a visit that are kept with its session."""

    visit: str
    steps: tuple[VisitStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsOnFile:
    """Every step, oldest first, and the session that each visit was begun with."""

    steps: tuple[VisitStep, ...]
    sessions: Mapping[str, tuple[str, ...]]

    def by_visit(self) -> dict[str, tuple[VisitStep, ...]]:
        """Returns every visit with its steps."""
        found: dict[str, tuple[VisitStep, ...]] = {}
        for step in self.steps:
            found[step.visit] = (*found.get(step.visit, ()), step)
        return found


def keep_step(folder: RecordFolder, author: Author, step: VisitStep) -> None:
    """Keep that a step was done; raises JournalUnavailable when it cannot be stored."""
    with clinic_writing(folder) as db:
        append_entries(db, author, [(EntryKind.VISIT_STEP, _detail(db, step))])


def begun_entry(author: Author, session_id: str, patient_key: str, begun: VisitBegun) -> StepEntry:
    """Returns the entry with a session's steps, for the transaction that files its order."""
    steps: list[JsonValue] = [_of_step(step) for step in begun.steps]
    return EntryKind.VISIT_BEGUN, {
        "what": "visit begun",
        "session_id": session_id,
        "patient_key": patient_key,
        "visit": begun.visit,
        "steps": steps,
        "by": author.by,
        "user": author.user,
    }


def steps_of(entries: Iterable[Entry]) -> tuple[VisitStep, ...]:
    """Returns the steps that a session was begun with, by its entries; none without a visit."""
    for entry in entries:
        if entry.kind is EntryKind.VISIT_BEGUN:
            return tuple(_steps(entry))
    return ()


def steps_on_file(folder: RecordFolder) -> StepsOnFile:
    """Returns every step, and the visits that have a session."""
    if not folder.clinic_database.exists():
        return StepsOnFile(steps=(), sessions={})
    with clinic_reading(folder) as db:
        entries = entries_of_kind(db, EntryKind.VISIT_STEP, EntryKind.VISIT_BEGUN)
    sessions: dict[str, tuple[str, ...]] = {}
    steps = list[VisitStep]()
    for entry in entries:
        if entry.kind is EntryKind.VISIT_BEGUN:
            with refused_in_words(_place(entry)):
                visit, session_id = str(entry.detail["visit"]), str(entry.detail["session_id"])
            sessions[visit] = (*sessions.get(visit, ()), session_id)
        else:
            with refused_in_words(_place(entry)):
                steps.append(_step(entry.detail, entry.detail, entry.utc_ms))
    return StepsOnFile(steps=tuple(steps), sessions=sessions)


def prepared_visit(folder: RecordFolder, visit: str) -> tuple[str, VisitBegun]:
    """Returns the order that was typed for a visit, and its steps; raises RecordNotFound."""
    steps = tuple(each for each in steps_on_file(folder).steps if each.visit == visit)
    text: list[tuple[str]] = []
    if folder.clinic_database.exists():
        with clinic_reading(folder) as db:
            text = rows(db, _TYPED_ORDER, (visit, ORDER))
    if not text:
        raise RecordNotFound(
            f"no order was typed for visit {visit}; `traction visit --resume` continues a visit"
        )
    return text[0][0], VisitBegun(visit=visit, steps=steps)


def _detail(db: Database, step: VisitStep) -> dict[str, JsonValue]:
    """Returns the entry of a step; a patient who had no session yet has no key."""
    found = rows(db, "SELECT key FROM patient WHERE reference = ?", (step.reference,))
    key = str(found[0][0]) if found and step.reference else ""
    return {
        "what": step.kind.value,
        "session_id": "",
        "patient_key": key,
        "visit": step.visit,
        "reference": step.reference,
        "said": _pairs(step.said),
        "by": step.by,
        "user": step.user,
    }


def _of_step(step: VisitStep) -> dict[str, JsonValue]:
    return {
        "what": step.kind.value,
        "reference": step.reference,
        "said": _pairs(step.said),
        "by": step.by,
        "user": step.user,
        "at_utc_ms": step.at_utc_ms,
    }


def _pairs(said: Sequence[tuple[str, str]]) -> list[JsonValue]:
    return [[asked, answered] for asked, answered in said]


def _steps(entry: Entry) -> Iterator[VisitStep]:
    with refused_in_words(_place(entry)):
        for said in entry.detail["steps"]:
            yield _step(entry.detail, said, int(said["at_utc_ms"]))


def _step(entry: Mapping[str, JsonValue], said: Mapping[str, JsonValue], at: int) -> VisitStep:
    pairs = said["said"]
    if not isinstance(pairs, list):
        raise TypeError("said is no list")
    return VisitStep(
        visit=str(entry["visit"]),
        reference=str(said["reference"]),
        kind=StepKind(str(said["what"])),
        said=tuple(_pair(pair) for pair in pairs),
        by=str(said["by"]),
        user=str(said["user"]),
        at_utc_ms=at,
    )


def _pair(pair: JsonValue) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise TypeError("what was asked and answered is no pair")
    return str(pair[0]), str(pair[1])


def _place(entry: Entry) -> str:
    return f"entry {entry.sequence} of clinic.db, a step of a visit,"
