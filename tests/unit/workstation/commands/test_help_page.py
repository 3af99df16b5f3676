"""The help page, the version, completion and ``traction where``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from records.evidence.reader import find_session
from records.keys.signing import current_key_id
from records.store.record_folder import RecordFolder
from tests.support.commands import invoke, said
from tests.support.notes import UNIT, recorded
from tests.support.real_time import ROOT
from tests.unit.workstation.commands.test_json_shapes import options_of
from workstation.cli import program
from workstation.commands.help_page import GROUPS


def commands() -> TyperGroup:
    found = typer.main.get_command(program())
    assert isinstance(found, TyperGroup)
    return found


def test_every_command_is_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(commands().commands)


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_the_help_shows_each_group_with_whole_sentences(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = " ".join(invoke("--help").output.split())
    assert "..." not in shown.partition("Treat:")[2]
    places = [shown.index(f"{title}:") for title in GROUPS]
    assert places == sorted(places)
    for command in commands().commands.values():
        sentence = command.get_short_help_str(1000)
        assert sentence.endswith("."), sentence
        assert " ".join(sentence.split()) in shown


SUBJECTS = [name for name, one in commands().commands.items() if isinstance(one, TyperGroup)]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_shows_its_commands_with_whole_sentences(subject: str) -> None:
    shown = " ".join(invoke(subject, "--help").output.split())
    group = commands().commands[subject]
    assert isinstance(group, TyperGroup)
    for command in group.commands.values():
        sentence = command.get_short_help_str(1000)
        assert sentence.endswith("."), sentence
        assert " ".join(sentence.split()) in shown


def test_the_version_is_that_of_the_program() -> None:
    result = invoke("--version")
    assert result.output == f"traction {version('traction-session-controller')}\n"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("ver", ["verify"]), ("key r", ["rotate", "revoke"]), ("sessions --re", ["--refused"])],
)
def test_a_shell_is_told_how_a_line_goes_on(typed: str, offered: list[str]) -> None:
    """As bash asks; the words are those of the program's own commands and options."""
    code = "import sys; sys.argv = ['traction']; from workstation.cli import main; main()"
    asked = {
        "_TRACTION_COMPLETE": "complete_bash",
        "COMP_WORDS": f"traction {typed}",
        "COMP_CWORD": str(len(typed.split())),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert sorted(done.stdout.split()) == sorted(offered), done.stderr


def test_where_tells_folders_sizes_versions_and_key(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRACTION_CHECKPOINT_COPY", str(tmp_path / "elsewhere"))
    recorded(folder)
    told = json.loads(said(folder, "where", "--json"))
    assert (told["records"], told["records_exist"]) == (str(folder), True)
    assert told["second_place"] == str(tmp_path / "elsewhere")
    assert told["key"]["key_id"] == current_key_id(folder)
    assert {Path(one["file"]).name for one in told["databases"]} == {"clinic.db", f"{UNIT}.db"}
    for one in told["databases"]:
        assert one["bytes"] >= Path(one["file"]).stat().st_size > 0
        assert (one["schema_version"] > 0, one["trouble"]) == (True, "")
    lines = said(folder, "where").splitlines()
    assert [line.split()[0] for line in lines] == [
        "records",
        "settings",
        "second",
        "force",
        "database",
        "database",
        "key",
        "versions",
    ]
    assert find_session(folder, "s-1"), "it is still readable"


def test_where_names_a_database_that_cannot_be_read(folder: RecordFolder) -> None:
    recorded(folder)
    folder.unit_database(UNIT).write_bytes(b"no database at all" * 100)
    told = json.loads(said(folder, "where", "--json"))
    (broken,) = [one for one in told["databases"] if one["trouble"]]
    assert broken["file"] == str(folder.unit_database(UNIT))
    assert broken["schema_version"] is None


def test_one_option_name_means_one_thing() -> None:
    """Of the names that several commands have; what else would read alike is written otherwise."""
    takers: dict[str, set[str]] = {}
    for name, options in options_of(commands()):
        for option in options:
            takers.setdefault(option, set()).add(name)
    assert takers["--table"] == {"observe"}, "a fee table is --fees"
    assert takers["--patient"] == {
        "sessions",
        "audit",
        "hold",
        "order new",
        "forms sheet",
    }, "a reference of the clinic"
    assert takers["--pid"] == {"upload"}
    assert not {"--operator", "--author", "--user", "--output", "--folder"} & takers.keys()
    for several in ("--data", "--json", "--by", "--out", "--force", "--yes", "--reason"):
        assert len(takers[several]) > 1
