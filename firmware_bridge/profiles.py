"""DeviceProfile: the known facts of a model as checked data, one TOML file each.

A profile has one of a closed list of kinds, named by its key ``kind``. Files shipped with the
program are in ``device_profiles``; a clinic's own are in ``profiles`` of its data folder.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from controller.errors import ProfileInvalid
from controller.words import fault_of, one_line, texts_in
from firmware_bridge.force_decoding.examples import check_examples
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile

DeviceProfile = TractionUnitProfile | TransmitterProfile | GaugeProfile
KINDS: Final[dict[str, type[DeviceProfile]]] = {
    "traction_unit": TractionUnitProfile,
    "transmitter": TransmitterProfile,
    "gauge": GaugeProfile,
}
LATER_KINDS: Final = ("drive", "interlock")
"""Kinds that are designed but not supported yet."""
USER_FOLDER: Final = "profiles"
MOST_PROFILE_BYTES: Final = 65_536
MOST_LINE_BYTES: Final = 500
"""A TOML reader's time grows with the square of a key's parts, so lines are limited."""

P = TypeVar("P", TractionUnitProfile, TransmitterProfile, GaugeProfile)
_ADAPTER: Final[TypeAdapter[DeviceProfile]] = TypeAdapter(
    Annotated[DeviceProfile, Field(discriminator="kind")]
)


def load_profile(path: Path) -> tuple[DeviceProfile, str]:
    """Returns a profile and the SHA-256 of its file (hex).

    Raises ProfileInvalid naming file, key, value and what is allowed. The examples of an instrument
    are decoded with the rest of its file, which finds a wrong grammar or table.
    """
    if path.exists() and not path.is_file():  # opening a named pipe would block
        raise ProfileInvalid(f"profile {path.name}: {path} is not a file; put a file there")
    try:
        raw = path.read_bytes()
        _check_size(path.name, raw)
        profile = _checked(path.name, tomllib.loads(raw.decode()))
    except OSError as error:
        raise ProfileInvalid(f"profile {path.name}: cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise ProfileInvalid(f"profile {path.name}: nested too deeply for a profile") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileInvalid(
            f"profile {path.name}: not valid TOML ({error}); correct it"
        ) from error
    return profile, hashlib.sha256(raw).hexdigest()


def shipped_profile(name: str, kind: type[P]) -> tuple[P, str]:
    """Returns a shipped profile by its name; raises ProfileInvalid."""
    folder = resources.files("firmware_bridge") / "device_profiles"
    with resources.as_file(folder / f"{name}.toml") as path:
        return _of_kind(name, kind, load_profile(path))


def shipped_names() -> list[str]:
    """Returns the names of the shipped profiles, sorted."""
    folder = resources.files("firmware_bridge") / "device_profiles"
    files = [Path(entry.name) for entry in folder.iterdir()]
    return sorted(file.stem for file in files if file.suffix == ".toml")


def user_files(data_folder: Path) -> list[Path]:
    """Returns the clinic's own profile files, sorted by name."""
    return sorted((data_folder / USER_FOLDER).glob("*.toml"))


def find_profile(name: str, data_folder: Path) -> tuple[DeviceProfile, str]:
    """Returns a shipped or own profile by its name; raises ProfileInvalid.

    A name in both places is refused: it would be unclear which one a session used.
    """
    own = {path.stem: path for path in user_files(data_folder)}
    shipped = shipped_names()
    if name in own and name in shipped:
        raise ProfileInvalid(
            f"profile {name}: {own[name]} has the name of a profile that comes with the program; "
            "rename the file and its key name"
        )
    if name in own:
        return load_profile(own[name])
    if name not in shipped:
        raise ProfileInvalid(
            f"profile {one_line(name)!r} is not known; known are {', '.join([*shipped, *own])}; "
            f"your own belong in {data_folder / USER_FOLDER}"
        )
    folder = resources.files("firmware_bridge") / "device_profiles"
    with resources.as_file(folder / f"{name}.toml") as path:
        return load_profile(path)


def known_profiles(data_folder: Path) -> tuple[dict[str, tuple[DeviceProfile, str]], list[str]]:
    """Returns every profile with its digest, by name, and the errors of refused files."""
    names = {*shipped_names(), *(path.stem for path in user_files(data_folder))}
    known: dict[str, tuple[DeviceProfile, str]] = {}
    refusals = []
    for name in sorted(names):
        try:
            known[name] = find_profile(name, data_folder)
        except ProfileInvalid as error:
            refusals.append(error.message)
    return known, refusals


