"""``traction patients flag`` and ``end-flag``: shown before every treatment of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RequestRefused
from workstation.commands.options import PersonOptions, day_of, grouped
from workstation.commands.standing_change import keep_change

if TYPE_CHECKING:
    from records.standing.kinds import PatientRecord, StandingRecord
    from records.standing.versions import StandingData, StandingVersion
    from records.standing.write import StandingChange


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagOptions:
    """The content of a lasting flag."""

    kind: Annotated[str, typer.Option(help='For instance "osteoporosis".')]
    text: Annotated[str, typer.Option(help="What the person who treats must know.")]
    region: Annotated[str, typer.Option(help="cervical or lumbar; default: every region.")] = ""
    until: Annotated[str, typer.Option(help="Last day on which it applies, YYYY-MM-DD.")] = ""
    do_not_treat: Annotated[
        bool, typer.Option("--do-not-treat", help="No unit is armed for that region.")
    ] = False


def add_flag_commands(app: typer.Typer) -> None:
    """Add the commands to those about patients."""
    app.command("flag")(flag)
    app.command("end-flag")(end_flag)


@grouped
def flag(
    patient: Annotated[str, typer.Argument(help="Reference of the patient.")],
    said: FlagOptions,
    person: PersonOptions,
) -> None:
    """Set a lasting flag, which is shown at every visit until a named person ends it."""
    from records.standing.flags import flag_of, with_flag
    from records.standing.write import StandingChange

    by = _named(person.by, "sets a flag")
    document = {
        "kind": said.kind,
        "text": said.text,
        "region": said.region,
        "until": said.until,
        "do_not_treat": said.do_not_treat,
        "by": by,
        "on": day_of(person.place),
    }
    new = flag_of(document, f"flag of patient {patient}")

    def with_it(held: StandingData) -> StandingChange:
        found, record = _patient(held, patient)
        return StandingChange(record=with_flag(record, new), made_from=found.number)

    keep_change("patient", person, with_it)


@grouped
def end_flag(
    patient: Annotated[str, typer.Argument(help="Reference of the patient.")],
    number: Annotated[int, typer.Argument(help="Number of the flag; `show` shows it.")],
    *,
    reason: Annotated[str, typer.Option(help="Why it no longer applies.")],
    person: PersonOptions,
) -> None:
    """End a lasting flag: a named person, with a reason. It stays readable."""
    from records.standing.flags import with_ended_flag
    from records.standing.kinds import FlagEnd
    from records.standing.write import StandingChange

    by = _named(person.by, "ends a flag")
    if not reason.strip():
        raise RequestRefused("--reason is empty; say why the flag no longer applies")

    def ended(held: StandingData) -> StandingChange:
        found, record = _patient(held, patient)
        end = FlagEnd(by=by, on=day_of(person.place), reason=reason.strip())
        return StandingChange(
            record=with_ended_flag(record, number, end), made_from=found.number, reason=reason
        )

    keep_change("patient", person, ended)


def _patient(
    held: StandingData, reference: str
) -> tuple[StandingVersion[StandingRecord], PatientRecord]:
    from records.standing.kinds import PatientRecord

    found = held.found("patient", reference)
    assert isinstance(found.record, PatientRecord), "a patient's record is one"
    return found, found.record


def _named(by: str, does: str) -> str:
    if not by.strip():
        raise RequestRefused(f'by is empty; say who {does} with --by "NAME"')
    return by.strip()
