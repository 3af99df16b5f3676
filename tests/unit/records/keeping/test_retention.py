"""What is due goes and stays provable; what is held, open or inside its time is never touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import (
    JournalCorrupt,
    JournalError,
    JournalUnavailable,
    RecordNotFound,
    RequestRefused,
    UnitBusy,
)
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic, verify_words
from records.clinic.standing_used import StandingUsed, UsedRecord, used_of
from records.evidence.integrity import issued_checkpoints, verify
from records.evidence.packed_links import pack_ranges
from records.evidence.reader import REMOVED, list_sessions, read_session
from records.evidence.stored_session import SessionHead
from records.evidence.unit_reading import reading
from records.evidence.year_files import close_year
from records.keeping.legal_hold import holds, lift_hold, set_hold
from records.keeping.retention import (
    Applied,
    Keeping,
    RemovalConfirmation,
    RetentionRule,
    apply_retention,
    needs_count,
    show_retention,
)
from records.note.typed import keep_typed, typed_texts
from records.standing.versions import read_standing
from records.store.author import Author
from records.store.chain import NOTHING
from records.store.checkpoint import parse_checkpoint
from records.store.clinic_chain import entries_of_session
from records.store.clinic_file import clinic_writing
from records.store.database import rows
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock, holding
from tests.support.altering import altering
from tests.support.made_once import made_once
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded
from tests.support.sessions import KEY
from tests.support.standing import FLAG, keep, patient

AUTHOR = Author(by="P. Jones", user="pj", at_utc_ms=BEGAN_MS + 4000 * DAY_MS, key=KEY)
KEYS = {KEY.key_id: KEY.public_key}
USED = UsedRecord(
    kind="patient",
    name="TEST-1",
    version=1,
    digest="00" * 32,
    by="P. Jones",
    at_utc_ms=BEGAN_MS,
    record={"reference": "TEST-1"},
)


def day_of(utc_ms: int) -> date:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).date()


def rule(years: int = 10, days_later: int = 3653) -> RetentionRule:
    """The day that lies ``days_later`` after the first session; ten years have 3652 or 3653."""
    return RetentionRule(
        years=years, today=day_of(BEGAN_MS) + timedelta(days=days_later), day_of=day_of
    )


@made_once()
def three_sessions(folder: RecordFolder) -> None:
    """An old session, a newer one, and one that is between them on a hold."""
    recorded(folder, "s-1")
    recorded(folder, "s-2", began_ms=BEGAN_MS)
    recorded(folder, "s-3", began_ms=BEGAN_MS + 400 * DAY_MS)
    set_hold(folder, AUTHOR, "letter of a lawyer", session_id="s-2")


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    three_sessions(folder)
    return folder


def applied(data: RecordFolder, the_rule: RetentionRule, **said: int | None) -> list[str]:
    """Apply with today's date confirmed: the sessions of these tests are ten years old."""
    return list(
        apply_retention(
            data, the_rule, AUTHOR, said=RemovalConfirmation(today=the_rule.today, **said)
        ).removed
    )


def states(data: RecordFolder, the_rule: RetentionRule) -> dict[str, Keeping]:
    return {one.head.session_id: one.state for one in show_retention(data, the_rule)}


def test_only_what_is_due_is_removed_and_everything_stays_provable(data: RecordFolder) -> None:
    outside = [parse_checkpoint(one.text) for one in issued_checkpoints(data)]
    assert states(data, rule()) == {
        "s-1": Keeping.DUE,
        "s-2": Keeping.HELD,
        "s-3": Keeping.KEPT,
    }
    assert applied(data, rule()) == ["s-1"]
    assert states(data, rule())["s-1"] is Keeping.REMOVED
    assert applied(data, rule()) == []
    result = verify(data, checkpoints=outside, public_keys=KEYS)
    assert (result.alterations, result.sessions, result.removed) == ((), 3, 1)
    assert result.checkpoints == 3
    assert "the content of 1 removed by a signed rule" in result.basis
    assert verify_clinic(data, public_keys=KEYS).alterations == ()
    for name in ("s-1", "s-2"):
        assert verify_words(data, name, public_keys=KEYS).alterations == ()
    (row,) = [one for one in accesses(data) if one.kind == "session_removed"]
    assert (row.what, row.by, row.session_id) == (
        "removed by retention of 10 years",
        "P. Jones",
        "s-1",
    )
    assert [r.outcome for r in list_sessions(data) if r.head.session_id == "s-1"] == [REMOVED]
    with pytest.raises(RecordNotFound, match=r"removed by P\. Jones \(retention of 10 years\)"):
        read_session(data, "s-1")


