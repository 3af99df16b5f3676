"""``traction verify`` and ``traction checkpoints``: whether the record is still what it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AddressInvalid, JournalError
from controller.words import visible
from workstation.commands.options import Place, RecordsOptions, grouped
from workstation.commands.session_names import named_session
from workstation.commands.unit_files import put_aside_line
from workstation.output import say, say_json, utc_text, warn

if TYPE_CHECKING:
    from records.clinic.chain_check import ClinicAlteration
    from records.clinic.clinic_verify import ClinicVerification
    from records.evidence.clock_steps import ClockStep
    from records.evidence.session_check import Alteration
    from records.evidence.tally import Verification
    from records.evidence.verified import Recall
    from records.keys.key_records import KeyHistory
    from records.store.checkpoint import Checkpoint
    from records.store.record_folder import RecordFolder

RECORD_BAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideOptions:
    """What a verification compares the records with that does not come from their folder."""

    checkpoint: Annotated[
        list[str] | None,
        typer.Option(help="A checkpoint from outside, or a file with some.", show_default=False),
    ] = None
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key (PEM) to trust instead of the folder's.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outside:
    """The same, read: ``keys`` by key id, None for those of the folder."""

    checkpoints: Sequence[Checkpoint]
    keys: dict[str, bytes] | None

    @classmethod
    def of(cls, options: OutsideOptions) -> _Outside:
        """Read what was named; raises AddressInvalid, JournalError or KeyUnavailable."""
        given = [found for text in options.checkpoint or () for found in outside_checkpoints(text)]
        keys = public_keys(options.public_key) if options.public_key else None
        return cls(checkpoints=given, keys=keys)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("verify")(verify)
    app.command("checkpoints")(checkpoints)


@grouped
def verify(
    session: Annotated[str | None, typer.Argument(help="Session id or its beginning.")] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every session on file.")] = False,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="With --all: not what was whole and is unchanged.")
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="An exported bundle instead.", show_default=False)
    ] = None,
    outside: OutsideOptions,
    records: RecordsOptions,
) -> None:
    """Recompute the record and say what was altered, where, since when (exit status 4)."""
    if sum((session is not None, all_, bundle is not None)) != 1:
        raise AddressInvalid("say which session to verify, or --all, or --bundle FILE")
    if since_last and (not all_ or outside.public_key):
        raise AddressInvalid("--since-last goes with --all, and not with --public-key")
    place, given = records.place, _Outside.of(outside)
    if bundle is not None:
        _verify_bundle(bundle, place.folder, given, as_json=records.as_json)
    else:
        _verify_records(place, session, given, since_last=since_last, as_json=records.as_json)


@grouped
def checkpoints(
    *,
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Have the list in the second place stamped now.")
    ] = False,
    records: RecordsOptions,
) -> None:
    """List the checkpoints of sessions, clinic.db and keys, and add them to the second place."""
    from records.clinic.clinic_verify import verify_clinic
    from records.evidence.integrity import issued_checkpoints
    from records.keys.key_checkpoint import key_checkpoint
    from records.keys.key_folder import key_history
    from workstation.anchors import leave_checkpoints, stamp_list

    settings, folder = records.place
    leave_checkpoints(settings, folder, warn)
    issued, history = issued_checkpoints(folder), key_history(folder)
    ends = {
        "clinic.db, its end now": verify_clinic(folder).checkpoint,
        "record of keys, its end now": key_checkpoint(history).text if history.records else "",
    }
    if records.as_json:
        say_json(
            "checkpoints",
            {
                "sessions": [asdict(one) for one in issued],
                "ends": [{"of": name, "text": text} for name, text in ends.items() if text],
            },
        )
    else:
        for one in issued:
            say(f"{utc_text(one.started_utc_ms)}  unit {one.unit_id}  {one.number:>5}  {one.text}")
        for name, text in ends.items():
            if text:
                say(f"{name}  {text}")
    if stamp:
        made = stamp_list(settings, folder)
        warn(f"stamped {made.covers} bytes of the list at {made.at:%Y-%m-%d %H:%M:%S} UTC")


def _verify_records(
    place: Place, session: str | None, outside: _Outside, *, since_last: bool, as_json: bool
) -> None:
    from workstation.last_check import forget, recall_of, remember

    folder = place.folder
    wanted = None if session is None else _session_called(place, session)
    recall = recall_of(folder, since_last=since_last)
    found = _checked(place, wanted, outside, recall)
    if as_json:
        say_json("verify", _facts(found))
    else:
        for line in _lines(found, folder):
            say(line)
    if wanted is None and outside.keys is None:
        remember(folder, recall, {one.session_id for one in found.alterations if one.session_id})
    elif found.alterations:
        forget(folder)
    _conclude(
        found.alterations,
        found.clinic.alterations,
        found.basis,
        as_json=as_json,
        read_everything=not found.sessions.left_out,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a verification found; ``alterations`` are those of sessions, keys and time stamps.

    Where only a session was looked at, ``clinic`` is about its words, and ``steps`` are empty.
    """

    sessions: Verification
    alterations: Sequence[Alteration]
    basis: str
    clinic: ClinicVerification
    trusted: KeyHistory
    steps: Sequence[ClockStep]


