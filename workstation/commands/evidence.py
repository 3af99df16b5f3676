"""``traction verify`` and ``traction checkpoints``: whether the record was altered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AddressInvalid, JournalError, RecordNotFound
from controller.words import visible
from workstation.commands.options import Place, RecordsOptions, grouped
from workstation.commands.session_names import named_session
from workstation.commands.unit_files import put_aside_line
from workstation.output import say, say_json, utc_text, warn

if TYPE_CHECKING:
    from records.clinic.chain_check import ClinicAlteration
    from records.evidence.session_check import Alteration
    from records.store.checkpoint import Checkpoint
    from records.store.record_folder import RecordFolder
    from workstation.history.verifying import FoundOfRecords, Outside

RECORD_BAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideOptions:
    """What a verification compares the records with that does not come from their own folder."""

    checkpoint: Annotated[
        list[str] | None,
        typer.Option(help="A checkpoint from outside, or a file of them.", show_default=False),
    ] = None
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key (PEM) to trust instead of the folder's.", show_default=False),
    ] = None


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
        bool,
        typer.Option("--since-last", help="With --all: skip what was intact and is unchanged."),
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="An exported bundle instead.", show_default=False)
    ] = None,
    outside: OutsideOptions,
    records: RecordsOptions,
) -> None:
    """Recompute the records and report what was altered, where and since when (exit status 4)."""
    if sum((session is not None, all_, bundle is not None)) != 1:
        raise AddressInvalid("say which session to verify, or --all, or --bundle FILE")
    if since_last and (not all_ or outside.public_key):
        raise AddressInvalid("use --since-last with --all and without --public-key")
    place, given = records.place, _outside(outside)
    if bundle is not None:
        _verify_bundle(bundle, place.folder, given, as_json=records.as_json)
    else:
        _verify_records(place, session, given, since_last=since_last, as_json=records.as_json)


@grouped
def checkpoints(
    *,
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Have the list in the second place time-stamped now.")
    ] = False,
    records: RecordsOptions,
) -> None:
    """List the checkpoints of sessions, clinic.db and keys, and copy them to the second place."""
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


def _outside(options: OutsideOptions) -> Outside:
    """Returns the named items, read; raises AddressInvalid, JournalError or KeyUnavailable."""
    from workstation.history.verifying import Outside

    given = [found for text in options.checkpoint or () for found in outside_checkpoints(text)]
    keys = public_keys(options.public_key) if options.public_key else None
    return Outside(checkpoints=given, keys=keys)


def _verify_records(
    place: Place, session: str | None, outside: Outside, *, since_last: bool, as_json: bool
) -> None:
    from workstation.history.verifying import check_records
    from workstation.last_check import forget, progress, recall_of, remember

    folder = place.folder
    if session is None and not folder.path.exists():
        raise RecordNotFound(
            f"{folder} does not exist, so nothing was checked; name the folder of the records with "
            "--data"
        )
    wanted = None if session is None else _session_called(place, session)
    recall = recall_of(folder, since_last=since_last)
    with progress() as watch:
        found = check_records(place.settings, folder, wanted, outside, recall=recall, watch=watch)
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


def _facts(found: FoundOfRecords) -> dict[str, object]:
    """Returns the findings for programs."""
    from workstation.commands.keys import key_facts

    result = found.sessions
    said: dict[str, object] = {"clinic": asdict(found.clinic)}
    said |= {"put_aside": [put_aside_line(one) for one in result.put_aside]}
    said |= {"trusted_keys": key_facts(found.trusted)}
    said |= {"clock_steps": [asdict(step) for step in found.steps]}
    said |= {"alterations": [asdict(one) for one in found.alterations]}
    return {**asdict(result), "basis": found.basis, **said}


def _lines(found: FoundOfRecords, folder: RecordFolder) -> Iterator[str]:
    """Yields what was checked, for people; alterations are reported after it."""
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
        yield (
            f"not written by this program and not read: {visible(path.name)} among the units' files"
        )
    for line in key_lines(found.trusted):
        yield f"trusted {line}"
    for step in found.steps:
        yield step.text
    yield from clinic_lines(found.clinic)


def _verify_bundle(
    path: Path,
    folder: RecordFolder,
    outside: Outside,
    *,
    as_json: bool,
) -> None:
    """Verify a bundle; the record of keys in ``folder`` decides about a key that it knows."""
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
    """Returns the one session whose id begins so, without trusting any file; else the name."""
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
        what = f"matches {len(found)} sessions" if found else "is in no file that can be read"
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
    """Report the findings and the verdict over all: status 4 and the last line never differ."""
    from workstation.history.verifying import alteration_line, verdict_on

    every: list[Alteration | ClinicAlteration] = [*alterations, *of_words]
    if not as_json:
        for found in alterations:
            say(alteration_line(found))
        say(f"{verdict_on(every, read_everything=read_everything)} (checked: {basis})")
    if every:
        raise typer.Exit(RECORD_BAD)


def outside_checkpoints(text: str) -> list[Checkpoint]:
    """Returns the checkpoints of one option's value: those of a file, or the value itself."""
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


def public_keys(paths: Sequence[Path]) -> dict[str, bytes]:
    """Returns the public keys in files, by key id; raises JournalError or KeyUnavailable."""
    from records.keys.signing import key_id_of, read_public_key

    keys = [read_public_key(path) for path in paths]
    return {key_id_of(key): key for key in keys}
