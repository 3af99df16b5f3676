"""What is due goes and stays provable; what is held, open or inside its time is never touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import RecordNotFound, RequestRefused, UnitBusy
from records.audit import accesses
from records.author import Author
from records.chain import NOTHING
from records.checkpoint import parse_checkpoint
from records.clinic_file import clinic_database
from records.clinic_verify import verify_clinic
from records.integrity import issued_checkpoints, verify
from records.packed_links import pack_ranges
from records.reader import REMOVED, list_sessions, read_session
from records.retention import (
    Keeping,
    Rule,
    apply_retention,
    holds,
    lift_hold,
    set_hold,
    show_retention,
)
from records.stored_session import SessionHead
from records.unit_file import UnitLock, holding, unit_database
from tests.support.altering import altering
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded
from tests.support.sessions import KEY

AUTHOR = Author(by="P. Jones", user="pj", at_utc_ms=BEGAN_MS + 4000 * DAY_MS, key=KEY)
KEYS = {KEY.key_id: KEY.public_key}


def day_of(utc_ms: int) -> date:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).date()


def rule(years: int = 10, days_later: int = 3653) -> Rule:
    """The day that lies ``days_later`` after the first session; ten years have 3652 or 3653."""
    return Rule(years=years, today=day_of(BEGAN_MS) + timedelta(days=days_later), day_of=day_of)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An old session, a newer one, and one that is between them on a hold."""
    recorded(tmp_path, "s-1")
    recorded(tmp_path, "s-2", began_ms=BEGAN_MS)
    recorded(tmp_path, "s-3", began_ms=BEGAN_MS + 400 * DAY_MS)
    set_hold(tmp_path, AUTHOR, "letter of a lawyer", session_id="s-2")
    return tmp_path


def states(data: Path, the_rule: Rule) -> dict[str, Keeping]:
    return {one.head.session_id: one.state for one in show_retention(data, the_rule)}


def test_only_what_is_due_is_removed_and_everything_stays_provable(data: Path) -> None:
    outside = [parse_checkpoint(one.text) for one in issued_checkpoints(data)]
    assert states(data, rule()) == {
        "s-1": Keeping.DUE, "s-2": Keeping.HELD, "s-3": Keeping.KEPT,
    }  # fmt: skip
    assert apply_retention(data, rule(), AUTHOR) == ["s-1"]
    assert states(data, rule())["s-1"] is Keeping.REMOVED
    assert apply_retention(data, rule(), AUTHOR) == []
    result = verify(data, checkpoints=outside, public_keys=KEYS)
    assert (result.alterations, result.sessions, result.removed) == ((), 3, 1)
    assert result.checkpoints == 3
    assert "the content of 1 removed by a signed rule" in result.basis
    assert verify_clinic(data, public_keys=KEYS).alterations == ()
    (row,) = [one for one in accesses(data) if one.kind == "session_removed"]
    assert (row.what, row.by, row.session_id) == (
        "removed by retention of 10 years",
        "P. Jones",
        "s-1",
    )
    assert [r.outcome for r in list_sessions(data) if r.head.session_id == "s-1"] == [REMOVED]
    with pytest.raises(RecordNotFound, match=r"removed by P\. Jones \(retention of 10 years\)"):
        read_session(data, "s-1")


def test_nothing_of_the_content_is_left_in_the_files(tmp_path: Path) -> None:
    recorded(tmp_path, "s-1")
    files = [unit_database(tmp_path, UNIT), clinic_database(tmp_path)]
    # The patient's opaque key is key-of-TEST-1 here; beside it stands the reference.
    words = (b'"outcome"', b"left arm pain", b"key-of-TEST-1TEST-1")
    before = b"".join(path.read_bytes() for path in files)
    assert all(word in before for word in words)
    apply_retention(tmp_path, rule(), AUTHOR)
    after = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not [word for word in words if word in after]


def test_without_a_rule_nothing_is_ever_due(data: Path) -> None:
    assert Keeping.DUE not in states(data, rule(0, 36500)).values()
    assert apply_retention(data, rule(0, 36500), AUTHOR) == []


def test_an_open_session_is_never_due(tmp_path: Path) -> None:
    from controller.runtime.clock import VirtualClock
    from records.journal import SessionOpening, open_session

    opening = SessionOpening(session_id="s-1", unit_id=UNIT, utc_offset_min=0, detail={})
    journal = open_session(tmp_path, opening, VirtualClock(), key=KEY)
    journal.abandon()
    assert states(tmp_path, rule(1, 36500)) == {"s-1": Keeping.OPEN}
    assert apply_retention(tmp_path, rule(1, 36500), AUTHOR) == []


