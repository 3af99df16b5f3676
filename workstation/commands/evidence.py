"""``traction verify`` and ``traction checkpoints``: whether the record is still what it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AddressInvalid
from controller.words import visible
from workstation.commands.options import DataOption, JsonOption, place_of
from workstation.commands.unit_files import put_aside_line
from workstation.output import say, say_json, utc_text, warn

if TYPE_CHECKING:
    from records.clinic.clinic_verify import ClinicAlteration
    from records.evidence.session_check import Alteration
    from records.keys.key_records import KeyHistory
    from records.store.checkpoint import Checkpoint
    from records.store.record_folder import RecordFolder
    from workstation.settings import Settings

RECORD_BAD = 4


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("verify")(verify)
    app.command("checkpoints")(checkpoints)


def verify(
    session: Annotated[str | None, typer.Argument(help="Session id or its beginning.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every session on file.")] = False,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="With --all: not what was whole and is unchanged.")
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="An exported bundle instead.", show_default=False)
    ] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(help="A checkpoint from outside, or a file with some.", show_default=False),
    ] = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key (PEM) to trust instead of the folder's.", show_default=False),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute the record and say what was altered, where, since when (exit status 4)."""
    if sum((session is not None, all_, bundle is not None)) != 1:
        raise AddressInvalid("say which session to verify, or --all, or --bundle FILE")
    if since_last and (not all_ or public_key):
        raise AddressInvalid("--since-last goes with --all, and not with --public-key")
    settings, folder = place_of(data)
    outside = [found for text in checkpoint or () for found in outside_checkpoints(text)]
    keys = public_keys(public_key) if public_key else None
    if bundle is not None:
        _verify_bundle(bundle, folder, outside, keys, as_json=as_json)
    else:
        _verify_records(
            settings, folder, session, outside, keys, since_last=since_last, as_json=as_json
        )


def checkpoints(
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Have the list in the second place stamped now.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the checkpoints of sessions, clinic.db and keys, and add them to the second place."""
    from records.clinic.clinic_verify import verify_clinic
    from records.evidence.integrity import issued_checkpoints
    from records.keys.key_checkpoint import key_checkpoint
    from records.keys.key_folder import key_history
    from workstation.anchors import leave_checkpoints, stamp_list

    settings, folder = place_of(data)
    leave_checkpoints(settings, folder, warn)
    issued, history = issued_checkpoints(folder), key_history(folder)
    ends = {
        "clinic.db, its end now": verify_clinic(folder).checkpoint,
        "record of keys, its end now": key_checkpoint(history).text if history.records else "",
    }
    if as_json:
        texts = [{"text": text} for text in ends.values() if text]
        say_json([*(asdict(one) for one in issued), *texts])
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
    settings: Settings,
    folder: RecordFolder,
    session: str | None,
    outside: Sequence[Checkpoint],
    keys: dict[str, bytes] | None,
    *,
    since_last: bool,
    as_json: bool,
) -> None:
    from records.clinic.clinic_verify import is_of_clinic, verify_clinic
    from records.evidence.clock_steps import clock_steps
    from records.evidence.integrity import verify as verify_records
    from records.keeping.backup_list import is_of_backup
    from records.keys.key_checkpoint import is_of_keys
    from workstation.anchors import compared
    from workstation.commands.keys import key_facts, key_lines
    from workstation.last_check import forget, left_out_line, progress, recall_of, remember
    from workstation.texts.clinic_report import clinic_lines

    wanted = None if session is None else _session_called(folder, session)
    second = compared(settings, folder)
    outside = [*outside, *_about(second.checkpoints, wanted)]
    of_clinic = [point for point in outside if is_of_clinic(point)]
    of_keys = [point for point in outside if is_of_keys(point)]
    others = (is_of_clinic, is_of_keys, is_of_backup)
    of_sessions = [p for p in outside if not any(of_other(p) for of_other in others)]
    recall = recall_of(folder, since_last=since_last)
    with progress() as watch:
        result = verify_records(
            folder, wanted, checkpoints=of_sessions, public_keys=keys, recall=recall, watch=watch
        )
    found = [*result.alterations, *_of_anchors(folder, of_keys, second.faults)]
    basis = f"{result.basis}; {second.basis}" if second.basis else result.basis
    clinic = None
    if wanted is None or of_clinic:
        clinic = verify_clinic(folder, checkpoints=of_clinic, public_keys=keys)
    history = _trusted(folder, keys)
    steps = clock_steps(folder) if wanted is None else []
    if as_json:
        said: dict[str, object] = {} if clinic is None else {"clinic": asdict(clinic)}
        said |= {"put_aside": [put_aside_line(one) for one in result.put_aside]}
        said |= {"trusted_keys": key_facts(history)}
        said |= {"clock_steps": [asdict(step) for step in steps]}
        said |= {"alterations": [asdict(one) for one in found]}
        say_json({**asdict(result), "basis": basis, **said})
    else:
        say(
            f"verified {result.sessions} sessions: {result.links} links, {result.events} events, "
            f"{result.samples} samples"
        )
        if result.left_out:
            say(left_out_line(result))
        for one in result.put_aside:
            say(put_aside_line(one))
        for path in folder.foreign_files():
            say(f"not the program's, not read: {visible(path.name)} among the units' files")
        for line in key_lines(history):
            say(f"trusted {line}")
        for step in steps:
            say(step.text)
    if clinic is not None and not as_json:
        for line in clinic_lines(clinic):
            say(line)
    of_words = () if clinic is None else clinic.alterations
    if wanted is None and keys is None:
        remember(folder, recall, {one.session_id for one in found if one.session_id})
    elif found:
        forget(folder)
    _conclude(found, of_words, basis, as_json=as_json, read_everything=not result.left_out)


def _verify_bundle(
    path: Path,
    folder: RecordFolder,
    outside: Sequence[Checkpoint],
    keys: dict[str, bytes] | None,
    *,
    as_json: bool,
) -> None:
    """What the record of keys in ``folder`` says of a key counts, if it knows the key."""
    from records.clinic.clinic_verify import is_of_clinic
    from records.evidence.bundle_check import verify_bundle
    from records.keys.key_checkpoint import is_of_keys
    from records.keys.key_folder import key_history

    of_sessions = [p for p in outside if not is_of_clinic(p) and not is_of_keys(p)]
    result = verify_bundle(
        path, public_keys=keys, checkpoints=of_sessions, history=key_history(folder)
    )
    if as_json:
        say_json({**asdict(result), "basis": result.basis})
    else:
        say(
            f"verified the bundle of session {result.session_id or '(unknown)'}: "
            f"{result.links} links, {result.events} events, {result.samples} samples"
        )
    _conclude(result.alterations, (), result.basis, as_json=as_json)


def _session_called(folder: RecordFolder, beginning: str) -> str:
    """The one session that begins so, found without belief in any file."""
    from controller.errors import RecordNotFound
    from records.evidence.integrity import sessions_called

    found = sessions_called(folder, beginning)
    if len(found) == 1:
        return found[0]
    what = f"fits {len(found)} sessions" if found else "is in no file that can be read"
    raise RecordNotFound(
        f"session {beginning!r} {what} in {folder}; `traction verify --all` looks at every file"
    )


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
