"""What accounts must be together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.errors import RequestRefused, StandingInvalid
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.standing import example, keep


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    made = RecordFolder(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    keep(made, example("person"))
    keep(made, example("person", initials="AR", first_name="Ann", last_name="Reed"))
    keep(made, example("account"))
    return made


def refusal(folder: RecordFolder, made_from: int = 0, **said: Any) -> str:
    with pytest.raises(RequestRefused) as refused:
        keep(folder, example("account", **said), made_from=made_from)
    return refused.value.message


def test_the_first_account_is_an_administrator_s(tmp_path: Path) -> None:
    fresh = RecordFolder(tmp_path / "fresh")
    fresh.path.mkdir(mode=0o700)
    keep(fresh, example("person"))
    assert "administrator" in refusal(fresh, roles=["therapist"])
    assert [*read_standing(fresh).accounts] == []


def test_the_last_administrator_stays(folder: RecordFolder) -> None:
    assert "no account would be an administrator's" in refusal(folder, 1, roles=["therapist"])
    assert "no account would be an administrator's" in refusal(folder, 1, in_use=False)
    keep(folder, example("account", account="ann", person="AR"))
    keep(folder, example("account", in_use=False), made_from=1)
    assert [each.name for each in read_standing(folder).accounts] == ["ann"]


def test_everybody_has_one_account(folder: RecordFolder) -> None:
    assert "has the account pat already" in refusal(folder, account="pat2", roles=["aide"])


def test_an_account_is_of_somebody_on_file(folder: RecordFolder) -> None:
    assert "person=ZZ works here no more" in refusal(folder, account="zed", person="ZZ")


def test_whoever_has_an_account_does_not_leave_before_it_is_closed(folder: RecordFolder) -> None:
    with pytest.raises(RequestRefused, match="say in_use=false of the account first"):
        keep(folder, example("person", in_use=False), made_from=1)


def test_an_account_stays_whose_it_was_also_while_it_is_closed(folder: RecordFolder) -> None:
    keep(folder, example("account", account="ann", person="AR"))
    keep(folder, example("person", initials="LW", first_name="Lee", last_name="West"))
    changed = {"account": "ann", "person": "LW"}
    assert "an account stays with its person" in refusal(folder, 1, **changed)
    keep(folder, example("account", account="ann", person="AR", in_use=False), made_from=1)
    assert "its PIN was set by AR" in refusal(folder, 2, **changed)
    keep(folder, example("account", account="lee", person="LW"))


def test_two_accounts_never_have_one_name_in_records(folder: RecordFolder) -> None:
    keep(folder, example("person", initials="P2"))
    assert "account pat belongs to somebody with the same names" in refusal(
        folder, account="pat2", person="P2", roles=["aide"]
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"roles": []}, "roles"),
        ({"roles": ["aide", "aide"]}, "twice"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": ["script"]}, "no person has it"),
        ({"roles": ["script", "aide"], "person": None}, "only role"),
        ({"person": None}, "person is missing"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(StandingInvalid, match=why):
        example("account", **said)
