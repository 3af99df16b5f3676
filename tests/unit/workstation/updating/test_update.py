"""An update as a whole: proved, rehearsed, exchanged, said; or refused with nothing changed."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from controller.errors import (
    JournalCorrupt,
    TractionError,
    UnitBusy,
    UpdateRefused,
)
from records.evidence.integrity import verify
from records.keeping.backup_check import check_contents
from records.keys.signing import known_public_keys
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import checking_file, schema_version
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding
from tests.support.notes import UNIT, author, recorded
from tests.support.released import (
    RELEASED,
    SESSIONS_OF_RELEASED,
    place_released,
    take_key_of_released,
)
from tests.support.updating import (
    RELEASE_KEY,
    UpdatedClinic,
    installed_by_hand,
    make_clinic,
)
from workstation.updating import update
from workstation.updating.changing import BEGUN
from workstation.updating.installation import Installation
from workstation.updating.program_here import ProgramHere, installation_in_use, program_here
from workstation.updating.rehearsal import rehearse, rehearsed_by
from workstation.updating.release_keys import (
    accept_release_key,
    accepted_release_keys,
    withdraw_release_key,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")


def assert_nothing_changed(clinic: UpdatedClinic) -> None:
    assert clinic.there.current == "1.0"
    assert not [what for what in clinic.said() if what.startswith(("updated", "went back"))]
    assert not list(clinic.folder.rglob("*.traction-unfinished"))
    assert verify(clinic.records).alterations == ()


@pytest.mark.usefixtures("environments")
def test_a_whole_update_and_the_way_back(clinic: UpdatedClinic) -> None:
    """With a real environment, the new version's own interpreter and its own rehearsal."""
    changed = clinic.update(clinic.release("1.1"))
    assert (changed.before, changed.after) == ("1.0", "1.1")
    assert clinic.version_that_starts() == "1.1"
    assert clinic.said() == [BEGUN, "updated from 1.0 to 1.1"]
    assert clinic.backup.exists()
    assert changed.checkpoint.startswith("TC1-backup")
    assert not list(clinic.folder.rglob("*.traction-unfinished"))
    back = clinic.back()
    assert (back.before, back.after, clinic.there.current) == ("1.1", "1.0", "1.0")
    assert clinic.said()[2:] == [BEGUN, "went back from 1.1 to 1.0"]
    assert verify(clinic.records).alterations == ()


# --- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "said", "words"),
    [
        ("1.0", {}, r"1\.0 is not newer than 1\.0"),
        ("0.9", {}, r"0\.9 is not newer"),
        ("1.1", {"python": "3.99"}, r"for python 3\.99, here is"),
        ("1.1", {"machine": "pdp11"}, "for machine pdp11"),
        ("1.1b2", {}, "not a version number"),
    ],
)
def test_another_release_is_refused(
    version: str, said: dict[str, object], words: str, clinic: UpdatedClinic, quick: None
) -> None:
    with pytest.raises(UpdateRefused, match=words):
        clinic.update(clinic.release(version, **said))
    assert_nothing_changed(clinic)
    assert not clinic.backup.exists()


def test_1_10_is_newer_than_1_9(clinic: UpdatedClinic, quick: None) -> None:
    clinic.update(clinic.release("1.9"))
    clinic.backup.unlink()
    clinic.update(clinic.release("1.10"))
    assert clinic.said()[-1] == "updated from 1.9 to 1.10"


def test_a_key_that_was_withdrawn_signs_no_more(clinic: UpdatedClinic, quick: None) -> None:
    release = clinic.release("1.1")
    by = author(clinic.records)
    withdraw_release_key(clinic.records, by, RELEASE_KEY.key_id)
    with pytest.raises(UpdateRefused, match="nobody here has accepted"):
        clinic.update(release)
    with pytest.raises(UpdateRefused, match="is not accepted"):
        withdraw_release_key(clinic.records, by, RELEASE_KEY.key_id)
    accept_release_key(clinic.records, by, RELEASE_KEY.public_key)
    with pytest.raises(UpdateRefused, match="is accepted already"):
        accept_release_key(clinic.records, by, RELEASE_KEY.public_key)
    clinic.update(release)


