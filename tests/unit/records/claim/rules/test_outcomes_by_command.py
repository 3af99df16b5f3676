"""Every outcome of every rule through what the commands call, with their files on the disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from records.claim.rules.rule_data import shipped_rules
from records.store.record_folder import RecordFolder
from records.visit import billing
from records.visit.load import load_visit
from records.visit.visit import Visit
from tests.support.rule_visits import beyond_the_command, by_command
from tests.support.sessions import SETTINGS, staged
from tests.unit.records.claim.rules.builders import SmallCodeList
from tests.unit.records.claim.rules.builders import Visit as RuleVisit
from tests.unit.records.claim.rules.cases import CASES
from tests.unit.records.claim.rules.outcomes import OUTCOMES
from tests.unit.records.claim.rules.test_rules import OF_OLDER_PAIRS

ELSEWHERE = {"T-086", "T-093", "N-11"}
"""What the program finds out itself: tests of their own (exports/test_ready.py, test_identity.py,
commands/test_billing.py)."""


def outcomes() -> Iterator[tuple[str, str, RuleVisit]]:
    for case in CASES:
        ended = "not_judged" if case.rule_id in OF_OLDER_PAIRS else "failed"
        yield case.rule_id, ended, case.speaks
    for rule_id, three in OUTCOMES.items():
        for outcome, made in three._asdict().items():
            if not isinstance(made, str):
                yield rule_id, outcome, made


BY_COMMAND = [
    pytest.param(*each, id=f"{each[0]}-{each[1]}")
    for each in outcomes()
    if each[0] not in ELSEWHERE and not beyond_the_command(each[2])
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RecordFolder, Visit]]:
    """A data folder with one session, and its visit."""
    folder = RecordFolder(tmp_path_factory.mktemp("outcomes"))
    with staged(folder) as stage:
        stage.treat()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(billing, "code_list_for", lambda *_: SmallCodeList())
        yield folder, load_visit(folder, "session-1", SETTINGS)


@pytest.mark.parametrize(("rule_id", "outcome", "made"), BY_COMMAND)
def test_the_command_ends_the_rule_so(
    data: tuple[RecordFolder, Visit], rule_id: str, outcome: str, made: RuleVisit
) -> None:
    result = by_command(*data, made).result(rule_id)
    assert result.outcome == outcome, result


def test_every_rule_fails_by_command_but_the_one_that_needs_no_session() -> None:
    failing = {each.values[0] for each in BY_COMMAND if each.values[1] == "failed"}
    rules = {rule.id for rule in shipped_rules().rule}
    assert rules - failing == {"T-001"} | OF_OLDER_PAIRS | ELSEWHERE