def test_nothing_is_removed_while_a_session_on_the_unit_runs(data: Path) -> None:
    with holding(UnitLock(unit_database(data, UNIT))), pytest.raises(UnitBusy):
        apply_retention(data, rule(), AUTHOR)
    assert states(data, rule())["s-1"] is Keeping.DUE


def test_a_hold_on_a_patient_holds_every_session_and_is_lifted_with_a_reason(data: Path) -> None:
    hold = set_hold(data, AUTHOR, "claim of 2031", patient="TEST-1")
    assert hold.is_patient
    assert set(states(data, rule()).values()) == {Keeping.HELD}
    with pytest.raises(RequestRefused, match="needs its reason"):
        lift_hold(data, AUTHOR, " ", patient="TEST-1")
    lift_hold(data, AUTHOR, "claim closed", patient="TEST-1")
    assert [one.what for one in holds(data)] == ["s-2"]
    lift_hold(data, AUTHOR, "claim closed", session_id="s-2")
    assert apply_retention(data, rule(), AUTHOR) == ["s-1", "s-2"]
    assert verify(data, public_keys=KEYS).alterations == ()
    with pytest.raises(RequestRefused, match="no hold on s-3"):
        lift_hold(data, AUTHOR, "none", session_id="s-3")
    kinds = [one.kind for one in accesses(data)]
    assert (kinds.count("legal_hold_set"), kinds.count("legal_hold_lifted")) == (2, 2)


def test_an_interrupted_removal_goes_on_at_the_next_application(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("records.retention.remove_content", power_fails)
    with pytest.raises(KeyboardInterrupt):
        apply_retention(data, rule(), AUTHOR)
    monkeypatch.undo()
    assert states(data, rule())["s-1"] is Keeping.DUE
    assert apply_retention(data, rule(), AUTHOR) == ["s-1"]
    assert verify(data, public_keys=KEYS).alterations == ()


OTHER_RANGES = pack_ranges([NOTHING.next(10, 8)]).hex()
CHANGES: dict[str, str] = {
    "who": "UPDATE removal SET removed_by = 'nobody'",
    "when": "UPDATE removal SET removed_utc_ms = removed_utc_ms + 1",
    "rule": "UPDATE removal SET rule = 'retention of 1 years'",
    "signature": "UPDATE removal SET signature = zeroblob(64)",
    "no removal": "DELETE FROM removal",
    "digest of the links": "UPDATE packed_links SET digest = zeroblob(32) WHERE session = 1",
    "ranges of the links": f"UPDATE packed_links SET ranges = X'{OTHER_RANGES}' WHERE session = 1",
    "last link": "UPDATE seal SET last_link = zeroblob(32) WHERE session = 1",
    "links gone": "DELETE FROM packed_links WHERE session = 1",
    "link back": "INSERT INTO link VALUES (1, 0, 0, 1, 0, 0, zeroblob(32))",
    "seal": "UPDATE seal SET session_digest = zeroblob(32) WHERE session = 1",
    "signature of the seal": "UPDATE signature SET signature = zeroblob(64) WHERE session = 1",
    "another session": "UPDATE removal SET session = 2",
    "content back": "INSERT INTO event VALUES (1, 0, 0, 0, 1, 1, '{}')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_forged_removal_and_an_altered_remainder_are_found(data: Path, change: str) -> None:
    apply_retention(data, rule(), AUTHOR)
    with altering(unit_database(data, UNIT)) as db:
        db.execute(CHANGES[change])
    assert verify(data, public_keys=KEYS).alterations


def test_content_cannot_be_deleted_without_its_removal(data: Path) -> None:
    db = sqlite3.connect(unit_database(data, UNIT))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM event WHERE session = 1")
    db.close()


@given(
    began=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    years=st.integers(1, 100),
    days=st.integers(0, 40_000),
)
def test_no_session_is_due_before_its_years_are_over(began: date, years: int, days: int) -> None:
    head = SessionHead(number=1, session_id="s", unit_id=UNIT, started_utc_ms=0, utc_offset_min=0)
    today = began + timedelta(days=min(days, (date(9999, 1, 1) - began).days))
    began_day: Callable[[int], date] = lambda utc_ms: began  # noqa: E731
    until = Rule(years=years, today=today, day_of=began_day).until(head)
    assert until is not None
    assert until.year == began.year + years
    assert (until - began).days >= 365 * years
    assert (until.month, until.day) in ((began.month, began.day), (3, 1))
