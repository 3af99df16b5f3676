"""One class defines where records live: no other path is passed, and no name occurs twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from records.store.record_folder import CLINIC, KEYS, QUARANTINE, READINGS, UNITS, RecordFolder
from tests.support.pages import PACKAGES, ROOT
from tools.parsed_sources import nodes_of

FORMER_NAME = "data" + "_dir"
DOOR = "workstation/commands/options.py"
"""Where a user's path becomes the folder."""
MAKERS = {
    DOOR: "the folder of the command line",
    "records/keeping/backup.py": "the copy that a backup holds",
    "records/keeping/restore.py": "what was unpacked from a backup",
    "workstation/updating/rehearsal.py": "the copy on which an update is rehearsed",
    "workstation/demo.py": "the demo's own records",
}
NAMES = {CLINIC, KEYS, QUARANTINE, READINGS, UNITS, "keys.jsonl", "verified.json", "receivers"}


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Path from the root, and text."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def joined_names(path: Path) -> set[str]:
    """The literals after the ``/`` of a path."""
    return {
        node.right.value
        for node in nodes_of(path)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and isinstance(node.right, ast.Constant)
        and isinstance(node.right.value, str)
    }


def test_no_file_names_the_path_that_was_passed_before() -> None:
    former = re.compile(rf"\b{FORMER_NAME}\b")
    named = [path for path, text in sources(*PACKAGES, "tests", "tools") if former.search(text)]
    assert named == []


def test_a_path_becomes_the_folder_in_few_places() -> None:
    made = {path for path, text in sources(*PACKAGES) if re.search(r"\bRecordFolder\(", text)}
    assert made == set(MAKERS)


def test_only_the_folder_knows_the_names_in_it() -> None:
    home = "records/store/record_folder.py"
    found = {
        path: known
        for path, _ in sources("records", "workstation")
        if path != home and (known := joined_names(ROOT / path) & NAMES)
    }
    assert found == {}
    assert joined_names(ROOT / home) & NAMES


def test_the_text_of_the_folder_is_its_path() -> None:
    assert f"{RecordFolder(Path('some') / 'records')}" == str(Path("some") / "records")
