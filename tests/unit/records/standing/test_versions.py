"""Standing records in clinic.db's chain: versions, two people at once, alterations."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any

import pytest

from controller.errors import JournalCorrupt, RecordNotFound, RequestRefused, StandingChanged
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.clinic.standing_used import StandingUsed, UsedRecord
from records.standing.appointments import Appointment, day_list, write_days
from records.standing.kinds import KINDS, PatientRecord
from records.standing.versions import read_standing
from records.standing.write import StandingChange, namesakes, write_standing
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.clinic_alterations import ALTERATIONS, alter
from tests.support.notes import recorded
from tests.support.sessions import fixed_key
from tests.support.standing import (
    EXAMPLES,
    FLAG,
    WRITTEN_MS,
    example,
    keep,
    patient,
    writer,
)

DAY = date(2025, 11, 30)
APPOINTMENT = Appointment(
    time="09:00",
    table="Table 1",
    reference="TEST-1",
    last_name="Doe",
    first_name="Jane",
    birth_date=date(1960, 1, 31),
)
USED = UsedRecord(
    kind="patient",
    name="TEST-1",
    version=2,
    digest="00" * 32,
    by="P. Jones",
    at_utc_ms=WRITTEN_MS,
    record={"reference": "TEST-1"},
)
NEED_CHECKPOINTS = ("cut the tail", "older file")


def test_a_folder_without_them_has_none(folder: RecordFolder) -> None:
    assert read_standing(folder).clinic is None
    assert read_standing(folder).patient("TEST-1") is None
    assert not folder.clinic_database.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_kept_with_author_account_time_version_and_digest(
    folder: RecordFolder, kind: str
) -> None:
    record = example(kind)
    if kind == "account":
        keep(folder, example("person"))
    kept = keep(folder, record, reason="first day")
    assert kept.record == record
    facts = kept.facts
    assert (facts["by"], facts["user"], facts["at_utc_ms"]) == ("P. Jones", "desk", WRITTEN_MS)
    assert (facts["version"], facts["replaces"], facts["reason"]) == (1, 0, "first day")
    assert verify_clinic(folder).alterations == ()
    audited = accesses(folder)[-1]
    assert (audited.what, audited.by) == (f"{kind} added", "P. Jones")
    assert audited.fields == (f"{kind} {kept.name}" if kind != "clinic" else "clinic",)


def test_the_newest_version_holds_and_the_older_ones_stay(folder: RecordFolder) -> None:
    keep(folder, patient())
    kept = keep(folder, patient(harness="pelvic belt"), made_from=1, by="A. Example")
    first, second = read_standing(folder).versions("patient", "TEST-1")
    assert (kept.number, kept.by) == (2, "A. Example")
    assert isinstance(first.record, PatientRecord)
    assert isinstance(second.record, PatientRecord)
    assert (first.record.harness, second.record.harness) == ("two-piece head halter", "pelvic belt")
    assert first.digest != second.digest


def test_the_second_of_two_people_is_told_who_was_faster_and_when(folder: RecordFolder) -> None:
    keep(folder, patient())
    keep(
        folder, patient(harness="belt"), made_from=1, by="A. Example", at_utc_ms=WRITTEN_MS + 60_000
    )
    with pytest.raises(StandingChanged, match="read it again") as refused:
        keep(folder, patient(positioning="prone"), made_from=1, by="B. Example")
    assert "version 2 of 2025-11-29 18:41:00 UTC by A. Example" in refused.value.message
    kept = read_standing(folder).patient("TEST-1")
    assert kept is not None
    assert (kept.number, kept.record.harness) == (2, "belt")


def test_two_patients_with_one_reference_are_refused_by_name(folder: RecordFolder) -> None:
    keep(folder, patient())
    with pytest.raises(RequestRefused, match="on file already: Doe, Jane, born 1960-01-31") as told:
        keep(folder, patient(first_name="John", birth_date="1980-02-28"))
    assert "Doe, John, born 1980-02-28" in told.value.message


@pytest.mark.parametrize("reference", ["e\u0301-1", "\u00c9-1", "\u00e9-\uff11"])
def test_a_reference_that_differs_in_capitals_or_in_how_it_is_typed_is_refused(
    folder: RecordFolder, reference: str
) -> None:
    """A letter and its accent apart, a capital, a digit of full width: they look the same."""
    keep(folder, patient(reference="\u00e9-1"))
    with pytest.raises(RequestRefused):
        keep(folder, patient(reference=reference, last_name="Roe"))


def test_a_change_that_says_nothing_new_and_one_of_nothing_are_refused(
    folder: RecordFolder,
) -> None:
    with pytest.raises(RecordNotFound, match="no version 1 of it"):
        keep(folder, patient(), made_from=1)
    keep(folder, patient())
    with pytest.raises(RequestRefused, match="says all this already"):
        keep(folder, patient(), made_from=1)


def test_of_several_changes_none_is_kept_when_one_is_refused(folder: RecordFolder) -> None:
    keep(folder, patient())
    changes = [
        StandingChange(record=patient(reference="TEST-2")),
        StandingChange(record=patient(harness="belt"), made_from=7),
    ]
    with pytest.raises(RecordNotFound, match="there is no version 7"):
        write_standing(folder, writer(), changes)
    assert read_standing(folder).patient("TEST-2") is None


def test_several_changes_are_one_link(folder: RecordFolder) -> None:
    fixed_key(folder)
    changes = [StandingChange(record=patient(reference=f"TEST-{n}")) for n in range(3)]
    assert len(write_standing(folder, writer(), changes)) == 3
    assert verify_clinic(folder).links == 1


def test_two_names_for_one_table_are_refused(folder: RecordFolder) -> None:
    keep(folder, example("unit", unit_id="00000000000000aa"))
    with pytest.raises(RequestRefused, match="unit_id=00000000000000aa is that of unit Table 1"):
        keep(folder, example("unit", name="Table 2", address="other", unit_id="00000000000000aa"))
    keep(folder, example("unit", in_use=False), made_from=1)
    keep(folder, example("unit", name="Table 2", unit_id="00000000000000aa"))


def test_patients_with_one_name_and_day_of_birth_are_told_of(folder: RecordFolder) -> None:
    keep(folder, patient())
    held = read_standing(folder)
    assert list(namesakes(held, patient(reference="TEST-2", last_name="DOE"))) == ["TEST-1"]
    assert list(namesakes(held, patient(reference="TEST-2", birth_date="1960-02-01"))) == []


def test_what_is_not_on_file_is_named_with_what_is(folder: RecordFolder) -> None:
    keep(folder, example("unit"))
    with pytest.raises(RecordNotFound, match="on file: 'Table 1'"):
        read_standing(folder).found("unit", "table 1")
    with pytest.raises(RecordNotFound, match="on file: Table 1"):
        read_standing(folder).found("unit", "Table 9")


def altered(folder: RecordFolder, **changes: Any) -> None:
    """Change what the first standing record's entry says, as a database tool would."""
    with altering(folder.clinic_database) as db:
        ((sequence, text),) = db.execute(
            "SELECT sequence, detail FROM entry WHERE kind = 60 ORDER BY sequence LIMIT 1"
        ).fetchall()
        detail = json.loads(text)
        detail.update(changes)
        new = json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        db.execute("UPDATE entry SET detail = ? WHERE sequence = ?", (new, sequence))