def packed_bytes(path: Path) -> list[bytes]:
    """Pieces of what is packed: some of its events, some of its samples."""
    with reading(path) as db:
        ((data,),) = rows(db, "SELECT data FROM packed_session")
    return [data[at : at + 24] for at in (100, len(data) // 2, len(data) - 30)]


def test_nothing_of_the_content_is_left_in_the_files(folder: RecordFolder) -> None:
    recorded(folder, "s-1")
    files = [folder.unit_database(UNIT), folder.clinic_database]
    # The patient's opaque key is key-of-TEST-1 here; beside it stands the reference.
    words = (b'"outcome"', b"left arm pain", b"key-of-TEST-1TEST-1", *packed_bytes(files[0]))
    before = b"".join(path.read_bytes() for path in files)
    assert all(word in before for word in words)
    applied(folder, rule())
    after = b"".join(path.read_bytes() for path in folder.path.rglob("*") if path.is_file())
    assert not [word for word in words if word in after]


def test_the_last_session_goes_and_the_patient_s_standing_record_stays(
    folder: RecordFolder,
) -> None:
    """With the flag that may be for life; the chain with both stays provable."""
    keep(folder, patient(flags=[FLAG]), at_utc_ms=BEGAN_MS)
    recorded(folder, "s-1", used=StandingUsed(records=(USED,), flags=("told",)))
    recorded(folder, "s-2", reference="TEST-2", began_ms=BEGAN_MS + 3653 * DAY_MS)
    assert apply_retention(folder, rule(), AUTHOR).removed == ("s-1",)
    assert verify_clinic(folder).alterations == ()
    held = read_standing(folder).patient("TEST-1")
    assert held is not None
    assert held.record.flags[0].stands_on(rule().today)
    with clinic_writing(folder) as db:
        assert rows(db, "SELECT 1 FROM patient WHERE reference = 'TEST-1'") == []
        assert used_of(entries_of_session(db, "s-1")).flags == ("told",)


def test_without_a_rule_nothing_is_ever_due(data: RecordFolder) -> None:
    assert Keeping.DUE not in states(data, rule(0, 36500)).values()
    assert applied(data, rule(0, 36500)) == []


def test_an_open_session_is_never_due(folder: RecordFolder) -> None:
    from controller.runtime.clock import VirtualClock
    from records.evidence.journal import SessionOpening, open_session

    opening = SessionOpening(session_id="s-1", unit_id=UNIT, utc_offset_min=0, detail={})
    journal = open_session(folder, opening, VirtualClock(), key=KEY)
    journal.abandon()
    assert states(folder, rule(1, 36500)) == {"s-1": Keeping.OPEN}
    assert applied(folder, rule(1, 36500)) == []


def test_nothing_is_removed_while_a_session_on_the_unit_runs(data: RecordFolder) -> None:
    with holding(UnitLock(data.unit_database(UNIT))), pytest.raises(UnitBusy):
        applied(data, rule())
    assert states(data, rule())["s-1"] is Keeping.DUE


def test_a_hold_on_a_patient_holds_every_session_and_is_lifted_with_a_reason(
    data: RecordFolder,
) -> None:
    hold = set_hold(data, AUTHOR, "claim of 2031", patient="TEST-1")
    assert hold.is_patient
    assert set(states(data, rule()).values()) == {Keeping.HELD}
    with pytest.raises(RequestRefused, match="needs its reason"):
        lift_hold(data, AUTHOR, " ", patient="TEST-1")
    lift_hold(data, AUTHOR, "claim closed", patient="TEST-1")
    assert [one.what for one in holds(data)] == ["s-2"]
    lift_hold(data, AUTHOR, "claim closed", session_id="s-2")
    assert applied(data, rule()) == ["s-1", "s-2"]
    assert verify(data, public_keys=KEYS).alterations == ()
    with pytest.raises(RequestRefused, match="no hold on s-3"):
        lift_hold(data, AUTHOR, "none", session_id="s-3")
    kinds = [one.kind for one in accesses(data)]
    assert (kinds.count("legal_hold_set"), kinds.count("legal_hold_lifted")) == (2, 2)


def test_an_interrupted_removal_goes_on_at_the_next_application(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("records.keeping.retention.remove_content", power_fails)
    with pytest.raises(KeyboardInterrupt):
        applied(data, rule())
    monkeypatch.undo()
    assert states(data, rule())["s-1"] is Keeping.DUE
    assert applied(data, rule()) == ["s-1"]
    assert verify(data, public_keys=KEYS).alterations == ()


# --- in doubt nothing goes --------------------------------------------------------------------


def test_a_clock_far_from_the_newest_session_removes_nothing(data: RecordFolder) -> None:
    newest_day = day_of(BEGAN_MS + 400 * DAY_MS)
    for days, refused in ((8, "8 days after the newest session; above 7 days"), (-1, "1 days bef")):
        off = RetentionRule(years=0, today=newest_day + timedelta(days=days), day_of=day_of)
        with pytest.raises(RequestRefused, match=refused):
            apply_retention(data, forced(off), AUTHOR)
    near = forced(RetentionRule(years=0, today=newest_day + timedelta(days=7), day_of=day_of))
    assert apply_retention(data, near, AUTHOR).removed == ("s-1", "s-3")


def test_only_the_clock_s_own_date_confirms_it_and_never_one_that_is_behind(
    data: RecordFolder,
) -> None:
    yesterday = rule().today - timedelta(days=1)
    with pytest.raises(RequestRefused, match="say today's date with --today"):
        apply_retention(data, rule(), AUTHOR, said=RemovalConfirmation(today=yesterday))
    behind = forced(RetentionRule(years=0, today=day_of(BEGAN_MS + 399 * DAY_MS), day_of=day_of))
    with pytest.raises(RequestRefused, match="Set it, then apply again"):
        apply_retention(data, behind, AUTHOR, said=RemovalConfirmation(today=behind.today))
    assert set(states(data, rule()).values()) == {Keeping.DUE, Keeping.HELD, Keeping.KEPT}


def forced(the_rule: RetentionRule) -> RetentionRule:
    """The same rule, by which everything on file is over its time."""

    class Over(RetentionRule):
        def until(self, head: SessionHead) -> date | None:
            return date(1990, 1, 1)

    return Over(years=the_rule.years, today=the_rule.today, day_of=the_rule.day_of)


def test_a_large_share_goes_only_when_its_number_is_said(folder: RecordFolder) -> None:
    for number in range(7):
        recorded(folder, f"s-{number}", began_ms=BEGAN_MS + number)
    with pytest.raises(RequestRefused, match=r"7 of 7 sessions are due.*--count 7"):
        applied(folder, rule())
    with pytest.raises(RequestRefused, match="--count 7"):
        applied(folder, rule(), count=6)
    assert len(applied(folder, rule(), count=7)) == 7


@given(due=st.integers(0, 2000), kept=st.integers(0, 2000))
def test_what_is_a_large_share(due: int, kept: int) -> None:
    assert needs_count(due, due + kept) == (due > 5 and due > (due + kept) / 10)


@pytest.mark.parametrize(
    ("hide", "error"),
    [
        (lambda path: path.unlink(), JournalUnavailable),
        (lambda path: path.write_bytes(b"no database"), JournalCorrupt),
        (lambda path: (path.unlink(), path.mkdir()), JournalError),
    ],
    ids=["missing", "damaged", "a folder"],
)
def test_without_a_sound_clinic_db_nobody_knows_of_holds(
    data: RecordFolder, hide: Callable[[Path], object], error: type[JournalError]
) -> None:
    for left in data.path.glob("clinic.db-*"):
        left.unlink()
    hide(data.clinic_database)
    with pytest.raises(error):
        applied(data, rule())
    assert len(read_session(data, "s-1").events) > 2


def test_without_clinic_db_what_would_be_due_is_shown_as_held(data: RecordFolder) -> None:
    data.clinic_database.unlink()
    assert states(data, rule())["s-1"] is Keeping.HELD
    assert "every legal hold" in show_retention(data, rule())[0].hold


def test_a_hold_that_was_taken_out_of_the_file_stops_every_removal(data: RecordFolder) -> None:
    altered(data, data.clinic_database, "DELETE FROM entry WHERE kind = 20")
    with pytest.raises(JournalCorrupt, match="no hold in it can be relied on"):
        applied(data, rule())
    assert len(read_session(data, "s-2").events) > 2


def test_a_hold_that_was_cut_off_with_its_link_is_found_by_a_checkpoint(data: RecordFolder) -> None:
    set_hold(data, AUTHOR, "claim", session_id="s-1")
    outside = parse_checkpoint(verify_clinic(data, public_keys=KEYS).checkpoint)
    altered(
        data,
        data.clinic_database,
        "DELETE FROM entry WHERE sequence >= (SELECT max(first_entry) FROM link); "
        "DELETE FROM link WHERE number = (SELECT max(number) FROM link)",
    )
    assert verify_clinic(data, public_keys=KEYS).alterations == ()
    with pytest.raises(JournalCorrupt, match="the end was cut off"):
        apply_retention(
            data,
            rule(),
            AUTHOR,
            said=RemovalConfirmation(today=rule().today),
            checkpoints=[outside],
        )


def test_an_altered_session_is_kept_until_somebody_holds_it(data: RecordFolder) -> None:
    altered(data, data.unit_database(UNIT), "UPDATE event SET at_ms = at_ms + 1 WHERE session = 1")
    with pytest.raises(JournalCorrupt, match="s-1 is due, but it was altered"):
        applied(data, rule())
    set_hold(data, AUTHOR, "altered", session_id="s-1")
    assert applied(data, rule()) == []
    assert len(read_session(data, "s-1").events) > 2


def altered(data: RecordFolder, path: Path, statements: str) -> None:
    """Change a file past its triggers, as somebody with a database tool does."""
    with altering(path) as db:
        for statement in statements.split(";"):
            db.execute(statement)


# --- whose a session is, says the evidence ----------------------------------------------------


def test_a_hold_on_a_patient_holds_what_the_evidence_says_is_theirs(data: RecordFolder) -> None:
    """clinic.db's orders are covered by no chain: taking one out or swapping it frees nothing."""
    set_hold(data, AUTHOR, "claim", patient="TEST-1")
    for change in (
        "UPDATE session_order SET patient_key = 'somebody' WHERE session_id = 's-1'",
        "DELETE FROM session_order WHERE session_id = 's-1'",
    ):
        altered(data, data.clinic_database, f"PRAGMA foreign_keys = OFF; {change}")
        assert states(data, rule())["s-1"] is Keeping.HELD
    (entry,) = [one for one in holds(data) if one.is_patient]
    assert entry.sessions == ("s-1", "s-2", "s-3")
    recorded(data, "s-4", began_ms=BEGAN_MS + 1)
    assert states(data, rule())["s-4"] is Keeping.HELD, "it came after the hold"
    altered(data, data.clinic_database, "DELETE FROM session_order WHERE session_id = 's-4'")
    assert states(data, rule())["s-4"] is Keeping.HELD, "and its own record says whose it is"
    assert entry.covers("s-1", []), "named in the chain, whatever else is lost"
    assert not entry.covers("s-9", ["somebody"])


def test_a_hold_that_comes_in_between_is_asked_again(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_holds(*_: object) -> None:
        set_hold(data, AUTHOR, "letter", session_id="s-1")

    monkeypatch.setattr("records.keeping.retention._check_unaltered", somebody_holds)
    assert applied(data, rule()) == []
    assert len(read_session(data, "s-1").events) > 2


# --- what stays -------------------------------------------------------------------------------

STAYS = {
    "day": "UPDATE session SET started_utc_ms = started_utc_ms + 86400000 WHERE number = 1",
    "zone": "UPDATE session SET utc_offset_min = 0 WHERE number = 1",
    "name": "UPDATE session SET session_id = 's-9' WHERE number = 1",
    "count": "UPDATE seal SET event_count = event_count + 1 WHERE session = 1",
}


@pytest.mark.parametrize("change", STAYS)
def test_day_and_counts_of_a_removed_session_stay_covered(data: RecordFolder, change: str) -> None:
    applied(data, rule())
    assert verify_clinic(data, public_keys=KEYS).alterations == ()
    altered(data, data.unit_database(UNIT), STAYS[change])
    wheres = [one.where for one in verify_clinic(data, public_keys=KEYS).alterations]
    assert "the removed session s-1" in wheres


def test_a_removal_that_no_entry_names_is_found(data: RecordFolder) -> None:
    applied(data, rule())
    altered(data, data.clinic_database, "UPDATE entry SET detail = '{}' WHERE kind = 22")
    whats = [one.what for one in verify_clinic(data, public_keys=KEYS).alterations]
    assert "its content was removed, but no entry says so" in whats


# --- what is deleted is overwritten -----------------------------------------------------------


def raw(folder: Path) -> bytes:
    """Every byte of every file of a folder, logs included."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_every_writer_overwrites_what_it_deletes(folder: RecordFolder) -> None:
    """Words of a draft that are written anew leave no trace, without any rule or removal."""
    recorded(folder)
    with clinic_writing(folder) as db:
        db.execute(
            "INSERT INTO draft_word VALUES ('s-1', 'x', ?, 0, 'typed', 'P', 0)", ("SECRET" * 900,)
        )
    assert b"SECRETSECRET" in raw(folder.path)
    with clinic_writing(folder) as db:
        assert db.execute("PRAGMA secure_delete").fetchone() == (1,)
        db.execute("DELETE FROM draft_word WHERE name = 'x'")
    assert b"SECRET" not in raw(folder.path)


def test_what_was_typed_for_a_note_goes_with_its_session(data: RecordFolder) -> None:
    keep_typed(data, "s-1", {"plan_next": "SECRET" * 900}, "P. Jones", BEGAN_MS)
    applied(data, rule())
    assert typed_texts(data, "s-1") == {}
    assert b"SECRET" not in raw(data.path)


def test_a_log_that_another_program_keeps_is_told_and_emptied_the_next_time(
    data: RecordFolder,
) -> None:
    path = data.unit_database(UNIT)
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM event").fetchone()
    done = apply_retention(data, rule(), AUTHOR, said=RemovalConfirmation(today=rule().today))
    assert done == Applied(removed=("s-1",), still_read=(path,))
    reader.close()
    again = apply_retention(data, rule(), AUTHOR, said=RemovalConfirmation(today=rule().today))
    assert again == Applied(removed=(), still_read=())


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
    "packed content back": "INSERT INTO packed_session SELECT 1, event_count, newest_utc_ms, "
    "sample_count, data FROM packed_session WHERE session = 2",
    "packed content that cannot be read": "INSERT INTO packed_session VALUES (1, 3, 0, 0, X'00')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_forged_removal_and_an_altered_remainder_are_found(
    data: RecordFolder, change: str
) -> None:
    applied(data, rule())
    with altering(data.unit_database(UNIT)) as db:
        db.execute(CHANGES[change])
    assert verify(data, public_keys=KEYS).alterations


def test_content_cannot_be_deleted_without_its_removal(data: RecordFolder) -> None:
    db = sqlite3.connect(data.unit_database(UNIT))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM event WHERE session = 1")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM packed_session WHERE session = 1")
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
    until = RetentionRule(years=years, today=today, day_of=began_day).until(head)
    assert until is not None
    assert until.year == began.year + years
    assert (until - began).days >= 365 * years
    assert (until.month, until.day) in ((began.month, began.day), (3, 1))


def closed_year(data: RecordFolder) -> Path:
    """The sessions of these tests, in a file that was closed."""
    path = close_year(data, UNIT, KEY, utc_ms=AUTHOR.at_utc_ms, year=day_of(BEGAN_MS).year + 5)
    assert path is not None
    return path


def test_a_session_of_a_closed_year_is_removed_in_its_file(data: RecordFolder) -> None:
    path = closed_year(data)
    with reading(path) as db:
        ((content,),) = rows(db, "SELECT data FROM packed_session WHERE session = 1")
    end, before = content[-200:], path.read_bytes()
    assert applied(data, rule()) == ["s-1"]
    assert states(data, rule())["s-1"] is Keeping.REMOVED
    assert path.stat().st_mode & 0o777 == 0o400
    assert verify(data, public_keys=KEYS).alterations == ()
    assert verify_clinic(data, public_keys=KEYS).alterations == ()
    assert path.read_bytes().count(end) == before.count(end) - 1, "the others are the same"
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    path.chmod(0o400)
    found = verify(data, public_keys=KEYS).alterations
    assert any("not the file that was closed" in one.what for one in found)


def test_a_removal_in_a_closed_year_that_was_interrupted_is_told_and_goes_on(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = closed_year(data)

    def power_fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("records.keeping.retention.remove_content", power_fails)
        with pytest.raises(KeyboardInterrupt):
            applied(data, rule())
    (found,) = verify(data, public_keys=KEYS).alterations
    assert (found.unread, "did not end" in found.what) == (True, True)
    assert applied(data, rule()) == ["s-1"]
    assert verify(data, public_keys=KEYS).alterations == ()
    assert path.stat().st_mode & 0o777 == 0o400