def _checked(place: Place, wanted: str | None, outside: _Outside, recall: Recall) -> _Found:
    """Every check of the records, or of one session, against what comes from outside."""
    from records.clinic.clinic_verify import is_of_clinic, verify_clinic, verify_words
    from records.evidence.clock_steps import clock_steps
    from records.evidence.integrity import verify as verify_records
    from records.keeping.backup_list import is_of_backup
    from records.keys.key_checkpoint import is_of_keys
    from workstation.anchors import compared
    from workstation.last_check import progress

    settings, folder = place
    second = compared(settings, folder)
    points = [*outside.checkpoints, *_about(second.checkpoints, wanted)]
    of_clinic = [point for point in points if is_of_clinic(point)]
    of_keys = [point for point in points if is_of_keys(point)]
    others = (is_of_clinic, is_of_keys, is_of_backup)
    of_sessions = [p for p in points if not any(of_other(p) for of_other in others)]
    with progress() as watch:
        result = verify_records(
            folder,
            wanted,
            checkpoints=of_sessions,
            public_keys=outside.keys,
            recall=recall,
            watch=watch,
        )
    alterations = [*result.alterations, *_of_anchors(folder, of_keys, second.faults)]
    if wanted is None or of_clinic:
        clinic = verify_clinic(folder, checkpoints=of_clinic, public_keys=outside.keys)
    else:
        clinic = verify_words(folder, wanted, public_keys=outside.keys)
    return _Found(
        sessions=result,
        alterations=alterations,
        basis=f"{result.basis}; {second.basis}" if second.basis else result.basis,
        clinic=clinic,
        trusted=_trusted(folder, outside.keys),
        steps=clock_steps(folder) if wanted is None else [],
    )


def _facts(found: _Found) -> dict[str, object]:
    """The findings for programs."""
    from workstation.commands.keys import key_facts

    result = found.sessions
    said: dict[str, object] = {"clinic": asdict(found.clinic)}
    said |= {"put_aside": [put_aside_line(one) for one in result.put_aside]}
    said |= {"trusted_keys": key_facts(found.trusted)}
    said |= {"clock_steps": [asdict(step) for step in found.steps]}
    said |= {"alterations": [asdict(one) for one in found.alterations]}
    return {**asdict(result), "basis": found.basis, **said}


def _lines(found: _Found, folder: RecordFolder) -> Iterator[str]:
    """What was looked at, for people; what was altered is said behind it."""
    from workstation.commands.keys import key_lines
    from workstation.last_check import left_out_line
    from workstation.texts.clinic_report import clinic_lines

    result = found.sessions
    yield (
        f"verified {result.sessions} sessions: {result.links} links, {result.events} events, "
        f"{result.samples} samples"
    )
    if result.left_out:
        yield left_out_line(result)
    for one in result.put_aside:
        yield put_aside_line(one)
    for path in folder.foreign_files():
        yield f"not the program's, not read: {visible(path.name)} among the units' files"
    for line in key_lines(found.trusted):
        yield f"trusted {line}"
    for step in found.steps:
        yield step.text
    yield from clinic_lines(found.clinic)


