"""What the command line loads before it knows which command is meant."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from records.store.record_folder import RecordFolder
from tests.support.notes import recorded
from tests.support.real_time import ROOT, SHORT_PULL
from tests.unit.records.store.test_clinic_chain import lived
from workstation.cli import COMMANDS, program

HEAVY = {
    "cryptography",
    "httpx",
    "jinja2",
    "keyring",
    "numpy",
    "pydantic",
    "pymodbus",
    "reportlab",
    "rich",
    "serial",
    "sqlite3",
    "sqlite_utils",
    "records",
    "simulator",
    "firmware_bridge",
}


LOADED = """
import atexit, os, sys
tasks = "/proc/self/task"
threads = lambda: len(os.listdir(tasks)) if os.path.exists(tasks) else "none-to-count"
atexit.register(lambda: print(threads(), *sys.modules, file=sys.stderr))
from workstation.cli import main
sys.argv[0] = "traction"
main()
"""


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that went well; ``stderr`` has the threads at its end and its modules."""
    return subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )


def loaded_by(*arguments: str) -> set[str]:
    """The modules of a program that showed its help."""
    done = ran(*arguments)
    assert "Usage: traction" in done.stdout
    _, *names = done.stderr.split()
    return set(names)


def test_the_help_loads_nothing_heavy() -> None:
    """A fact that stands for the start-up time, which no test may measure."""
    names = loaded_by("--help")
    assert {f"workstation.commands.{file}" for file in COMMANDS} <= names
    assert not {name for name in names if name.partition(".")[0] in HEAVY}


@pytest.mark.parametrize("file", COMMANDS)
def test_a_command_is_found_in_the_file_that_is_said_to_hold_it(file: str) -> None:
    group = get_command(program([file]))
    assert isinstance(group, TyperGroup)
    assert sorted(group.commands) == sorted(COMMANDS[file])


def test_a_command_loads_no_other_one() -> None:
    """But for the one whose line it shows."""
    names = loaded_by("verify", "--help")
    found = {file for file in COMMANDS if f"workstation.commands.{file}" in names}
    assert found == {"evidence", "unit_files"}


def test_a_reader_loads_no_maker_of_files_and_starts_no_threads(tmp_path: Path) -> None:
    """sqlite-utils is for a file that is new or older, the threads for matrices."""
    lived(RecordFolder(tmp_path / "data"))
    done = ran("note", "s-1", "--data", str(tmp_path / "data"))
    threads, *names = done.stderr.split()
    assert "Delivered traction" in done.stdout
    assert "numpy" in names
    assert "sqlite_utils" not in names
    assert threads in ("1", "none-to-count")


def test_a_refusal_loads_no_screen_of_a_session(tmp_path: Path) -> None:
    lived(RecordFolder(tmp_path / "data"))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "note", "nobody", "--data", str(tmp_path / "data")],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    refusal, loaded = done.stderr.splitlines()[0], done.stderr.splitlines()[-1].split()
    assert refusal.startswith("traction: ")
    assert "workstation.terminal.last_words" in loaded
    assert not {"rich", "workstation.terminal.status_area", "controller.telemetry"} & set(loaded)


def test_evidence_is_handed_out_without_the_rules_of_claims(tmp_path: Path) -> None:
    """A bundle and a note say nothing of a claim, and load none of its rules."""
    lived(RecordFolder(tmp_path / "data"))
    names = ran("note", "s-1", "--data", str(tmp_path / "data")).stderr.split()
    assert "records.visit.visit" in names
    assert "records.claim.rules.scrubber" not in names
    assert "records.claim.rules.predicates" not in names


def test_a_claim_leaves_a_clinic_without_accounts_and_standing_data_without_their_models(
    tmp_path: Path,
) -> None:
    recorded(RecordFolder(tmp_path / "data"), "s-1")
    data, out = tmp_path / "data", tmp_path / "line.csv"
    context = ROOT / "docs" / "how-to" / "claim-context-example.toml"
    claim = ("s-1", "--data", str(data), "--context", str(context))
    names = ran("export", *claim, "--format", "csv", "--out", str(out)).stderr.split()
    assert out.exists()
    assert "records.clinic.checked_entries" in names, "whether accounts are in use was asked"
    assert not {"records.accounts.accounts", "records.standing.kinds"} & set(names)
    assert not {"records.clinic.session_register", "records.keeping.search"} & set(names)


