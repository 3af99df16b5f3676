"""Records in which something is altered do not keep a program from its update for ever."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, RequestRefused, UpdateRefused
from records.clinic.audit import accesses, altered_audit
from records.evidence.integrity import verify
from records.evidence.quarantine import accept, put_aside
from records.store.record_folder import CLINIC, RecordFolder
from tests.support.altering import altering
from tests.support.notes import UNIT, author, recorded
from tests.support.updating import WHO, UpdatedClinic, make_clinic
from workstation.terminal_sign_in import Acting
from workstation.updating.altered import TAKEN_ALONG, TakenAlong
from workstation.updating.changing import BEGUN
from workstation.updating.installation import Installation

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links"),
    pytest.mark.usefixtures("quick"),
]
WHY = "the old computer's disk, looked into on 3 May"


def two_sessions(folder: RecordFolder) -> None:
    recorded(folder)
    recorded(folder, "s-2")


@pytest.fixture
def altered(tmp_path: Path) -> UpdatedClinic:
    """The first of two sessions was altered long ago; the unit is still used."""
    clinic = make_clinic(tmp_path, record=two_sessions)
    with altering(clinic.records.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence > 0")
    assert {one.session_id for one in verify(clinic.records).alterations} == {"s-1"}
    return clinic


def taken_along(clinic: UpdatedClinic) -> list[tuple[str, tuple[str, ...]]]:
    """Who took what along, as the chain says it."""
    rows = [row for row in accesses(clinic.records) if row.what == TAKEN_ALONG]
    return [(row.by, row.fields) for row in rows]


def test_an_alteration_that_nobody_names_stops_the_update(altered: UpdatedClinic) -> None:
    with pytest.raises(UpdateRefused, match=r"s-1: .*--accept-altered s-1 --by NAME") as refused:
        altered.update(altered.release("1.1"))
    assert refused.value.detail.startswith("s-1: ")
    assert altered.there.current == "1.0"
    assert altered.said() == [BEGUN, "not changed from 1.0 to 1.1"]
    assert altered.backup.exists()


def test_a_named_person_takes_it_along_and_the_chain_says_so(altered: UpdatedClinic) -> None:
    told: list[str] = []
    said = TakenAlong(names=("s-1",), reason=WHY)
    altered.update(altered.release("1.1"), told.append, said)
    assert altered.there.current == "1.1"
    ((by, (why, *findings)),) = taken_along(altered)
    assert (by, why) == (WHO.by, WHY)
    assert findings
    assert all(finding.startswith("s-1: ") for finding in findings)
    assert {f"altered, and accepted: {finding}" for finding in findings} <= set(told)
    assert altered_audit(altered.records) == ""
    assert {one.session_id for one in verify(altered.records).alterations} == {"s-1"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (TakenAlong(names=("s-1",)), "who and why: --by NAME --reason WHY"),
        (TakenAlong(names=("s-1",), reason="  "), "who and why"),
        (TakenAlong(names=("s-1",), reason="two\nlines"), "reason"),
        (TakenAlong(names=("s-1", "s-2"), reason=WHY), "under the name 's-2'"),
        (TakenAlong(names=("s",), reason=WHY), "under the name 's'"),
    ],
)
def test_what_is_taken_along_is_named_and_explained(
    said: TakenAlong, words: str, altered: UpdatedClinic
) -> None:
    with pytest.raises(RequestRefused, match=words):
        altered.update(altered.release("1.1"), altered=said)
    assert altered.there.current == "1.0"
    assert taken_along(altered) == []


def test_nobody_takes_anything_along_without_a_name(
    altered: UpdatedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.updating.WHO", Acting(""))
    with pytest.raises(UpdateRefused, match="who and why"):
        altered.update(altered.release("1.1"), altered=TakenAlong(names=("s-1",), reason=WHY))
    assert altered.said() == []


def test_the_new_version_finds_nothing_beside_what_was_named(
    altered: UpdatedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = altered.folder / "python"
    findings = '{"sessions": 2, "findings": ["s-1: it", "s-10: more"]}'
    program.write_text(f"#!/bin/sh\necho '{findings}'\n")
    program.chmod(0o700)
    monkeypatch.setattr(Installation, "program_of", lambda *_: program)
    with pytest.raises(UpdateRefused, match=r"and this: s-10: more"):
        altered.update(altered.release("1.1"), altered=TakenAlong(names=("s-1",), reason=WHY))
    assert altered.there.current == "1.0"


def test_a_file_that_was_put_aside_by_name_stops_no_update(altered: UpdatedClinic) -> None:
    """The other way out, where a whole file of a unit does not fit."""
    by = author(altered.records)
    put_aside(altered.records, UNIT, by.key, utc_ms=by.at_utc_ms, reason=WHY)
    accept(altered.records, UNIT, by, WHY)
    altered.update(altered.release("1.1"))
    assert altered.there.current == "1.1"
    assert taken_along(altered) == []


# --- the chain of clinic.db --------------------------------------------------------------------


@pytest.fixture
def broken_chain(clinic: UpdatedClinic) -> UpdatedClinic:
    """Somebody wrote another release key over the accepted one."""
    clinic.update(clinic.release("1.1"))
    with altering(clinic.records.clinic_database) as db:
        db.execute("UPDATE entry SET detail = replace(detail, 'E. Engineer', 'E. Vil')")
    assert altered_audit(clinic.records)
    return clinic


def test_a_chain_that_does_not_fit_says_neither_who_nor_which_key(
    broken_chain: UpdatedClinic,
) -> None:
    said = TakenAlong(names=(CLINIC,), reason=WHY)
    with pytest.raises(JournalCorrupt, match=r"cannot be trusted.*traction restore.*install\.py"):
        broken_chain.update(broken_chain.release("1.2"), altered=said)
    assert broken_chain.there.current == "1.1"


def test_a_backup_of_before_is_a_way_out(broken_chain: UpdatedClinic) -> None:
    restored = broken_chain.restored()
    shutil.rmtree(broken_chain.records.path)
    restored.path.rename(broken_chain.records.path)
    broken_chain.backup.unlink()
    broken_chain.update(broken_chain.release("1.2"))
    assert broken_chain.said()[-1] == "updated from 1.1 to 1.2"