def test_an_altered_chain_says_nothing_of_keys(
    clinic: UpdatedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["workstation.updating.release_keys"]
    monkeypatch.setattr(module, "altered_audit", lambda folder: "clinic.db, entry 3: altered")
    with pytest.raises(JournalCorrupt, match="cannot be trusted"):
        accepted_release_keys(clinic.records)


def test_no_update_while_a_session_is_open(clinic: UpdatedClinic, quick: None) -> None:
    release = clinic.release("1.1")
    with (
        holding(UnitLock(clinic.records.unit_database(UNIT))),
        pytest.raises(UpdateRefused, match=f"a session on unit {UNIT} is open"),
    ):
        clinic.update(release)
    assert_nothing_changed(clinic)


def test_no_update_while_a_session_is_open_on_a_unit_without_a_file(
    clinic: UpdatedClinic, quick: None
) -> None:
    """Its first session of all: there is a lock of the folder, and nothing else."""
    release = clinic.release("1.1")
    with (
        holding(UnitLock(clinic.records.unit_database("f" * 16))),
        pytest.raises(UpdateRefused, match="is open"),
    ):
        clinic.update(release)
    assert_nothing_changed(clinic)


def test_no_session_begins_during_an_update(clinic: UpdatedClinic, quick: None) -> None:
    refused: list[str] = []

    def begin(doing: str) -> None:
        with pytest.raises(UnitBusy, match="such as an update"):
            UnitLock(clinic.records.unit_database(UNIT)).take()
        refused.append(doing)

    clinic.update(clinic.release("1.1"), begin)
    assert len(refused) == 3
    with holding(UnitLock(clinic.records.unit_database(UNIT))):
        pass


def test_two_updates_exclude_each_other(clinic: UpdatedClinic, quick: None) -> None:
    release, refused = clinic.release("1.1"), []

    def again(doing: str) -> None:
        with pytest.raises(UpdateRefused, match="another update"):
            clinic.update(release)
        refused.append(doing)

    clinic.update(release, again)
    assert len(refused) == 3


def test_a_backup_that_cannot_be_made_stops_it(clinic: UpdatedClinic, quick: None) -> None:
    clinic.backup.touch()
    with pytest.raises(TractionError, match="exists already"):
        clinic.update(clinic.release("1.1"))
    assert_nothing_changed(clinic)


def test_a_small_disk_stops_it(
    clinic: UpdatedClinic, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "NEEDED_TIMES", 10**12)
    with pytest.raises(UpdateRefused, match="MB free and version"):
        clinic.update(clinic.release("1.1"))
    assert_nothing_changed(clinic)


def put_in_place(clinic: UpdatedClinic, patch: pytest.MonkeyPatch, script: str) -> None:
    """A shell script in the place of the new version's interpreter."""
    program = clinic.folder / "python"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o700)
    patch.setattr(Installation, "program_of", lambda *_: program)


