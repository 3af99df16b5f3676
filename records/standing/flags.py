"""Lasting flags of a patient: set, shown at every visit, ended by a named person with a reason.

Nobody dismisses one: a version of the record in which a flag is missing or changed is refused, in
every way of writing it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from controller.errors import RequestRefused, StandingInvalid
from controller.order.prescription import Region
from controller.ports import PatientFlag
from records.checked_data import checked
from records.order.file_words import check_words
from records.standing.kinds import MOST_FLAGS, FlagEnd, LastingFlag, PatientRecord
from records.standing.versions import StandingVersion
from records.store.author import Author


def refuse_lost_flags(before: PatientRecord, after: PatientRecord, author: Author) -> None:
    """Require every flag to remain, or to be ended by ``author``; raises RequestRefused."""
    for number, old in enumerate(before.flags, start=1):
        new = after.flags[number - 1] if number <= len(after.flags) else None
        if new == old:
            continue
        ended = old.model_copy(update={"ended": new.ended}) if new else None
        if new is None or old.ended is not None or new.ended is None or new != ended:
            raise RequestRefused(
                f"flag {number} of patient {before.reference} ({old.words}) is neither changed nor "
                "left out; a named person ends it with a reason (`traction patients end-flag`) "
                "and sets another one"
            )
        if new.ended.by != author.by.strip():
            raise RequestRefused(
                f"flag {number} of patient {before.reference} is ended by {new.ended.by}, but "
                f"{author.by.strip()} says it; who ends a flag says so"
            )
    for number, new in enumerate(after.flags[len(before.flags) :], start=len(before.flags) + 1):
        if new.by != author.by.strip():
            raise RequestRefused(
                f"flag {number} of patient {before.reference} is said by {new.by}, but "
                f"{author.by.strip()} writes it; who sets a flag says so"
            )


def flag_of(said: Mapping[str, Any], where: str) -> LastingFlag:
    """Returns a flag made of what somebody wrote, checked completely; raises StandingInvalid."""
    try:
        check_words(dict(said))
    except RequestRefused as error:
        raise StandingInvalid(f"{where}: {error.message}") from error
    return checked(LastingFlag, said, where, StandingInvalid)


def with_flag(patient: PatientRecord, flag: LastingFlag) -> PatientRecord:
    """Returns the record with one more flag; raises RequestRefused when there are too many."""
    if len(patient.flags) >= MOST_FLAGS:
        raise RequestRefused(
            f"patient {patient.reference} has {MOST_FLAGS} flags, and a record holds no more"
        )
    return _with_flags(patient, (*patient.flags, flag))


def with_ended_flag(patient: PatientRecord, number: int, end: FlagEnd) -> PatientRecord:
    """Returns the record with a flag ended.

    Raises RequestRefused for a missing one or one that is ended already.
    """
    if not 1 <= number <= len(patient.flags):
        raise RequestRefused(
            f"patient {patient.reference} has {len(patient.flags)} flags, and no flag {number}; "
            f"`traction patients show {patient.reference}` shows them"
        )
    flags = list(patient.flags)
    flag = flags[number - 1]
    if flag.ended is not None:
        raise RequestRefused(
            f"flag {number} of patient {patient.reference} was ended by {flag.ended.by} on "
            f"{flag.ended.on}; nothing was changed"
        )
    flags[number - 1] = flag.model_copy(update={"ended": end})
    return _with_flags(patient, tuple(flags))


def flags_told(
    patient: StandingVersion[PatientRecord], region: Region, day: date
) -> Iterator[PatientFlag]:
    """Returns every flag to be shown before a treatment of a region, on the clinic's day."""
    for number, flag in patient.record.standing_flags(day):
        if flag.concerns(region):
            yield PatientFlag(number=number, words=flag.words, refuses=flag.do_not_treat)


def _with_flags(patient: PatientRecord, flags: tuple[LastingFlag, ...]) -> PatientRecord:
    return PatientRecord.model_validate({**dict(patient), "flags": flags})
