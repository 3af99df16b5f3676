"""A command that only reads leaves every folder as it was, whatever state it is in.

Each command of the program stands in one of the two tables; one that stands in none fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import Result

from controller.errors import TractionError
from controller.order.prescription import Region
from records.store.record_folder import RecordFolder
from tests.support.accounts import as_owner
from tests.support.commands import invoke
from tests.support.every_command import STANDING, WRITING
from tests.support.notes import recorded
from workstation.cli import program
from workstation.texts.order_template import order_template

READING: dict[str, tuple[tuple[str, ...], ...]] = {
    **{f"{group} {what}": ((),) for group in STANDING for what in ("show", "list", "export")},
    "accounts roles": ((),),
    "appointments list": ((),),
    "audit": ((), ("--patient", "TEST-1"), ("--session", "last")),
    "backup": (("--status",),),
    "checkpoints": ((),),
    "claim new": (("last",),),
    "codes list": ((),),
    "commissionings": ((),),
    "doctor": ((),),
    "estimate": (("last",),),
    "export": (
        ("last", "--format", "text", "--out", "OUT"),
        ("last", "--format", "bundle", "--out", "OUT"),
        ("last", "--format", "837p", "--out", "OUT"),
    ),
    "hold": ((),),
    "key export": ((),),
    "key list": ((),),
    "key show": ((),),
    "note": (("last",), ("last", "--history"), ("last", "--template"), ("TEST-1", "--sources")),
    "order check": (("ORDER",),),
    "order new": (("--region", "cervical"),),
    "payers": ((),),
    "ports": ((),),
    "probe": (("modbus-tcp://127.0.0.1:1",),),
    "profiles": ((), ("reference_v1",)),
    "quarantine list": ((),),
    "replay": (("ORDER",),),
    "retention": ((),),
    "scrub": (("last",), ("20260101",)),
    "sessions": ((), ("--patient", "TEST-1"), ("--text", "arm"), ("--outcome", "stopped")),
    "show": (("last",), ("TEST-1",)),
    "today": ((),),
    "update": (("--status",),),
    "where": ((),),
    "verify": (("--all",), ("last",), ("--all", "--since-last")),
}
WITHOUT_RECORDS = {"accounts roles", "ports", "replay"}
CASES = [(name, more) for name, several in READING.items() for more in several]


def names_of(group: TyperGroup, before: str = "") -> Iterator[str]:
    """Every command with those of its subcommands."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from names_of(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_is_called_a_reading_or_a_writing_one() -> None:
    commands = typer.main.get_command(program())
    assert isinstance(commands, TyperGroup)
    assert set(names_of(commands)) == {*READING, *WRITING}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that a command could write to: records, home, current folder, next to them."""
    world = tmp_path / "world"
    world.mkdir()
    prepare(world, monkeypatch)
    return world


def prepare(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (world / "home").mkdir()
    (world / "here").mkdir()
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(world / "home"))
    monkeypatch.delenv("TRACTION_DATA", raising=False)
    monkeypatch.chdir(world / "here")
    (world / "order.toml").write_text(order_template(Region.CERVICAL), encoding="utf-8")


def digest(world: Path) -> str:
    """SHA-256 over every name, mode and content below ``world``."""
    found = hashlib.sha256()
    for path in sorted(world.rglob("*")):
        found.update(f"{path.relative_to(world)} {path.lstat().st_mode:o}\n".encode())
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


def call(world: Path, name: str, more: tuple[str, ...], data: Path) -> str:
    """Run a command; a traceback of anything but the program's own errors is a failure."""
    result = ended(world, name, more, data)
    error = result.exception
    assert error is None or isinstance(error, SystemExit | TractionError), repr(error)
    return result.output


def ended(world: Path, name: str, more: tuple[str, ...], data: Path) -> Result:
    places = {"ORDER": str(world / "order.toml"), "OUT": str(world / "here" / "out")}
    arguments = [*name.split(), *(places.get(part, part) for part in more)]
    if name not in WITHOUT_RECORDS:
        arguments += ["--data", str(data)]
    return invoke(*arguments)


@pytest.mark.parametrize("state", ["missing", "empty"])
@pytest.mark.parametrize(("name", "more"), CASES, ids=str)
def test_a_folder_without_records_stays_as_it_is(
    world: Path, state: str, name: str, more: tuple[str, ...]
) -> None:
    data = world / "data"
    if state == "empty":
        data.mkdir()
    before = digest(world)
    call(world, name, more, data)
    assert digest(world) == before


def test_a_folder_that_nobody_may_write_to_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All in one child process, because the superuser of a test machine may write everywhere."""
    with TemporaryDirectory() as place:
        world = Path(place)
        prepare(world, monkeypatch)
        data = world / "data"
        recorded(RecordFolder(data))
        below = [data, *data.rglob("*")]
        for path in below:
            path.chmod(0o500 if path.is_dir() else 0o400)

        def changed_by() -> list[str]:
            changed = []
            for name, more in CASES:
                before = digest(world)
                call(world, name, more, data)
                if digest(world) != before:
                    changed.append(" ".join((name, *more)))
            return changed

        assert as_owner(world, changed_by) == []
        for path in below:
            path.chmod(0o700 if path.is_dir() else 0o600)
        changed = as_owner(world, changed_by)
        assert "sessions" in changed, "with the right to write, an access leaves its row"


@pytest.mark.parametrize("closed", [".", "data"])
def test_a_folder_that_this_account_may_not_look_into_is_named(
    closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every command, also where a folder above it is the closed one."""
    with TemporaryDirectory() as place:
        world = Path(place)
        prepare(world, monkeypatch)
        data = world / "shut" / "data"
        data.mkdir(parents=True)
        shut = world / "shut" / closed

        def said_otherwise() -> list[str]:
            shut.chmod(0)
            try:
                said = [(name, refusal(world, name, more, data)) for name, more in CASES]
            finally:
                shut.chmod(0o700)
            return [
                f"{name}: {text}"
                for name, text in said
                if "may not read" not in text and name not in WITHOUT_RECORDS
            ]

        assert as_owner(world, said_otherwise) == []


def refusal(world: Path, name: str, more: tuple[str, ...], data: Path) -> str:
    """What a command printed, or the message that it ended with."""
    result = ended(world, name, more, data)
    error = result.exception
    return error.message if isinstance(error, TractionError) else result.output + repr(error)
