"""clinic.db's chain: append-only, linked, signed, checkpointed; every alteration is found."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from controller.errors import AuditUnavailable, JournalUnavailable
from records.clinic.acceptance import Acceptance, OfferAnswer, acceptances_of, record_acceptance
from records.clinic.audit import accesses, record_read
from records.clinic.clinic_verify import verify_clinic
from records.clinic.filed_orders import FiledOrder, filed_order
from records.clinic.key_life import rotate_key
from records.clinic.order_filing import NewSession, file_order
from records.keeping.search import SessionQuery, find_sessions
from records.keys.signing import NoKeyStore, SigningKey
from records.note.lifecycle import amend, complete, sign
from records.store.chain import NO_SEAL, compute_link
from records.store.checkpoint import Checkpoint, parse_checkpoint
from records.store.clinic_chain import canonical, entries_of_session, entry_range, entry_rows
from records.store.clinic_file import CLINIC_SCHEMA, clinic_reading, clinic_writing
from records.store.database import backup_path
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.clinic_alterations import ALTERATIONS, alter
from tests.support.notes import (
    ALL_WORDS,
    BEGAN_MS,
    HOUR_MS,
    UNIT,
    author,
    note_of,
    order_of,
    recorded,
)

OLD = Path(__file__).parents[3] / "data" / "clinic-schema-1.db"
ALTERED_IN_THE_TEST = 60


def order_on_file(folder: RecordFolder, session_id: str) -> FiledOrder:
    with clinic_reading(folder) as db:
        return filed_order(db, session_id)


def lived(data: RecordFolder) -> list[Checkpoint]:
    """A folder in which everything that is covered has happened; its checkpoints in order."""
    recorded(data)
    checkpoints = []

    def took(checkpoint: str) -> None:
        checkpoints.append(parse_checkpoint(checkpoint))

    complete(data, note_of(data), ALL_WORDS, author(data))
    took(verify_clinic(data).checkpoint)
    sign(data, note_of(data), "PT", author(data))
    took(note_of(data).signature_checkpoint)
    amend(data, note_of(data), {"pain_after": "2"}, "slip", author(data))
    took(note_of(data).signature_checkpoint)
    answer = OfferAnswer(
        session_id="s-1",
        what="modifier",
        value="GP",
        accepted=True,
        evidence=("plan of care: GP",),
    )
    record_acceptance(data, answer, author(data), patient_key="key-of-TEST-1")
    record_read(data, author(data), "note", session_id="s-1", patient_key="key-of-TEST-1")
    took(verify_clinic(data).checkpoint)
    return checkpoints


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordFolder, list[Checkpoint]]:
    data = RecordFolder(tmp_path_factory.mktemp("lived"))
    return data, lived(data)


@pytest.fixture
def copied(life: tuple[RecordFolder, list[Checkpoint]], tmp_path: Path) -> RecordFolder:
    shutil.copytree(life[0].path, tmp_path / "copy")
    return RecordFolder(tmp_path / "copy")


def test_what_happened_is_linked_signed_and_whole(
    life: tuple[RecordFolder, list[Checkpoint]],
) -> None:
    data, checkpoints = life
    result = verify_clinic(data, checkpoints=checkpoints)
    assert (result.entries, result.links, result.orders) == (8, 6, 1)
    assert result.checkpoints_compared == 4
    assert result.alterations == ()
    assert "drafts, settings" in result.not_covered


def test_links_are_those_of_the_evidence(life: tuple[RecordFolder, list[Checkpoint]]) -> None:
    with clinic_reading(life[0]) as db:
        entries = entry_rows(db)
        first = db.execute("SELECT entry_count, digest FROM link WHERE number = 0").fetchone()
    assert first[1] == compute_link(
        NO_SEAL, entry_range(0, first[0]), canonical(entries[: first[0]]), b""
    )


@pytest.mark.parametrize("table", ["entry", "link"])
@pytest.mark.parametrize("sql", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid + 9"])
def test_triggers_refuse_to_change_what_is_covered(
    copied: RecordFolder, table: str, sql: str
) -> None:
    with (
        pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"),
        closing(sqlite3.connect(copied.clinic_database)) as db,
        db,
    ):
        db.execute(sql.format(table))
    db.close()


def test_each_kind_of_alteration_is_found_where_it_is(
    life: tuple[RecordFolder, list[Checkpoint]], copied: RecordFolder
) -> None:
    random = Random(7)
    database = copied.clinic_database
    for number in range(ALTERED_IN_THE_TEST):
        name = ALTERATIONS[number % len(ALTERATIONS)]
        shutil.copy(life[0].clinic_database, database)
        said = alter(database, name, random)
        found = verify_clinic(copied, checkpoints=life[1]).alterations
        assert found, f"{name}: {said}"


def test_an_edit_is_dated_by_the_last_entry_that_still_fits(copied: RecordFolder) -> None:
    with altering(copied.clinic_database) as db:
        db.execute("UPDATE entry SET detail = replace(detail, 'slip', 'slap') WHERE sequence = 5")
    found = verify_clinic(copied).alterations
    assert [(a.where, a.since_utc_ms) for a in found if a.where.startswith("entr")] == [
        ("entries 5-5", BEGAN_MS + HOUR_MS)
    ]


def test_only_a_checkpoint_finds_a_cut_tail_and_an_older_file(
    life: tuple[RecordFolder, list[Checkpoint]], copied: RecordFolder
) -> None:
    alter(copied.clinic_database, "cut the tail", Random(1))
    assert not verify_clinic(copied).alterations
    found = verify_clinic(copied, checkpoints=life[1]).alterations
    assert any("cut off or an older file" in alteration.what for alteration in found)
    copied.clinic_database.unlink()
    (gone, *_) = verify_clinic(copied, checkpoints=life[1]).alterations
    assert "there is no clinic.db" in gone.what


def test_a_rewrite_with_the_key_is_found_by_checkpoints_only(
    life: tuple[RecordFolder, list[Checkpoint]], tmp_path: Path
) -> None:
    shutil.copytree(life[0].path, tmp_path / "again")
    RecordFolder(tmp_path / "again").clinic_database.unlink()
    again = RecordFolder(tmp_path / "again")
    order = order_on_file(life[0], "s-1")
    file_order(
        again,
        order_of(order.order_text),
        NewSession(session_id="s-1", unit_id=UNIT),
        author=author(again),
        new_key=lambda: order.patient_key,
    )
    for number in range(5):
        record_read(again, author(again, by=f"forger {number}"), "note", session_id="s-1")
    assert not verify_clinic(again).alterations
    found = verify_clinic(again, checkpoints=life[1]).alterations
    assert len(found) == len(life[1])
    assert "was not given out by this chain" in found[0].what


def test_another_key_s_signature_and_an_unknown_key_are_found(copied: RecordFolder) -> None:
    record_read(copied, author(copied, key=SigningKey(bytes(32))), "note", session_id="s-1")
    found = verify_clinic(copied).alterations
    assert found[0].what.startswith(f"its key {SigningKey(bytes(32)).key_id} is not known here")
    data_keys = {SigningKey(bytes(32)).key_id: SigningKey(bytes(32)).public_key}
    assert verify_clinic(copied, public_keys=data_keys).alterations, "the others are unknown now"


def test_a_rotated_key_goes_on_in_the_same_chain(copied: RecordFolder) -> None:
    rotate_key(copied, by="P. Jones", at_utc_ms=BEGAN_MS + HOUR_MS, store=NoKeyStore())
    record_read(copied, author(copied), "note", session_id="s-1")
    result = verify_clinic(copied)
    assert (result.alterations, result.links) == ((), 8)


def test_the_evidence_and_the_order_are_compared(copied: RecordFolder) -> None:
    with closing(sqlite3.connect(copied.clinic_database)) as db, db:
        db.execute("UPDATE session_order SET order_text = replace(order_text, '60', '70')")
    db.close()
    (found,) = verify_clinic(copied).alterations
    assert found.where == "the order of session s-1"
    for path in (copied.path / "units").glob("*"):
        path.unlink()
    assert any("not on file" in a.what for a in verify_clinic(copied).alterations)


def test_an_entry_that_is_half_written_is_not_there(copied: RecordFolder) -> None:
    before = verify_clinic(copied)

    def write_half() -> None:
        with clinic_writing(copied) as db:
            db.execute(
                "INSERT INTO entry (sequence, utc_ms, kind, version, detail)"
                " VALUES (99, 0, 2, 1, '{}')"
            )
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert verify_clinic(copied) == before


def test_two_writers_wait_for_each_other_and_the_chain_never_forks(copied: RecordFolder) -> None:
    who = author(copied)

    def read_often() -> None:
        for _ in range(10):
            record_read(copied, who, "note", session_id="s-1")

    threads = [threading.Thread(target=read_often) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = verify_clinic(copied)
    assert (result.entries, result.alterations) == (38, ())


# --- the file ---------------------------------------------------------------------------------


def test_a_database_of_schema_1_opens_and_is_backed_up_before_it_is_migrated(
    folder: RecordFolder,
) -> None:
    path = folder.clinic_database
    shutil.copy(OLD, path)
    assert order_on_file(folder, "session-1").patient_key == "patient-1"
    assert verify_clinic(folder).alterations == ()
    assert accesses(folder) == []
    before = path.read_bytes()
    record_read(folder, author(folder), "note", session_id="session-1")
    copy = backup_path(path, 1)
    with closing(sqlite3.connect(copy)) as db, db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM session_order").fetchone() == (2,)
    db.close()
    assert path.read_bytes() != before
    assert order_on_file(folder, "session-2").patient_key == "patient-1"
    assert verify_clinic(folder).entries == 2
    record_read(folder, author(folder), "note", session_id="session-1")
    assert sorted(p.name for p in folder.path.glob("*.schema-*")) == [copy.name]


def test_a_new_file_needs_no_backup(folder: RecordFolder) -> None:
    recorded(folder)
    assert not list(folder.path.glob("*.schema-*"))


def test_a_newer_file_is_refused_in_words(folder: RecordFolder) -> None:
    recorded(folder)
    somebody = author(folder)
    with closing(sqlite3.connect(folder.clinic_database)) as db, db:
        db.execute(f"PRAGMA user_version = {CLINIC_SCHEMA.version + 1}")
    db.close()
    with pytest.raises(JournalUnavailable, match="update the program"):
        order_on_file(folder, "s-1")
    with pytest.raises(AuditUnavailable, match="update the program"):
        record_read(folder, somebody, "note", session_id="s-1")


# --- acceptances and search -------------------------------------------------------------------


def accepted_in(data: RecordFolder) -> list[Acceptance]:
    with clinic_reading(data) as db:
        return acceptances_of(entries_of_session(db, "s-1"))


def test_an_acceptance_is_kept_with_who_and_why_and_may_be_taken_back(copied: RecordFolder) -> None:
    (accepted,) = accepted_in(copied)
    assert (accepted.value, accepted.by) == ("GP", "P. Jones")
    assert accepted.evidence == ("plan of care: GP",)
    taken_back = OfferAnswer(
        session_id="s-1", what="modifier", value="GP", accepted=False, evidence=()
    )
    record_acceptance(copied, taken_back, author(copied), patient_key="")
    assert accepted_in(copied) == []
    assert verify_clinic(copied).entries == 9


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (SessionQuery(), ["s-2", "s-1"]),
        (SessionQuery(patient="TEST-1"), ["s-1"]),
        (SessionQuery(patient="TEST"), []),
        (SessionQuery(outcome="stopped"), ["s-2"]),
        (SessionQuery(words=("halter", "LEFT")), ["s-1"]),
        (SessionQuery(words=("left", "knee-high")), []),
        (SessionQuery(words=("symptoms",)), []),
    ],
)
def test_sessions_are_found_by_patient_outcome_and_words(
    copied: RecordFolder, query: SessionQuery, ids: list[str]
) -> None:
    from datetime import UTC, datetime

    recorded(
        copied,
        "s-2",
        reference="TEST-2",
        outcome="stopped",
        began_ms=BEGAN_MS + HOUR_MS,
        order='patient_reference = "TEST-2"\nregion = "cervical"\nmode = "static"\n'
        'hold_force = "60 N"\ntreatment_time = "1 min"\n',
    )
    found = find_sessions(
        copied, query, lambda utc_ms: datetime.fromtimestamp(utc_ms // 1000, UTC).date()
    )
    assert [session.head.session_id for session in found] == ids
    if not query.words and "s-1" in ids:
        assert found[-1].note_status == "amended"