@pytest.mark.parametrize("key", ["record", "by", "version", "digest"])
def test_an_altered_record_is_found_by_who_reads_it_and_by_verify(
    folder: RecordFolder, key: str
) -> None:
    keep(folder, patient(flags=[FLAG]))
    altered(folder, **{key: dict(EXAMPLES["patient"]) if key == "record" else "x"})
    with pytest.raises(JournalCorrupt, match="lasting flag may be gone"):
        read_standing(folder)
    assert verify_clinic(folder).alterations


def test_a_record_that_was_taken_out_is_found(folder: RecordFolder) -> None:
    """Hidden behind another kind, and deleted: the chain is walked even where none is left."""
    keep(folder, patient(flags=[FLAG]))
    recorded(folder)
    with altering(folder.clinic_database) as db:
        db.execute("UPDATE entry SET kind = 3 WHERE kind = 60")
    with pytest.raises(JournalCorrupt):
        read_standing(folder)
    with altering(folder.clinic_database) as db:
        db.execute("DELETE FROM entry WHERE kind = 3")
    with pytest.raises(JournalCorrupt):
        read_standing(folder)


def test_an_altered_record_concerns_every_session_of_the_file(folder: RecordFolder) -> None:
    from records.visit.load import load_visit
    from tests.support.sessions import SETTINGS

    keep(folder, patient())
    recorded(folder)
    altered(folder, by="Somebody Else")
    with pytest.raises(JournalCorrupt):
        load_visit(folder, "s-1", SETTINGS)


def test_of_two_who_write_at_the_same_moment_one_is_kept_and_one_is_told(
    folder: RecordFolder,
) -> None:
    """Two connections that both read version 1: the file lets one of them write at a time."""
    keep(folder, patient())
    ready = Barrier(2)

    def write(by: str) -> str:
        change = StandingChange(record=patient(harness=f"that of {by}"), made_from=1)
        ready.wait()
        try:
            write_standing(folder, writer(by), [change])
        except StandingChanged as error:
            return error.message
        return by

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(write, ("A. Example", "B. Example")))
    (kept,) = [each for each in said if each in ("A. Example", "B. Example")]
    (refused,) = [each for each in said if each != kept]
    assert f"version 2 of 2025-11-29 18:40:00 UTC by {kept}, is newer" in refused
    assert len(read_standing(folder).versions("patient", "TEST-1")) == 2
    assert verify_clinic(folder).alterations == ()


@pytest.mark.parametrize("name", [each for each in ALTERATIONS if each not in NEED_CHECKPOINTS])
def test_whatever_is_altered_nothing_is_relied_on(
    folder: RecordFolder, tmp_path: Path, name: str
) -> None:
    """Random alterations of a file with records, what a session used, and appointments."""
    keep(folder, patient(flags=[FLAG]))
    keep(folder, patient(flags=[FLAG], harness="belt"), made_from=1)
    recorded(folder, used=StandingUsed(flags=("told",), records=(USED,)))
    write_days(folder, writer(), {DAY: [APPOINTMENT]}, file="day.csv", content=b"x")
    whole, random = tmp_path / "whole.db", Random(11)
    shutil.copy(folder.clinic_database, whole)
    assert day_list(folder, DAY) is not None
    for _ in range(5):
        shutil.copy(whole, folder.clinic_database)
        alter(folder.clinic_database, name, random)
        with pytest.raises(JournalCorrupt):
            read_standing(folder)