def test_a_new_version_that_does_not_take_the_records_is_not_put_in_use(
    clinic: UpdatedClinic, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(clinic, monkeypatch, "echo 'unit schema 5 is strange to me' >&2\nexit 1\n")
    with pytest.raises(UpdateRefused, match="failed on a copy of the records: unit schema 5"):
        clinic.update(clinic.release("1.1"))
    assert_nothing_changed(clinic)


def test_a_new_version_that_loses_a_session_is_not_put_in_use(
    clinic: UpdatedClinic, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(clinic, monkeypatch, """echo '{"sessions": 0, "findings": []}'\n""")
    with pytest.raises(UpdateRefused, match="finds 0 of 1 sessions"):
        clinic.update(clinic.release("1.1"))
    assert_nothing_changed(clinic)


def test_a_link_that_cannot_be_changed_is_said_and_the_old_version_stays(
    clinic: UpdatedClinic, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(there: Installation, version: str) -> None:
        raise OSError(28, "No space left on device")

    release = clinic.release("1.1")
    monkeypatch.setattr(Installation, "switch", full)
    with pytest.raises(UpdateRefused, match=r"No space left.*version 1\.0 is in use"):
        clinic.update(release)
    assert clinic.said() == [BEGUN, "not changed from 1.0 to 1.1"]
    assert_nothing_changed(clinic)


def test_no_update_before_an_interrupted_session_is_closed(tmp_path: Path, quick: None) -> None:
    clinic = make_clinic(tmp_path, record=lambda folder: recorded(folder, closed=False))
    with pytest.raises(UpdateRefused, match=r"session s-1 on unit .* was interrupted"):
        clinic.update(clinic.release("1.1"))
    assert_nothing_changed(clinic)


# --- rehearsed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(path.name for path in RELEASED.glob("*.db")))
def test_a_rehearsal_brings_each_released_format_to_the_present_one(
    name: str, folder: RecordFolder, tmp_path: Path
) -> None:
    is_unit = name.startswith("unit")
    schema = UNIT_SCHEMA if is_unit else CLINIC_SCHEMA
    (path,) = place_released(folder, name)
    take_key_of_released(folder)
    known = known_public_keys(folder)
    before = check_contents(folder, known, aside=tmp_path)
    after = rehearse(folder)
    assert (after.sessions, after.findings) == (before.sessions, before.findings)
    assert after.sessions == (SESSIONS_OF_RELEASED if is_unit else 0)
    with checking_file(path, schema) as db:
        assert schema_version(db) == schema.version


def test_a_rehearsal_finds_what_does_not_fit(folder: RecordFolder) -> None:
    """Sealed by a key that nobody in this folder knows."""
    place_released(folder, "unit-schema-5.db")
    with pytest.raises(UpdateRefused, match="five-1: the signature"):
        rehearsed_by(Path(sys.executable), folder, 2)


def test_a_rehearsal_is_led_to_no_other_code(
    folder: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/the/version/before")
    program = tmp_path / "python"
    told = """{"sessions": 0, "findings": ["'$PYTHONPATH'"]}"""
    program.write_text(f"#!/bin/sh\necho '{told}'\n")
    program.chmod(0o700)
    with pytest.raises(UpdateRefused, match="and this: nothing else"):
        rehearsed_by(program, folder, 1)


@pytest.mark.parametrize(
    ("script", "words"),
    [("exit 0", "could not rehearse|failed on a copy"), ("echo no JSON", "could not rehearse")],
)
def test_a_program_that_rehearses_nothing_is_not_believed(
    script: str, words: str, folder: RecordFolder, tmp_path: Path
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    for started in (program, tmp_path / "missing"):
        with pytest.raises(UpdateRefused, match=words):
            rehearsed_by(started, folder, 0)


# --- killed ------------------------------------------------------------------------------------


class Dead(BaseException):
    """Ends a program in the middle, with nothing done afterwards but what falls away by itself."""


@pytest.mark.parametrize(
    ("after_the_switch", "becomes"),
    [
        (False, "not changed from 1.0 to 1.1"),
        (True, "updated from 1.0 to 1.1"),
    ],
)
def test_what_became_of_a_killed_change_is_said_by_the_next(
    after_the_switch: bool,
    becomes: str,
    clinic: UpdatedClinic,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = Installation.switch

    def killed(there: Installation, version: str) -> None:
        if after_the_switch:
            real(there, version)
        raise Dead

    monkeypatch.setattr(Installation, "switch", killed)
    with suppress(Dead):
        clinic.update(clinic.release("1.1"))
    monkeypatch.setattr(Installation, "switch", real)
    assert clinic.said() == [BEGUN]
    clinic.backup.unlink()
    clinic.update(clinic.release("1.2"))
    before = clinic.said()[-1].split()[2]
    assert before == ("1.1" if after_the_switch else "1.0")
    assert clinic.said()[:2] == [BEGUN, becomes]


# --- which installation ------------------------------------------------------------------------


def test_the_installation_is_that_of_the_program_in_use(clinic: UpdatedClinic) -> None:
    here = program_here(clinic.there.folder_of("1.0"))
    assert here == ProgramHere(clinic.there, "1.0")
    assert installation_in_use(here) == clinic.there
    installed_by_hand(clinic.there, "0.9")
    with pytest.raises(UpdateRefused, match=r"this is version 0\.9 and 1\.0 is in use; start "):
        installation_in_use(program_here(clinic.there.folder_of("0.9")))
    with pytest.raises(UpdateRefused, match="was not installed by"):
        program_here(clinic.folder)
