"""``traction retention`` and ``traction hold``: show and apply how long records are kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AnswerMissing, RequestRefused
from workstation.commands.options import PersonOptions, Place, grouped
from workstation.commands.session_names import named_session
from workstation.output import say, say_json, warn
from workstation.terminal.typed_lines import is_terminal

if TYPE_CHECKING:
    from records.keeping.retention import Applied, RemovalConfirmation, Retained, RetentionRule
    from records.store.record_folder import RecordFolder
    from workstation.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("retention")(retention)
    app.command("hold")(hold)


@grouped
def retention(
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Remove what is due; asks at the terminal first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="A script answers the question.")] = False,
    today: Annotated[
        str, typer.Option(help="Today's date, where the clock may be wrong: 2036-01-31.")
    ] = "",
    count: Annotated[
        int | None, typer.Option(help="Number of sessions to remove, needed for a large share.")
    ] = None,
    person: PersonOptions,
) -> None:
    """Show how long each session is kept; with --apply remove the content of those that are due."""
    from records.keeping.retention import Applied, RemovalConfirmation, show_retention

    place = person.place
    folder, rule = place.folder, _rule(place)
    done = Applied(removed=(), still_read=())
    if apply:
        due = _count_due(folder, rule)
        said = RemovalConfirmation(today=_date(today), count=count)
        if not due or _agreed(due, rule, yes=yes):
            done = _apply(place, person.by, rule, said)
    shown = show_retention(folder, rule)
    if person.as_json:
        say_json("retention", _facts(rule, done, shown))
        return
    for line in _lines(folder, rule, shown):
        say(line)
    if apply:
        say(f"removed now: {len(done.removed)}; the chain, the seals and an audit row stay")
    for path in done.still_read:
        say(
            f"{path.name} is being read by another program, so removed content may still be "
            "in its log; end that program, then apply again"
        )


def _count_due(folder: RecordFolder, rule: RetentionRule) -> int:
    from records.keeping.retention import Keeping, show_retention

    return sum(one.state is Keeping.DUE for one in show_retention(folder, rule))


def _apply(place: Place, by: str, rule: RetentionRule, said: RemovalConfirmation) -> Applied:
    """Remove what is due; the checkpoints of what stays are copied to the second place."""
    from records.accounts.rights import Right
    from records.keeping.retention import apply_retention
    from workstation.anchors import compared, leave_checkpoints
    from workstation.terminal_sign_in import author_for

    settings, folder = place
    author = author_for(folder, by, Right.KEEP)
    outside = compared(settings, folder).checkpoints
    done = apply_retention(folder, rule, author, said=said, checkpoints=outside)
    leave_checkpoints(settings, folder, warn)
    return done


def _facts(rule: RetentionRule, done: Applied, shown: list[Retained]) -> dict[str, object]:
    """Returns the same for programs."""
    return {
        "years": rule.years,
        "removed_now": list(done.removed),
        "still_read": [str(path) for path in done.still_read],
        "sessions": [
            asdict(one) | {"until": one.until.isoformat() if one.until else None} for one in shown
        ],
    }


def _lines(folder: RecordFolder, rule: RetentionRule, shown: list[Retained]) -> Iterator[str]:
    """Yields what is kept, for people, and which yearly files cannot be read."""
    from records.evidence.year_moves import moves_out_of_reach
    from records.keeping.retention import lines

    kept = f"{rule.years} years" if rule.years else "for ever (retention_years is 0)"
    yield f"sessions are kept {kept}"
    for move in moves_out_of_reach(folder):
        yield f"not checked: {move.file}: {move.what}"
    yield from lines(shown)


@grouped
def hold(
    session: Annotated[str, typer.Argument(help="Session id or its beginning.")] = "",
    *,
    patient: Annotated[str, typer.Option(help="Every session of this patient reference.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed to set and to lift.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Lift the hold instead.")] = False,
    person: PersonOptions,
) -> None:
    """Set or lift a legal hold; without a session and a patient, list those in force."""
    from records.accounts.rights import Right
    from records.keeping.legal_hold import holds, lift_hold, set_hold
    from workstation.terminal_sign_in import author_for

    place = person.place
    settings, folder = place
    if session or patient:
        session = named_session(place, session, person.by) if session else ""
        change = lift_hold if lift else set_hold
        author = author_for(folder, person.by, Right.KEEP)
        change(folder, author, reason, session_id=session, patient=patient)
    standing = holds(folder)
    if person.as_json:
        say_json("hold", {"holds": [asdict(one) for one in standing]})
        return
    if not standing:
        say("no holds stand")
    for one in standing:
        kind = "patient key" if one.is_patient else "session"
        since = _day(settings, one.at_utc_ms).isoformat()
        say(f"{kind} {one.what}  since {since}  by {one.by}: {one.reason}")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RequestRefused(f"--today {text!r} is no date; write it like 2036-01-31") from error


def _rule(place: Place) -> RetentionRule:
    """Returns the rule of the clinic's record and the setting: the longer time of the two."""
    from controller.runtime.clock import SystemClock
    from records.keeping.retention import RetentionRule
    from records.standing.versions import standing_unchecked

    settings = place.settings
    clinic = standing_unchecked(place.folder).clinic
    return RetentionRule(
        years=_years(settings.retention_years, clinic.record.retention_years if clinic else None),
        today=_day(settings, SystemClock().utc_ms()),
        day_of=lambda utc_ms: _day(settings, utc_ms),
    )


def _years(setting: int, of_clinic: int | None) -> int:
    """Returns the years; 0 means for ever: as a setting not set, in a record entered."""
    if of_clinic is None or of_clinic == 0:
        return setting if of_clinic is None else 0
    return max(setting, of_clinic)


def _agreed(count: int, rule: RetentionRule, *, yes: bool) -> bool:
    if yes:
        return True
    if not is_terminal(sys.stdin):
        raise AnswerMissing(
            f"{count} sessions are due by {rule.text} and their content cannot be brought back; "
            "run at a terminal or give --yes"
        )
    return typer.confirm(f"Remove the content of {count} sessions by {rule.text}, for ever?")


def _day(settings: Settings, utc_ms: int) -> date:
    return settings.day_at(utc_ms)