def _check_size(file: str, raw: bytes) -> None:
    longest = max(map(len, raw.split(b"\n")))
    for what, size, most in (
        ("bytes", len(raw), MOST_PROFILE_BYTES),
        ("bytes in one line", longest, MOST_LINE_BYTES),
    ):
        if size > most:
            raise ProfileInvalid(f"profile {file}: {size} {what}, at most {most}; shorten it")


def _of_kind(name: str, kind: type[P], loaded: tuple[DeviceProfile, str]) -> tuple[P, str]:
    profile, digest = loaded
    if not isinstance(profile, kind):
        wanted = next(key for key, one in KINDS.items() if one is kind)
        raise ProfileInvalid(
            f"profile {name}: kind = {profile.kind!r}, and a {wanted} is needed here"
        )
    return profile, digest


def _checked(file: str, data: dict[str, Any]) -> DeviceProfile:
    """Returns the profile in ``data``; raises ProfileInvalid."""
    for key, text in texts_in(data):
        if not _is_wire_text(key) and (fault := fault_of(text, len(text))):
            raise ProfileInvalid(f"profile {file}: {key} {fault}")
    _check_kind(file, data.get("kind"))
    try:
        profile = _ADAPTER.validate_python(data)
    except ValidationError as error:
        worst = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise ProfileInvalid(f"profile {file}: {_words(worst)}") from error
    if profile.name != Path(file).stem:
        raise ProfileInvalid(
            f"profile {file}: key name={profile.name!r} differs from the file's name; "
            f"rename the file to {profile.name}.toml, or correct name"
        )
    if not isinstance(profile, TractionUnitProfile):
        try:
            check_examples(profile)
        except ValueError as error:
            raise ProfileInvalid(f"profile {file}: {error}; correct the file") from error
    return profile


def _is_wire_text(key: str) -> bool:
    """True if the key holds text of the wire, which may have line ends and is shown by ``repr``."""
    return key.rpartition(".")[2] in {"request", "tare_request", "ends_with", "line"}


def _check_kind(file: str, kind: object) -> None:
    allowed = ", ".join(sorted(KINDS))
    if isinstance(kind, str) and kind in LATER_KINDS:
        raise ProfileInvalid(
            f"profile {file}: key kind={kind!r}: profiles of this kind are not read yet; "
            f"allowed are {allowed}"
        )
    if not isinstance(kind, str) or kind not in KINDS:
        raise ProfileInvalid(
            f"profile {file}: key kind={kind!r} is not one of {allowed}; correct the file"
        )


def _words(error: ErrorDetails) -> str:
    """Returns one error as key, value, reason, and what is allowed."""
    kind, *location = error["loc"]
    key = ".".join(str(part) for part in location)
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        allowed = ", ".join(sorted(_fields_at(KINDS[str(kind)], location[:-1])))
        return f"unknown key {key}; allowed there are {allowed}; correct the file"
    if error["type"] == "missing":
        why = _description(KINDS[str(kind)], location)
        return f"key {key} is missing{why and ': '}{why}; add it"
    if not key:  # for several keys; the reason names them
        return f"{reason}; correct the file"
    value = error["input"]
    shown = "" if isinstance(value, dict | list) else f"={value!r}"
    return f"key {key}{shown}: {reason}; correct the file"


def _fields_at(model: type[BaseModel], location: list[int | str]) -> list[str]:
    """Returns the keys that are allowed at ``location``."""
    found = _model_at(model, location)
    return list(found.model_fields) if found else []


def _description(model: type[BaseModel], location: list[int | str]) -> str:
    found = _model_at(model, location[:-1])
    field = found.model_fields.get(str(location[-1])) if found else None
    return (field.description if field else None) or ""


def _model_at(model: type[BaseModel], location: list[int | str]) -> type[BaseModel] | None:
    """Returns the table's class at ``location``; None if there is no single one."""
    here: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int) or here is None:
            continue
        field = here.model_fields.get(part)
        if field is None:
            continue
        here = next(_models_in(field.annotation), None)
    return here


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
