"""``traction profiles``: lists the models that are described, and checks a profile file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workstation.commands.options import RecordsOptions, grouped
from workstation.exit_status import WRONG
from workstation.output import say, say_json

if TYPE_CHECKING:
    from firmware_bridge.profiles import DeviceProfile


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("profiles")(profiles)


@grouped
def profiles(
    records: RecordsOptions,
    *,
    which: Annotated[
        str, typer.Argument(help="A profile's name, or a file to check.", show_default=False)
    ] = "",
) -> None:
    """List the device profiles, or check one and say what it is for."""
    from firmware_bridge.profiles import find_profile, load_profile

    folder = records.place.folder.path
    if not which:
        _list(folder, as_json=records.as_json)
        return
    is_file = which.endswith(".toml") or "/" in which
    loaded = load_profile(Path(which)) if is_file else find_profile(which, folder)
    if records.as_json:
        say_json("profile", _facts(*loaded))
        return
    for line in _lines(*loaded):
        say(line)


def _list(folder: Path, *, as_json: bool) -> None:
    """Yields every known profile; a refused file of the user is named with the reason."""
    from firmware_bridge.profiles import known_profiles, user_files

    own = {path.stem for path in user_files(folder)}
    known, refusals = known_profiles(folder)
    facts = [_facts(*loaded) | {"own": name in own} for name, loaded in known.items()]
    if as_json:
        say_json("profiles", {"profiles": facts, "refused": refusals})
    else:
        for one in facts:
            where = " (your own)" if one["own"] else ""
            say(f"{one['name']:<18} {one['kind']:<14} {one['title']}{where}")
        for refusal in refusals:
            say(f"REFUSED: {refusal}")
    if refusals:
        raise typer.Exit(WRONG)


def _facts(profile: DeviceProfile, digest: str) -> dict[str, object]:
    return {
        "name": profile.name,
        "kind": profile.kind,
        "title": profile.title,
        "verified": bool(profile.verified),
        "caveats": list(profile.caveats),
        "sha256": digest,
    }


def _lines(profile: DeviceProfile, digest: str) -> Iterator[str]:
    """Yields what a profile says of itself, for people."""
    from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile

    yield f"{profile.name}: {profile.title} ({profile.kind})"
    if not isinstance(profile, TractionUnitProfile):
        shown = len(profile.examples)
        yield f"models: {', '.join(profile.models)}"
        period_ms = profile.timing.poll_period_ms
        yield f"has to be set to {profile.unit.expected}; asked every {period_ms} ms"
        yield f"{shown} of its frames decode as its file says; no frame from a source for: " + (
            ", ".join(profile.frames_missing) or "nothing"
        )
    yield f"verified on a real instrument: {'yes' if profile.verified else 'no'}"
    for caveat in profile.caveats:
        yield f"- {caveat}"
    yield f"SHA-256 {digest}"
