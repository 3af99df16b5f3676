"""What every command prints with ``--json`` has the shape that its schema in the pages says."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from rich.console import Console
from typer.core import TyperGroup

from controller.order.prescription import Region
from controller.runtime.clock import SystemClock
from records.keys.signing import NoKeyStore, load_or_create_key, public_pem
from records.store.ed25519 import SigningKey
from records.store.record_folder import RecordFolder
from tests.support.claims import FEES
from tests.support.code_files import write_order_file
from tests.support.commands import invoke
from tests.support.json_schemas import SCHEMAS, check_shape
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded
from tests.support.real_time import ROOT
from tests.support.sessions import staged
from tests.support.short_demo import run_short_demo
from tests.support.signed_in import ADA, PINS, add_accounts, at_a_terminal
from tests.support.updating import RELEASE_KEY, be_quick, make_clinic
from tests.unit.workstation.commands.test_appointments import DAY, DAY_MAP
from tools.parsed_sources import nodes_of
from workstation import cli, demo, openemr
from workstation.commands import session_end
from workstation.settings import Settings
from workstation.terminal.screen import Screen
from workstation.texts.order_template import order_template

TRIED_WITH_AN_INSTRUMENT = {"commission", "commissionings", "probe", "stop-test"}
"""In test_probe.py, beside the instrument that they ask."""
OTHER_FORMATS = {"show": "traction-session/2"}
"""Commands whose JSON is a published format of its own."""
CAPTURE = (
    f"traction-capture 1 2026-11-29T16:44:12.123Z {'ab' * 32} modbus-tcp://host:5020?unit=1\n"
    "0.000000 > 000100000006010300000001\n"
    "end 1\n"
)


def named_in_the_program() -> set[str]:
    """The name of every schema that some command names."""
    found = set()
    for path in (ROOT / "workstation").rglob("*.py"):
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = {"say_json", "with_format", "put_out"}
                first = node.args[0] if node.args else None
                if node.func.id in names and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def options_of(group: TyperGroup, before: str = "") -> Iterator[tuple[str, set[str]]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from options_of(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", {one for part in command.params for one in part.opts}


def test_every_command_has_json() -> None:
    program = typer.main.get_command(cli.program())
    assert isinstance(program, TyperGroup)
    assert [name for name, options in options_of(program) if "--json" not in options] == []


def test_every_schema_is_named_by_a_command_and_every_name_has_one() -> None:
    assert {path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.json")} == (
        named_in_the_program()
    )


class Printed:
    """Runs commands in one folder and keeps what each printed as JSON."""

    def __init__(self, place: Path) -> None:
        self.place, self.data = place, RecordFolder(place / "data")
        self.documents: dict[str, list[dict[str, Any]]] = {}

    def keep(self, text: str) -> None:
        document = json.loads(text)
        self.documents.setdefault(document["format"], []).append(document)

    def run(self, *arguments: str, records: bool = True, data: RecordFolder | None = None) -> None:
        more = ("--data", str(data or self.data)) if records else ()
        result = invoke(*arguments, *more, "--json")
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            arguments,
            result.exception,
        )
        self.keep(result.stdout)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """A small life of a folder: two sessions, words, keys, a backup, an altered copy."""
    printed = Printed(tmp_path_factory.mktemp("printed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACTION_TIME_ZONE", "UTC")
        patch.setattr(
            openemr,
            "upload_document",
            partial(
                openemr.upload_document,
                transport=httpx.MockTransport(lambda _: httpx.Response(200, text="true")),
            ),
        )
        patch.setenv("EMR_TOKEN", "token")
        life = (_empty, _read, _claims, _kept, _standing, _accounts, _of_the_day, _without_records)
        for part in (*life, _changed, _sessions, _served, _updated):
            part(printed, patch)
    return printed


def _empty(printed: Printed, _: pytest.MonkeyPatch) -> None:
    nothing = RecordFolder(printed.place / "nothing")
    for command in (
        ("sessions",),
        ("audit",),
        ("checkpoints",),
        ("key", "show"),
        ("key", "list"),
        ("quarantine", "list"),
        ("retention",),
        ("hold",),
        ("where",),
        ("backup", "--status"),
    ):
        printed.run(*command, data=nothing)
    nothing.path.mkdir()
    printed.run("verify", "--all", data=nothing)  # which refuses a folder that is not there


def _read(printed: Printed, _: pytest.MonkeyPatch) -> None:
    recorded(printed.data)
    recorded(printed.data, "s-2", began_ms=BEGAN_MS + DAY_MS, outcome="stopped")
    recorded(printed.data, "s-3", began_ms=BEGAN_MS + 2 * DAY_MS, outcome="refused", held_ms=None)
    printed.run("sessions", "--refused")
    printed.run("show", "s-1")
    printed.run("note", "s-1", "--complete", "pain_before=6", "--by", "P. Jones")
    printed.run("note", "s-1")
    printed.run("audit")
    printed.run("verify", "--all")
    printed.run("verify", "s-1")
    printed.run("checkpoints")
    printed.run("key", "show")
    printed.run("key", "list")
    printed.run("where")
    printed.run("payers")
    printed.run("profiles")
    printed.run("profiles", "reference_v1")
    printed.run("profiles", "laumas_tlb")
    printed.run("codes", "list")
    printed.run("accounts", "roles", records=False)


def _claims(printed: Printed, _: pytest.MonkeyPatch) -> None:
    fees = printed.place / "fees.toml"
    fees.write_text(FEES, encoding="utf-8")
    printed.run("scrub", "s-1")
    printed.run("estimate", "s-1", "--fees", str(fees))
    printed.run("accept", "s-1", "--modifier", "GP", "--by", "P. Jones")
    printed.run("claim", "new", "s-1")
    printed.run("claim", "new", "s-1", "--out", f"{printed.place}/claims/")
    for kind in ("text", "csv", "bundle"):
        printed.run("export", "s-1", "--format", kind, "--out", f"{printed.place}/out/")
    printed.run("verify", "--bundle", str(printed.place / "out" / "s-1.zip"))
    upload = ("--openemr", "https://emr.example", "--pid", "7", "--token-env", "EMR_TOKEN")
    printed.run("upload", "s-1", *upload)


def _kept(printed: Printed, _: pytest.MonkeyPatch) -> None:
    copy, back = printed.place / "copy.zip", RecordFolder(printed.place / "back")
    printed.run("backup", str(copy))
    printed.run("backup", "--status")
    printed.run("backup", "--prove", str(copy))
    printed.run("restore", str(copy), data=back)
    printed.run("sound-check", "--by", "P. Jones", "--without", "loudspeaker is being repaired")
    printed.run("archive", "--out", str(printed.place / "archive"))
    printed.run("hold", "s-1", "--reason", "asked for by a court")
    printed.run("hold", "--patient", "TEST-1", "--reason", "asked for by a court")
    printed.run("retention")
    printed.run("repack", UNIT)
    printed.run("move-years", str(printed.place / "archive"), "--before", "2000")


def _changed(printed: Printed, _: pytest.MonkeyPatch) -> None:
    foreign = printed.place / "foreign.pub"
    foreign.write_bytes(public_pem(SigningKey(bytes([7]) * 32).public_key))
    first = load_or_create_key(printed.data, store=NoKeyStore()).key_id
    printed.run("key", "export")
    printed.run("key", "export", "--out", f"{printed.place}/keys/")
    printed.run("key", "rotate", "--yes")
    printed.run("key", "accept", str(foreign))
    printed.run("key", "revoke", first, "--from", "2026-01-05T00:00", "--reason", "x", "--yes")
    printed.run("key", "list")
    altered = RecordFolder(printed.place / "altered")
    shutil.copytree(printed.data.path, altered.path)
    altered.unit_database(UNIT).write_bytes(b"no database" * 1000)
    printed.run("verify", "--all", data=altered)
    printed.run("where", data=altered)
    printed.run("quarantine", "put", UNIT, "--reason", "damaged")
    printed.run("quarantine", "accept", UNIT, "--reason", "looked at")
    printed.run("quarantine", "list")


def _standing(printed: Printed, patch: pytest.MonkeyPatch) -> None:
    by = ("--by", "P. Jones")
    printed.run("units", "add", "Table 1", "address=modbus-tcp://host:5020?unit=1", *by)
    printed.run("units", "show", "Table 1")
    printed.run("units", "list")
    exported = printed.place / "standing" / "units.toml"
    printed.run("units", "export", "--out", f"{exported.parent}/")
    printed.run("units", "import", str(exported), *by)
    patch.setattr("workstation.commands.station._become_parent", lambda _: None)
    printed.run("station")
    day, columns = printed.place / "day.csv", printed.place / "map.toml"
    day.write_text(DAY, encoding="utf-8")
    columns.write_text(DAY_MAP, encoding="utf-8")
    printed.run("appointments", "list")
    printed.run("appointments", "import", str(day), "--map", str(columns), *by)
    printed.run("appointments", "list")
    printed.run("forms", "sheet", "--out", str(printed.place / "sheet.pdf"))
    printed.run("forms", "day", "--out", str(printed.place / "day.pdf"), *by)


def _accounts(printed: Printed, _: pytest.MonkeyPatch) -> None:
    """In records of their own: nobody has to sign in for the others."""
    own = RecordFolder(printed.place / "accounts")
    own.path.mkdir(mode=0o700)
    add_accounts(own, ADA)
    printed.run("accounts", "code", ADA, "--reason", "forgotten", data=own)
    with at_a_terminal(PINS[ADA], "551903", "551903"):
        printed.run("accounts", "pin", ADA, data=own)


def _updated(printed: Printed, patch: pytest.MonkeyPatch) -> None:
    """In an installation of its own, whose versions have no environment."""
    clinic = make_clinic(printed.place / "updated")
    be_quick(patch)
    printed.run("update", "--status", data=clinic.records)
    patch.setattr("workstation.updating.program_here.program_here", clinic.here)
    release, key = clinic.release("1.1"), printed.place / "another.pub"
    key.write_bytes(public_pem(SigningKey(bytes([8]) * 32).public_key))
    printed.run("update", str(release), "--backup", str(clinic.backup), data=clinic.records)
    printed.run("update", "--status", data=clinic.records)
    printed.run("update", "--back", data=clinic.records)
    printed.run("update", "--accept-key", str(key), data=clinic.records)
    printed.run("update", "--withdraw-key", RELEASE_KEY.key_id, data=clinic.records)


def _of_the_day(printed: Printed, _: pytest.MonkeyPatch) -> None:
    """Empty lists; those of a day with visits are held against the same schemas (test_day)."""
    printed.run("today")
    printed.run("claims", "--week", "--out", f"{printed.place}/claims")


def _without_records(printed: Printed, patch: pytest.MonkeyPatch) -> None:
    order = printed.place / "order.toml"
    order.write_text(order_template(Region.CERVICAL), encoding="utf-8")
    capture = printed.place / "line.capture"
    capture.write_text(CAPTURE, encoding="utf-8")
    printed.run("order", "check", str(order))
    printed.run("order", "new", "--region", "lumbar")
    printed.run("order", "new", "--region", "lumbar", "--out", f"{printed.place}/new/")
    printed.run("replay", str(capture), records=False)
    printed.run("ports", records=False)
    printed.run("doctor")
    codes = write_order_file(printed.place)
    printed.run("codes", "import", str(codes), "--from", "2026-10-01", "--to", "2027-09-30")
    printed.run("codes", "list")


def _sessions(printed: Printed, patch: pytest.MonkeyPatch) -> None:
    """The report of ``run`` of a real session, through its own screen."""
    with staged(RecordFolder(printed.place / "session")) as stage:
        result = stage.treat()
    out = StringIO()
    patch.setattr("sys.stdout", out)
    with Screen(SystemClock(), as_json=True, zone_at=lambda _: UTC) as screen:
        session_end._report(result, screen)  # noqa: SLF001
    patch.undo()
    printed.keep(out.getvalue())


def _served(printed: Printed, _: pytest.MonkeyPatch) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workstation.commands.simulate._wait_for_end", lambda: None)
        printed.run("simulate", "--port", "0", records=False)
        whole = demo.run_demo

        def short(
            console: Console, folder: Path, settings: Settings, *, cervical_wire: str
        ) -> list[Path]:
            patch.setattr(demo, "run_demo", whole)
            return run_short_demo(console, folder, settings)

        patch.setattr(demo, "run_demo", short)
        printed.run("demo", "--out", str(printed.place / "demo"), records=False)


def test_what_every_command_prints_fits_its_schema(printed: Printed) -> None:
    for name, documents in printed.documents.items():
        if name in OTHER_FORMATS.values():
            continue
        for document in documents:
            check_shape(document)


def test_every_command_was_tried(printed: Printed) -> None:
    tried = {name.removeprefix("traction-").rpartition("/")[0] for name in printed.documents}
    assert named_in_the_program() - tried == TRIED_WITH_AN_INSTRUMENT


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects_in(value)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_a_schema_says_its_format_and_lets_nothing_else_through(path: Path) -> None:
    """A key that is new, or gone, fails: a schema that takes everything would say nothing."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    name = path.name.removesuffix(".schema.json")
    assert schema["properties"]["format"] == {"const": f"traction-{name}/1"}
    for each in objects_in(schema):
        assert each["additionalProperties"] is False
        assert each["required"], path.name
