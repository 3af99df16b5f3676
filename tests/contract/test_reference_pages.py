"""The generated pages of the reference match the program."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from controller.order.phases import TRANSITIONS
from tools import decision_index

ROOT = Path(__file__).resolve().parents[2]
_SPEC = importlib.util.spec_from_file_location("pages", ROOT / "tools" / "reference_pages.py")
assert _SPEC is not None
assert _SPEC.loader is not None
MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(MODULE)


@pytest.mark.parametrize("name", ["phases.md", "alarms.md"])
def test_the_page_is_current(name: str) -> None:
    stored = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert stored == MODULE.pages()[name].rstrip() + "\n", "run: python tools/reference_pages.py"


def test_the_diagram_has_every_transition_once() -> None:
    drawn = [line.strip() for line in MODULE.pages()["phases.md"].splitlines() if "-->" in line]
    expected = [
        f"{before.label} --> {after.label}"
        for before, followers in TRANSITIONS.items()
        for after in followers
        if after is not before
    ]
    assert len(drawn) == len(set(drawn)) == len(expected) + 4
    assert set(expected) < set(drawn)


def test_the_index_of_decisions_is_current() -> None:
    stored = (decision_index.FOLDER / "README.md").read_text(encoding="utf-8")
    assert stored == decision_index.index(), "run: python -m tools.decision_index"


@pytest.mark.parametrize(
    "head",
    [
        "# 0001 Title\n\nStatus: accepted\n\n## Context\n",
        "# 0002 Title\n\nStatus: accepted\n\nDate: 2026-11-25\n\n## Context\n",
        "# Title\n\nStatus: accepted\n\nDate: 2026-11-25\n\n## Context\n",
    ],
    ids=["no date", "another number", "no number"],
)
def test_a_decision_without_its_head_is_named(
    head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001-record-decisions.md").write_text(head, encoding="utf-8")
    monkeypatch.setattr(decision_index, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"0001-record-decisions\.md"):
        decision_index.index()