def test_a_scrub_report_as_a_page_loads_no_maker_of_pages(tmp_path: Path) -> None:
    recorded(RecordFolder(tmp_path / "data"), "s-1")
    out = tmp_path / "report.html"
    context = ROOT / "docs" / "how-to" / "claim-context-example.toml"
    asked = ("s-1", "--data", str(tmp_path / "data"), "--context", str(context))
    names = ran("export", *asked, "--format", "scrub-html", "--out", str(out)).stderr.split()
    assert "<h1>Scrub report</h1>" in out.read_text(encoding="utf-8")
    assert not {"jinja2", "reportlab"} & set(names)


STATE = """
import atexit, gc, os, sys
atexit.register(lambda: print(gc.get_freeze_count() > 0))
from workstation.cli import main
sys.argv = ["traction", "--help"]
try:
    main()
finally:
    print(gc.get_threshold()[0], os.environ["PYDANTIC_DISABLE_PLUGINS"])
"""


def test_a_command_neither_collects_while_it_loads_nor_looks_for_plugins() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STATE], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-2:] == ["250000 __all__", "True"]


KEPT = """
import resource, sys
from workstation.cli import main
sys.argv = ["traction", "--help"]
try:
    main()
except SystemExit:
    pass
blocks = [bytes(2000) for _ in range(2000)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    del blocks
    blocks = [bytes(2000) for _ in range(2000)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have other rules")
def test_memory_that_is_free_stays_with_the_program() -> None:
    """4 MB that come and go are 20 000 pages otherwise."""
    done = subprocess.run(
        [sys.executable, "-c", KEPT], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert int(done.stdout.splitlines()[-1]) < 2000


def test_a_stream_that_takes_nothing_changes_no_status_and_is_no_defect() -> None:
    """Of what the library itself prints: help pages, and words of a wrong usage."""
    command = [sys.executable, "-m", "workstation.cli"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as without_reader:
        for wrong in (("accounts", "list", "--nonsense"), ("nonsense",)):
            done = subprocess.run([*command, *wrong], stderr=without_reader, check=False)
            assert done.returncode == 2
        for page in (("--help",), ("key", "rotate", "--help")):
            done = subprocess.run(
                [*command, *page], stdout=without_reader, stderr=subprocess.PIPE, check=False
            )
            assert (done.returncode, done.stderr) == (0, b"")
    full = Path("/dev/full")
    if not full.exists():
        assert sys.platform != "linux"
        return
    with full.open("wb") as without_room:
        said = subprocess.run(
            [*command, "--help"], stdout=without_room, stderr=subprocess.PIPE, check=False
        )
        wrong_usage = subprocess.run([*command, "nonsense"], stderr=without_room, check=False)
    assert said.returncode == 2
    assert b"standard output cannot be written (No space left on device)" in said.stderr
    assert wrong_usage.returncode == 2


LOADED_BEFORE, LOADED_BEHIND = 71, 72
"""No status of the program."""
BEFORE_RIGHTS = f"""
import sys
from workstation.session import realtime

def take():
    loaded = "workstation.session.treat" in sys.modules
    sys.exit({LOADED_BEFORE} if loaded else {LOADED_BEHIND})

realtime.take_realtime_rights = take
from workstation.cli import main
sys.argv[0] = "traction"
main()
"""


def test_a_session_is_loaded_before_it_runs_before_the_loops_of_other_units(
    tmp_path: Path,
) -> None:
    order = tmp_path / "order.toml"
    order.write_text(SHORT_PULL, encoding="utf-8")
    asked = ("run", "tcp://127.0.0.1:1", "--order", str(order), "--yes")
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_RIGHTS, *asked, "--data", str(tmp_path / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == LOADED_BEFORE, done.stderr
