"""Orders and sessions vouch for each other: what one file lost, the other one misses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt
from controller.runtime.clock import SystemClock
from records.clinic.clinic_evidence import read_evidence
from records.clinic.clinic_verify import verify_clinic, verify_words
from records.clinic.session_register import note_seals
from records.evidence.integrity import verify
from records.store.record_folder import RecordFolder
from records.strict_json import object_or_empty
from tests.support.altering import altering
from tests.support.commands import run, said
from tests.support.notes import BEGAN_MS, UNIT, author, recorded


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    """Two sealed sessions, both noted, and a third that is sealed and not noted yet."""
    recorded(folder, "s-1")
    recorded(folder, "s-2")
    assert note_seals(folder, author(folder)) == ["s-1", "s-2"]
    recorded(folder, "s-3")
    assert verify_clinic(folder).alterations == ()
    return folder


def found(data: RecordFolder) -> list[str]:
    clinic = [f"{one.where}: {one.what}" for one in verify_clinic(data).alterations]
    return clinic + [f"{one.session_id}: {one.what}" for one in verify(data).alterations]


def of_session(number: int) -> list[str]:
    tables = ("event", "packed_session", "packed_links", "chain_signature", "signature", "seal")
    return [
        *(f"DELETE FROM {table} WHERE session = {number}" for table in tables),
        f"DELETE FROM session WHERE number = {number}",
    ]


def edit(path: Path, *statements: str) -> None:
    with altering(path) as db:
        for statement in statements:
            db.execute(statement)


def test_a_seal_waits_for_the_next_writer_and_that_is_no_alteration(data: RecordFolder) -> None:
    assert verify_clinic(data).remarks == ("1 sessions are sealed, not yet noted in clinic.db",)
    assert note_seals(data, author(data)) == ["s-3"]
    assert note_seals(data, author(data)) == []
    assert verify_clinic(data).remarks == ()


def test_the_newest_session_cut_off_is_missed_once_its_seal_was_noted(data: RecordFolder) -> None:
    note_seals(data, author(data))
    edit(data.unit_database(UNIT), *of_session(3))
    assert any("session s-3: it was sealed" in one for one in found(data))


def test_before_it_was_noted_the_order_alone_is_left_and_said(data: RecordFolder) -> None:
    edit(data.unit_database(UNIT), *of_session(3))
    assert found(data) == []
    (remark,) = verify_clinic(data).remarks
    assert "1 orders were filed for sessions that are not on file" in remark
    assert "s-3" in remark


def test_a_session_of_a_file_that_cannot_be_read_is_not_called_altered(data: RecordFolder) -> None:
    edit(data.unit_database(UNIT), "PRAGMA user_version = 99")
    (note, *more) = verify_clinic(data).alterations
    assert note.what.endswith("its session is in none of the units' files that can be read")
    assert all(one.unread for one in (note, *more))
    assert all(one.unread for one in verify(data).alterations)
    data.unit_database(UNIT).unlink()
    assert not any(one.unread for one in verify_clinic(data).alterations)


def test_a_unit_s_file_that_is_gone_is_missed(data: RecordFolder) -> None:
    data.unit_database(UNIT).unlink()
    assert sum("it was sealed" in one for one in found(data)) == 2


def test_a_deleted_order_is_missed(data: RecordFolder) -> None:
    edit(data.clinic_database, "DELETE FROM session_order WHERE session_id = 's-2'")
    assert "the order of session s-2: it was filed and is gone" in found(data)


def test_an_order_of_a_session_that_never_was_is_found(data: RecordFolder) -> None:
    edit(
        data.clinic_database,
        "INSERT INTO session_order SELECT 's-9', patient_key, order_digest, order_text "
        "FROM session_order WHERE session_id = 's-1'",
    )
    assert any("the order of session s-9: nobody filed it" in one for one in found(data))


def test_a_clinic_db_that_is_gone_is_missed_by_the_evidence(data: RecordFolder) -> None:
    data.clinic_database.unlink()
    assert any("it is gone: 3 sessions on file name orders" in one for one in found(data))


def test_exchanged_renamed_and_copied_files_are_found(data: RecordFolder) -> None:
    path = data.unit_database(UNIT)
    other = path.with_name("00000000000000bb.db")
    shutil.copy(path, other)
    now = found(data)
    assert any("it is a session of unit" in one for one in now)
    assert any("a file was copied" in one for one in now)
    path.unlink()
    assert any("the file was renamed or exchanged" in one for one in found(data))


def test_a_session_in_two_files_is_refused_by_their_names_and_hides_no_other(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = data.unit_database(UNIT), data.unit_database("00000000000000bb")
    shutil.copy(path, other)
    edit(other, *of_session(3), *of_session(2))
    edit(path, *of_session(3))
    for name in ("s-1", "last s-1"):
        with pytest.raises(
            JournalCorrupt, match="move what is not that unit's own file"
        ) as refused:
            said(data, "show", name)
        assert f"s-1 stands in {path} and in {other}: a file" in refused.value.message
        assert f"It is a session of unit {UNIT}: " in refused.value.message
    monkeypatch.setattr(SystemClock, "utc_ms", lambda _: BEGAN_MS)
    first, second = said(data, "today").splitlines()
    assert first.endswith("altered, `traction verify` says where  session s-1")
    assert "to complete" in second
    assert second.endswith("session s-2")
    other.unlink()
    said(data, "show", "s-1")


def test_a_seal_of_another_record_is_found(data: RecordFolder) -> None:
    """The same name, sealed anew by the key's holder: clinic.db knows the seal that was."""
    edit(data.unit_database(UNIT), *of_session(3), *of_session(2))
    recorded_again = RecordFolder(data.path / "again")
    shutil.copytree(data.path / "keys", recorded_again.path / "keys")
    recorded(recorded_again, "s-1")
    recorded(recorded_again, "s-2", happened=[(3_000, 12, {"action": "another"})])  # type: ignore[list-item]
    shutil.copy(recorded_again.unit_database(UNIT), data.unit_database(UNIT))
    assert any("its seal is not the one that was noted" in one for one in found(data))


def test_what_is_not_ours_is_named_and_not_read(data: RecordFolder) -> None:
    for name in ("notes.db", "plan.txt", ".DS_Store"):
        (data.path / "units" / name).write_bytes(b"not a database")
    assert [path.name for path in data.foreign_files()] == [".DS_Store", "notes.db", "plan.txt"]
    assert found(data) == []
    result = run(data, "verify", "--all")
    assert result.exit_code == 0
    assert result.output.count("not written by this program and not read") == 3


def test_orders_of_before_the_register_are_known_by_its_beginning(folder: RecordFolder) -> None:
    recorded(folder, "s-1")
    path = folder.clinic_database
    shutil.copy(Path(__file__).parents[3] / "data" / "clinic-schema-2.db", path)
    for log in folder.path.glob("clinic.db-*"):
        log.unlink()
    recorded(folder, "s-2")
    assert not [one for one in verify_clinic(folder).alterations if "nobody filed" in one.what]


def test_the_words_of_one_session_are_compared_with_its_own_evidence_alone(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a check of one session costs must not grow with the sessions on file."""
    assert read_evidence(data, "s-2").sessions == {"s-2": read_evidence(data).sessions["s-2"]}
    decoded: list[object] = []

    def counted(text: object) -> dict[str, object]:
        decoded.append(text)
        return object_or_empty(text)

    monkeypatch.setattr("records.clinic.clinic_evidence.object_or_empty", counted)
    assert verify_words(data, "s-2").alterations == ()
    assert len(decoded) == 1