def _verify_bundle(
    path: Path,
    folder: RecordFolder,
    outside: _Outside,
    *,
    as_json: bool,
) -> None:
    """What the record of keys in ``folder`` says of a key counts, if it knows the key."""
    from records.clinic.clinic_verify import is_of_clinic
    from records.evidence.bundle_check import verify_bundle
    from records.keys.key_checkpoint import is_of_keys
    from records.keys.key_folder import key_history

    of_sessions = [p for p in outside.checkpoints if not is_of_clinic(p) and not is_of_keys(p)]
    result = verify_bundle(
        path, public_keys=outside.keys, checkpoints=of_sessions, history=key_history(folder)
    )
    if as_json:
        say_json("verify-bundle", {**asdict(result), "basis": result.basis})
    else:
        say(
            f"verified the bundle of session {result.session_id or '(unknown)'}: "
            f"{result.links} links, {result.events} events, {result.samples} samples"
        )
    _conclude(result.alterations, (), result.basis, as_json=as_json)


def _session_called(place: Place, name: str) -> str:
    """The one session that begins so, found without belief in any file; else what it is called."""
    from controller.errors import RecordNotFound, SessionAmbiguous
    from records.evidence.integrity import sessions_called

    found = sessions_called(place.folder, name)
    if len(found) == 1:
        return found[0]
    try:
        return named_session(place, name)
    except SessionAmbiguous:
        raise
    except JournalError as error:
        what = f"fits {len(found)} sessions" if found else "is in no file that can be read"
        raise RecordNotFound(
            f"session {name!r} {what} in {place.folder}; `traction verify --all` looks at every "
            "file"
        ) from error


def _conclude(
    alterations: Sequence[Alteration],
    of_words: Sequence[ClinicAlteration],
    basis: str,
    *,
    as_json: bool,
    read_everything: bool = True,
) -> None:
    """The findings, and the verdict over all of them: status 4 and the last line never differ."""
    every: list[Alteration | ClinicAlteration] = [*alterations, *of_words]
    if not as_json:
        for found in alterations:
            since = "" if found.since_utc_ms is None else f", since {utc_text(found.since_utc_ms)}"
            label = "NOT CHECKED" if found.unread else "ALTERED"
            whose = f"session {found.session_id}, " if found.session_id else ""
            say(f"{label} {whose}{found.where}: {found.what}{since}")
        if not all(found.unread for found in every):
            verdict = "altered"
        else:
            nothing = "nothing was altered" + ("" if read_everything else " in what was read")
            verdict = "not everything could be checked" if every else nothing
        say(f"{verdict} (checked: {basis})")
    if every:
        raise typer.Exit(RECORD_BAD)


def outside_checkpoints(text: str) -> list[Checkpoint]:
    """The checkpoints of one option's value: a file's, or the one that it is."""
    from records.store.checkpoint import find_checkpoints, parse_checkpoint

    path = Path(text)
    if not path.is_file():
        return [parse_checkpoint(text)]
    try:
        found = find_checkpoints(path.read_bytes().decode("utf-8", "replace"))
    except OSError as error:
        raise AddressInvalid(f"{path} cannot be read ({error.strerror})") from error
    if not found:
        raise AddressInvalid(f"{path} holds no checkpoint; name a note, an export or a list")
    return found


def _about(points: Sequence[Checkpoint], session_id: str | None) -> list[Checkpoint]:
    """All checkpoints of the second place, or those of one session."""
    if session_id is None:
        return list(points)
    return [point for point in points if point.name.upper() == session_id.upper()]


def _of_anchors(
    folder: RecordFolder, of_keys: Sequence[Checkpoint], faults: Sequence[str]
) -> Iterator[Alteration]:
    """What does not fit the checkpoints of the record of keys, and the time stamps."""
    from records.evidence.session_check import Alteration
    from records.keys.key_checkpoint import faults_against
    from records.keys.key_folder import key_history

    for what in faults_against(key_history(folder), of_keys):
        yield Alteration(session_id="", where="the record of keys", what=what)
    for what in faults:
        yield Alteration(session_id="", where="the second place", what=what)


def _trusted(folder: RecordFolder, given: dict[str, bytes] | None) -> KeyHistory:
    """The keys that a verification believed, with their times."""
    from records.keys.key_folder import key_history
    from records.keys.signing import known_public_keys

    history = key_history(folder)
    if given is not None:
        return history.only(given)
    if history.records or history.fault:
        return history
    return history.only(known_public_keys(folder), "folder")


def public_keys(paths: Sequence[Path]) -> dict[str, bytes]:
    """The public keys in files, by key id; raises JournalError or KeyUnavailable."""
    from records.keys.signing import key_id_of, read_public_key

    keys = [read_public_key(path) for path in paths]
    return {key_id_of(key): key for key in keys}
