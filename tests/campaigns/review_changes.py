"""Nine changes that take safety away, each of which tests must notice: alone and all together.

Usage: python -m tests.campaigns.review_changes

They are those that a review found to pass every test: four in the loop, the supervisor
and its situation, five on the wire. Each is made in a copy of the program, and the tests that are
named for it must fail there; without a change they must pass. ``tests/safety/test_review_changes``
sees to it that the places still exist.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "controller",
    "firmware_bridge",
    "records",
    "simulator",
    "workstation",
    "tests",
    "pyproject.toml",
)
LOOP = "controller/runtime/loop.py"
LINE = "firmware_bridge/line/line.py"
UNIT = "firmware_bridge/units/reference_unit.py"
CHECKS = "controller/safety/checks.py"
MODEL = "tests/safety/test_model.py"
LINK_TESTS = "tests/unit/firmware_bridge/modbus/test_link.py"


@dataclass(frozen=True, slots=True)
class Edit:
    """One place: the text that occurs there once, and its replacement."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is removed, and the tests that must notice."""

    name: str
    edits: tuple[Edit, ...]
    noticed_by: tuple[str, ...]


CHANGES = (
    Change(
        "no release in the deciding tick",
        (
            Edit(
                LOOP,
                "        self._supervisor.sent(command, now_s)\n"
                "        with suppress(LinkError):\n"
                "            self._unit.exchange(command)\n",
                "        self._supervisor.sent(command, now_s)\n",
            ),
        ),
        (f"{MODEL}::test_each_reading_of_the_search_ends_a_hold[pressed]",),
    ),
    Change(
        "a broken loop that does not let go",
        (
            Edit(
                LOOP,
                "        except BaseException:\n"
                "            self.last_resort = release_until_seen(self._unit, self._clock)\n"
                "            raise\n",
                "        except BaseException:\n            raise\n",
            ),
        ),
        (
            f"{MODEL}::test_a_core_with_one_wrong_output_hurts_nobody[command breaks-hold]",
            f"{MODEL}::test_a_press_is_obeyed_whatever_the_core_says[handling breaks]",
        ),
    ),
    Change(
        "the wish not narrowed",
        (
            Edit(
                LOOP,
                "        self._command = self._supervisor.narrowed("
                "self._machine.command(self._ticker.due_s))\n"
                "        self._insist",
                "        self._command = self._machine.command(self._ticker.due_s)\n"
                "        self._insist",
            ),
        ),
        (
            f"{MODEL}::test_a_core_with_one_wrong_output_hurts_nobody[force too high-hold]",
            f"{MODEL}::test_a_core_with_one_wrong_output_hurts_nobody[ceiling widened-hold]",
            f"{MODEL}::test_a_core_with_one_wrong_output_hurts_nobody[rate widened-hold]",
        ),
    ),
    Change(
        "no over-force check in the slack take-up",
        (
            Edit(
                CHECKS,
                "    if now.missed or not now.over_force.lasts(now.now_s, limits.over_force_s):",
                "    if now.taking_up_slack or not now.over_force.lasts("
                "now.now_s, limits.over_force_s):",
            ),
        ),
        ("tests/safety/test_review_changes.py::test_too_much_force_is_seen_in_the_slack_take_up",),
    ),
    Change(
        "a release that waits for the line's doubt",
        (
            Edit(
                LINE,
                "        doubt_s = 0.0 if urgent else self._doubt_until_s\n",
                "        doubt_s = self._doubt_until_s\n",
            ),
            Edit(
                LINE,
                "        limit_s = self._clock.now_s() + silence_s\n",
                "        limit_s = max(doubt_s, self._clock.now_s() + silence_s)\n",
            ),
        ),
        (
            f"{LINK_TESTS}::test_a_release_does_not_wait_for_the_doubt_and_leaves_it_to_the_next_request",
        ),
    ),
    Change(
        "no drain after a stale answer",
        (
            Edit(
                UNIT,
                "        except FrameCorrupt:\n"
                "            self.link.distrust()\n"
                "            raise\n",
                "        except FrameCorrupt:\n            raise\n",
            ),
        ),
        ("tests/unit/firmware_bridge/units/test_reference_unit.py",),
    ),
    Change(
        "a release that waits on a babbling line",
        (
            Edit(
                LINE,
                "        if not urgent:\n"
                "            limit_s = max(doubt_s, self._clock.now_s() + self._timeout_s)\n",
                "        limit_s = max(doubt_s, self._clock.now_s() + self._timeout_s)\n",
            ),
        ),
        (
            f"{LINK_TESTS}::test_a_babbling_line_is_waited_for_one_silence_by_a_release_and_one_time_out_by_others",
        ),
    ),
    Change(
        "no drain after a time-out",
        (
            Edit(
                LINE,
                "        self._doubtful(answer, data)\n        if not data:\n",
                "        if not data:\n",
            ),
        ),
        (f"{LINK_TESTS}::test_an_answer_behind_the_time_out_is_not_taken_for_the_next_one",),
    ),
    Change(
        "doubt that ends early",
        (
            Edit(
                LINE,
                "self.sent_at_s + self._window_s())\n",
                "self.sent_at_s + 0.5 * self._window_s())\n",
            ),
        ),
        (
            f"{LINK_TESTS}::test_after_a_time_out_the_line_is_quiet_for_the_whole_window_also_when_nothing_comes",
        ),
    ),
)


@contextmanager
def changed_copy(changes: Iterable[Change]) -> Iterator[Path]:
    """A copy of the program with the changes applied."""
    with TemporaryDirectory() as folder:
        for name in COPIED:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        for change in changes:
            for edit in change.edits:
                path = Path(folder) / edit.path
                text = path.read_text(encoding="utf-8")
                assert text.count(edit.old) == 1, f"{change.name}: not once in {edit.path}"
                path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
        yield Path(folder)


def passes(folder: Path, tests: Iterable[str]) -> bool:
    """True if all tests pass in the copy."""
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(run, cwd=folder, capture_output=True, check=False).returncode == 0


def main() -> int:
    """Make every change alone, then all of them; returns 1 if a change is not noticed."""
    with changed_copy([]) as folder:
        named = [test for change in CHANGES for test in change.noticed_by]
        if not passes(folder, named):
            print("the named tests fail without any change")
            return 1
    unnoticed = []
    for change in CHANGES:
        with changed_copy([change]) as folder:
            noticed = not passes(folder, change.noticed_by)
        print(f"{'noticed' if noticed else 'NOT NOTICED'}: {change.name}", flush=True)
        unnoticed += [] if noticed else [change.name]
    with changed_copy(CHANGES) as folder:
        for change in CHANGES:
            noticed = not passes(folder, change.noticed_by)
            print(f"{'noticed' if noticed else 'NOT NOTICED'} among all: {change.name}", flush=True)
            unnoticed += [] if noticed else [f"{change.name} among all"]
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
