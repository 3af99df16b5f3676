"""The nine changes of the review still have their places, and tests that notice them exist.

``python -m tests.campaigns.review_changes`` makes them and runs those tests.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.campaigns.review_changes import CHANGES, ROOT, Change
from tests.safety.loop_bench import LoopBench, breaches


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_each_change_has_its_place_and_its_tests(change: Change) -> None:
    for edit in change.edits:
        assert (ROOT / edit.path).read_text(encoding="utf-8").count(edit.old) == 1
    for test in change.noticed_by:
        path, _, name = test.partition("::")
        text = Path(ROOT / path).read_text(encoding="utf-8")
        function = re.escape(name.partition("[")[0])
        assert re.search(rf"^def {function}", text, re.MULTILINE)


def test_there_are_nine_and_they_do_not_overlap() -> None:
    assert len(CHANGES) == 9
    edits = [(edit.path, edit.old) for change in CHANGES for edit in change.edits]
    assert len(set(edits)) == len(edits)


def test_too_much_force_is_seen_in_the_slack_take_up() -> None:
    """The force is there at once and two answers are lost, so that the cord never counts as taut.

    The rise alone would end the session too; here the force itself has to be on record.
    """
    bench = LoopBench(ends_at_s=18.0)

    def pull(elapsed_s: float) -> None:
        at = round((elapsed_s - 1.0) / 0.05)
        bench.unit.changes = {"force_n": 200.0} if at in (0, 3) else {}
        bench.unit.silent = at in (1, 2)

    bench.run(pull)
    assert "over_force" in bench.codes
    assert breaches(bench) == []
