"""A backup made while a session runs is whole, verified, signed, and comes back as it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pyrage.x25519 import Identity

from controller.errors import BackupAltered, BackupRefused, TractionError
from controller.events import EventKind, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import issued_checkpoints, verify
from records.evidence.journal import SessionOpening, open_session
from records.evidence.reader import list_sessions
from records.keeping.backup import BackupReport, back_up
from records.keeping.backup_list import LIST, SIGNATURE
from records.keeping.restore import RestoreReport, Trust, prove, restore
from records.keys.signing import SigningKey, public_pem
from records.store.chain import Subject, compute_statement
from records.store.checkpoint import parse_checkpoint
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.notes import UNIT, recorded
from tests.support.sessions import KEY

NOW_MS = 1_770_000_000_000
UNIT_FILE = f"units/{UNIT}.db"
OTHER_KEY = SigningKey(bytes(range(1, 33)))
IDENTITY = Identity.generate()
KNOWN = {KEY.key_id: KEY.public_key}


def signed_as_format_2(copy: Path) -> None:
    """The list as it was signed before the clinic's own files stood in it."""
    text = (copy / LIST).read_text().replace('"format": 3', '"format": 2')
    document = json.loads(text)
    digest = hashlib.sha256(text.encode()).digest()
    subject = Subject(name=f"backup.{document['id']}", place=LIST, number=len(document["files"]))
    (copy / LIST).write_text(text)
    (copy / SIGNATURE).write_text(KEY.sign(compute_statement(subject, digest)).hex() + "\n")


def backed_up(data: Path, target: Path, **given: Any) -> BackupReport:
    return back_up(RecordFolder(data), target, KEY, made_utc_ms=NOW_MS, program="test", **given)


def brought_back(
    source: Path, data: Path, *accepted: str, identity: Path | None = None, **trust: Any
) -> RestoreReport:
    return restore(source, RecordFolder(data), Trust(**trust), accepted=accepted, identity=identity)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    recorded(RecordFolder(tmp_path / "data"))
    recorded(RecordFolder(tmp_path / "data"), "s-2")
    return tmp_path / "data"


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    (tmp_path / "identity.txt").write_text(f"# made by a test\n{IDENTITY}\n")
    return tmp_path / "identity.txt"


def altered_record(data: Path) -> None:
    """The first session's events no longer fit its links."""
    with altering(RecordFolder(data).unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence > 0")


OWN = {
    "profiles/own_cell.toml": "kind = 'gauge'\n",
    "payers/Plan of Ohio.toml": "name = 'plan'\n",
    "receivers/house.toml": "name = 'house'\n",
    "code-lists/icd-10-cm-2027-04.codes": "M50.120\n",
    "tables.toml": "# own\n",
}


@pytest.fixture
def own(data: Path) -> Path:
    """The records with files of the clinic's own beside them."""
    for name, text in OWN.items():
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text(text, encoding="utf-8")
    return data


# --- there and back ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copy", "copy.zip", "copy.zip.age"])
def test_the_clinic_s_own_files_come_back_to_the_byte(
    own: Path, tmp_path: Path, identity: Path, name: str
) -> None:
    sealed = name.endswith(".age")
    backed_up(own, tmp_path / name, recipients=[IDENTITY.to_public()] if sealed else [])
    back = brought_back(tmp_path / name, tmp_path / "new", identity=identity if sealed else None)
    assert {*OWN} <= {*back.files}
    restored = {each: (tmp_path / "new" / each).read_text(encoding="utf-8") for each in OWN}
    assert restored == OWN
    assert {(tmp_path / "new" / each).stat().st_mode & 0o777 for each in OWN} == {0o600}


@pytest.mark.parametrize("name", OWN)
def test_a_file_of_the_clinic_s_own_that_was_altered_in_a_backup_is_refused_by_name(
    own: Path, tmp_path: Path, name: str
) -> None:
    backed_up(own, tmp_path / "copy")
    (tmp_path / "copy" / name).write_text(OWN[name].swapcase(), encoding="utf-8")
    with pytest.raises(BackupAltered) as refused:
        brought_back(tmp_path / "copy", tmp_path / "new")
    assert f"{name}: it is not the file that was copied" in refused.value.detail
    assert not (tmp_path / "new").exists()


def test_a_profile_that_was_put_into_a_backup_later_is_not_taken(own: Path, tmp_path: Path) -> None:
    backed_up(own, tmp_path / "copy")
    (tmp_path / "copy" / "profiles" / "slipped_in.toml").write_text("kind = 'gauge'\n")
    with pytest.raises(BackupAltered, match=r"slipped_in"):
        brought_back(tmp_path / "copy", tmp_path / "new")


def test_what_no_list_can_name_is_told_and_keeps_nothing_back(own: Path, tmp_path: Path) -> None:
    (own / "payers" / "-odd.toml").write_text("name = 'odd'\n")
    (own / "profiles" / "folder.toml").mkdir()
    made = backed_up(own, tmp_path / "copy")
    said = {finding.name: finding.what for finding in made.findings}
    assert "rename it" in said["payers/-odd.toml"]
    assert said["profiles/folder.toml"] == "it is a folder; not copied"
    assert {*OWN} <= {*made.files}


def test_a_backup_of_before_that_has_no_files_of_the_clinic_s_own_is_restored(
    data: Path, tmp_path: Path
) -> None:
    backed_up(data, tmp_path / "copy")
    signed_as_format_2(tmp_path / "copy")
    assert brought_back(tmp_path / "copy", tmp_path / "new").sessions == 2


@pytest.mark.parametrize("name", ["copy", "copy.zip", "copy.zip.age"])
def test_what_was_backed_up_comes_back_to_the_byte_of_its_seals(
    data: Path, tmp_path: Path, identity: Path, name: str
) -> None:
    sealed = name.endswith(".age")
    made = backed_up(data, tmp_path / name, recipients=[IDENTITY.to_public()] if sealed else [])
    assert (made.sessions, made.findings, made.encrypted) == (2, (), sealed)
    (tmp_path / "new").mkdir()  # an empty folder is as good as none
    back = brought_back(tmp_path / name, tmp_path / "new", identity=identity if sealed else None)
    assert back.files == made.files
    assert (back.made_utc_ms, back.checkpoint) == (NOW_MS, made.checkpoint)
    assert [r.seal for r in list_sessions(RecordFolder(tmp_path / "new"))] == [
        r.seal for r in list_sessions(RecordFolder(data))
    ]
    here = sorted(p.name for p in tmp_path.iterdir())
    assert here == sorted([name, "data", "new", "identity.txt"])
    assert {path.name for path in (tmp_path / "new").iterdir()} <= {"units", "clinic.db", "keys"}


def test_an_encrypted_backup_shows_nothing_and_leaves_nothing_unencrypted_beside_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from records.keeping import backup

    def look_around(source: Path, target: Path, recipients: list[Any]) -> None:
        seen.extend(path.name for path in (tmp_path / "stick").rglob("*.db"))
        real(source, target, recipients)

    from records.keeping import backup_encryption

    real, seen = backup_encryption.encrypt, list[str]()
    monkeypatch.setattr(backup_encryption, "encrypt", look_around)
    assert backup.back_up is back_up
    backed_up(data, tmp_path / "stick" / "copy.zip.age", recipients=[IDENTITY.to_public()])
    content = (tmp_path / "stick" / "copy.zip.age").read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n")
    assert b"clinic.db" not in content
    assert seen == []
    assert [path.name for path in (tmp_path / "stick").iterdir()] == ["copy.zip.age"]
    assert not list(data.glob("*unfinished"))


def test_an_encrypted_backup_opens_with_its_identity_only(
    data: Path, tmp_path: Path, identity: Path
) -> None:
    backed_up(data, tmp_path / "copy.zip.age", recipients=[IDENTITY.to_public()])
    (tmp_path / "other.txt").write_text(str(Identity.generate()))
    (tmp_path / "empty.txt").write_text("# nothing\n")
    for file, said in (
        (None, "is encrypted; name"),
        (tmp_path / "other.txt", "cannot be decrypted"),
        (tmp_path / "empty.txt", "holds no AGE-SECRET-KEY"),
        (tmp_path / "none", "cannot be read"),
        (tmp_path / "copy.zip.age", "is not an identity file"),
    ):
        with pytest.raises(BackupRefused, match=said):
            brought_back(tmp_path / "copy.zip.age", tmp_path / "new", identity=file)
    content = bytearray((tmp_path / "copy.zip.age").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "copy.zip.age").write_bytes(content)
    with pytest.raises(BackupRefused, match="damaged or was altered"):
        brought_back(tmp_path / "copy.zip.age", tmp_path / "new", identity=identity)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "recipients", "said"),
    [
        ("copy.zip", True, "does not end in .zip.age"),
        ("copy", True, "does not end in .zip.age"),
        ("copy.zip.age", False, "nobody is set to encrypt to"),
    ],
)
def test_whether_a_backup_is_encrypted_is_never_left_to_chance(
    data: Path, tmp_path: Path, name: str, recipients: bool, said: str
) -> None:
    keys = [IDENTITY.to_public()] if recipients else []
    with pytest.raises(BackupRefused, match=said):
        backed_up(data, tmp_path / name, recipients=keys)


def test_no_private_key_is_in_a_backup(data: Path, tmp_path: Path) -> None:
    keys = data / "keys"
    keys.mkdir(exist_ok=True)
    (keys / "workstation.key").write_text("secret")
    made = backed_up(data, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as file:
        assert set(file.namelist()) == {LIST, SIGNATURE, *made.files}
    assert not [name for name in made.files if name.endswith(".key")]


def test_a_backup_of_a_running_session_holds_what_was_durable(data: Path, tmp_path: Path) -> None:
    clock = VirtualClock()
    opening = SessionOpening(session_id="s-3", unit_id=UNIT, utc_offset_min=0, detail={})
    journal = open_session(RecordFolder(data), opening, clock, key=KEY)
    journal.append_event(SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=5, detail={"n": 1}))
    journal.sync()
    journal.append_event(SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=6, detail={"n": 2}))
    made = backed_up(data, tmp_path / "copy")
    journal.abandon()
    assert (made.sessions, made.findings) == (3, ())
    copied = {
        record.head.session_id: record for record in list_sessions(RecordFolder(tmp_path / "copy"))
    }
    assert len(copied["s-3"].events) == 2


def test_what_lies_in_quarantine_is_copied_unread(data: Path, tmp_path: Path) -> None:
    (data / "quarantine" / "u-1").mkdir(parents=True)
    (data / "quarantine" / "u-1" / "strange.spill").write_bytes(b"no side file")
    made = backed_up(data, tmp_path / "copy.zip")
    assert "quarantine/u-1/strange.spill" in made.files
    assert made.findings == ()
    brought_back(tmp_path / "copy.zip", tmp_path / "new")
    assert (tmp_path / "new/quarantine/u-1/strange.spill").read_bytes() == b"no side file"


# --- nothing is replaced ----------------------------------------------------------------------


def test_a_restore_never_replaces_anything(data: Path, tmp_path: Path) -> None:
    backed_up(data, tmp_path / "copy")
    with pytest.raises(BackupRefused, match=r"is not empty .it holds clinic"):
        brought_back(tmp_path / "copy", data)
    (tmp_path / "new" / "notes").mkdir(parents=True)
    with pytest.raises(BackupRefused, match=r"is not empty .it holds notes"):
        brought_back(tmp_path / "copy", tmp_path / "new")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    for place in ("link", "file"):
        with pytest.raises(BackupRefused, match="is not a folder"):
            brought_back(tmp_path / "copy", tmp_path / place)
        with pytest.raises(BackupRefused, match="exists already"):
            backed_up(data, tmp_path / place)
    with pytest.raises(BackupRefused, match="holds no records"):
        backed_up(tmp_path / "nowhere", tmp_path / "other")


# --- what is altered --------------------------------------------------------------------------


def flip_a_byte(copy: Path) -> str:
    content = bytearray((copy / UNIT_FILE).read_bytes())
    content[-1] ^= 1
    (copy / UNIT_FILE).write_bytes(content)
    return UNIT_FILE


def remove_a_file(copy: Path) -> str:
    (copy / UNIT_FILE).unlink()
    return UNIT_FILE


def add_a_file(copy: Path) -> str:
    (copy / "units" / "stranger.db").write_bytes(b"")
    return "units/stranger.db"


def let_it_grow(copy: Path) -> str:
    with (copy / "clinic.db").open("ab") as file:
        file.write(bytes(10))
    return "clinic.db"


def put_a_link(copy: Path) -> str:
    (copy / UNIT_FILE).rename(copy / "elsewhere")
    (copy / UNIT_FILE).symlink_to(copy / "elsewhere")
    return UNIT_FILE


def change_the_list(copy: Path) -> str:
    text = (copy / LIST).read_text()
    (copy / LIST).write_text(text.replace(str(NOW_MS), str(NOW_MS + 1)))
    return LIST


def cut_the_signature_away(copy: Path) -> str:
    (copy / SIGNATURE).unlink()
    return LIST


ALTERATIONS = [
    flip_a_byte,
    remove_a_file,
    add_a_file,
    let_it_grow,
    put_a_link,
    change_the_list,
    cut_the_signature_away,
]


@pytest.mark.parametrize("alter", ALTERATIONS)
def test_what_is_altered_in_a_backup_is_not_put_in_place_unless_asked_for_by_name(
    data: Path, tmp_path: Path, alter: Callable[[Path], str]
) -> None:
    backed_up(data, tmp_path / "copy")
    name = alter(tmp_path / "copy")
    with pytest.raises(BackupAltered, match="nothing was restored") as refused:
        brought_back(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    names = {line.partition(": ")[0] for line in refused.value.detail.splitlines()}
    assert name in names
    if alter is flip_a_byte:
        assert f"{name}: it is not the file that was copied" in refused.value.detail
    assert all(f"--accept-altered {each}" in refused.value.message for each in names)
    back = brought_back(tmp_path / "copy", tmp_path / "new", *names)
    assert {finding.name for finding in back.findings} == names
    assert not (tmp_path / "new" / "units" / "stranger.db").exists()


def test_a_name_that_nothing_altered_has_accepts_nothing(data: Path, tmp_path: Path) -> None:
    backed_up(data, tmp_path / "copy")
    with pytest.raises(BackupRefused, match="nothing altered was found under the name"):
        brought_back(tmp_path / "copy", tmp_path / "new", "clinic.db")
    assert not (tmp_path / "new").exists()


def test_an_altered_record_is_backed_up_and_named_and_restored_by_its_session_s_name_only(
    data: Path, tmp_path: Path
) -> None:
    altered_record(data)
    made = backed_up(data, tmp_path / "copy")
    assert {finding.name for finding in made.findings} == {"s-1"}
    with pytest.raises(BackupAltered, match="--accept-altered s-1"):
        brought_back(tmp_path / "copy", tmp_path / "new")
    back = brought_back(tmp_path / "copy", tmp_path / "new", "s-1")
    assert back.findings == made.findings
    assert verify(RecordFolder(tmp_path / "new")).alterations


def test_a_backup_made_anew_by_somebody_else_is_found_with_the_key_and_with_the_checkpoint(
    data: Path, tmp_path: Path
) -> None:
    mine = parse_checkpoint(backed_up(data, tmp_path / "mine").checkpoint)
    (data / "keys" / f"{OTHER_KEY.key_id}.pub").write_bytes(public_pem(OTHER_KEY.public_key))
    back_up(RecordFolder(data), tmp_path / "clumsy", OTHER_KEY, made_utc_ms=NOW_MS, program="test")
    with pytest.raises(BackupAltered, match=r"--accept-altered backup.json"):
        brought_back(tmp_path / "clumsy", tmp_path / "new")
    for trust in ({"public_keys": KNOWN}, {"checkpoints": [mine]}):
        with pytest.raises(BackupAltered, match=r"--accept-altered backup.json"):
            brought_back(tmp_path / "clumsy", tmp_path / "new", **trust)
    back = brought_back(tmp_path / "mine", tmp_path / "new", public_keys=KNOWN, checkpoints=[mine])
    assert back.basis == "checked against 1 public keys from outside and 1 outside checkpoints"


def test_an_older_backup_is_found_with_the_checkpoint_of_a_session(
    data: Path, tmp_path: Path
) -> None:
    backed_up(data, tmp_path / "copy")
    recorded(RecordFolder(data), "s-3")
    newest = parse_checkpoint(issued_checkpoints(RecordFolder(data))[-1].text)
    with pytest.raises(BackupAltered, match="--accept-altered s-3"):
        brought_back(tmp_path / "copy", tmp_path / "new", checkpoints=[newest])


def as_format_1(copy: Path) -> None:
    """The list as it was before signatures."""
    document = json.loads((copy / LIST).read_text())
    document["format"] = 1
    del document["id"], document["public_key"]
    (copy / LIST).write_text(json.dumps(document))
    (copy / SIGNATURE).unlink()


def test_a_backup_of_before_signatures_is_restored_unless_a_key_is_to_prove_it(
    data: Path, tmp_path: Path
) -> None:
    backed_up(data, tmp_path / "copy")
    as_format_1(tmp_path / "copy")
    with pytest.raises(BackupAltered, match=r"--accept-altered backup.json"):
        brought_back(tmp_path / "copy", tmp_path / "new", public_keys=KNOWN)
    back = brought_back(tmp_path / "copy", tmp_path / "new")
    assert (back.sessions, back.checkpoint, back.findings) == (2, "", ())


# --- files that are no databases --------------------------------------------------------------


def empty(path: Path) -> str:
    path.write_bytes(b"")
    return "is empty: no tables, 0 bytes"


def of_version_99(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    return "has schema version 99"


def no_database(path: Path) -> str:
    path.write_bytes(b"something else" * 500)
    return "file is not a database"


def damaged_page(path: Path) -> str:
    content = bytearray(path.read_bytes())
    content[100:4096] = bytes(4096 - 100)
    path.write_bytes(content)
    return "malformed"


@pytest.mark.parametrize("spoil", [empty, of_version_99, no_database, damaged_page])
@pytest.mark.parametrize("name", [UNIT_FILE, "clinic.db"])
def test_a_file_that_cannot_be_read_is_kept_as_it_is_and_never_spoils_a_backup(
    data: Path, tmp_path: Path, name: str, spoil: Callable[[Path], str]
) -> None:
    opening = SessionOpening(
        session_id="other-1", unit_id="00000000000000bb", utc_offset_min=0, detail={}
    )
    open_session(RecordFolder(data), opening, VirtualClock(), key=KEY).close()
    said = spoil(data / name)
    content = (data / name).read_bytes()
    made = backed_up(data, tmp_path / "copy.zip")
    found = {finding.name: finding.what for finding in made.findings}
    assert said in found[name]
    assert made.sessions == (1 if name == UNIT_FILE else 3)
    with pytest.raises(BackupAltered, match=f"--accept-altered {name}"):
        brought_back(tmp_path / "copy.zip", tmp_path / "new")
    proof = prove(tmp_path / "copy.zip", tmp_path / "x", Trust(), None)
    names = {finding.name for finding in proof.findings}
    brought_back(tmp_path / "copy.zip", tmp_path / "new", *names)
    assert (tmp_path / "new" / name).read_bytes() == content


def a_folder(path: Path) -> str:
    path.mkdir()
    return "it is a folder; not copied"


def a_dangling_link(path: Path) -> str:
    path.symlink_to("nowhere")
    return "it is a link to nothing; not copied"


def a_named_pipe(path: Path) -> str:
    os.mkfifo(path)
    return "it is a named pipe; not copied"


@pytest.mark.parametrize("put", [a_folder, a_dangling_link, a_named_pipe])
@pytest.mark.parametrize("name", ["units/stray.db", "clinic.db"])
def test_a_folder_or_a_dangling_link_in_the_place_of_a_database_is_said(
    data: Path, tmp_path: Path, name: str, put: Callable[[Path], str]
) -> None:
    (data / name).unlink(missing_ok=True)
    said = put(data / name)
    made = backed_up(data, tmp_path / "copy")
    assert said in {finding.what for finding in made.findings}
    assert made.sessions == 2
    assert name not in made.files


# --- files that are no backups ----------------------------------------------------------------


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        '{"format": 99, "made_utc_ms": 0, "files": {}}',
        '{"format": 1, "made_utc_ms": 0, "files": {"../outside.db": {"sha256": "00", "bytes": 0}}}',
        '{"format": 1, "format": 1, "made_utc_ms": 0, "files": {}}',
        "[" * 100_000,
    ],
)
def test_a_backup_without_its_list_is_refused(data: Path, tmp_path: Path, manifest: str) -> None:
    backed_up(data, tmp_path / "copy")
    (tmp_path / "copy" / LIST).write_text(manifest)
    with pytest.raises(BackupRefused):
        brought_back(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_something_else_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "bare.zip", "w"):
        pass
    for place in ("text.zip", "nothing.zip", "nothing", "empty", "bare.zip", "nothing.zip.age"):
        with pytest.raises(TractionError):
            brought_back(tmp_path / place, tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_names_outside_of_a_backup_are_not_unpacked(data: Path, tmp_path: Path) -> None:
    backed_up(data, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip", "a") as file:
        file.writestr("../escaped.db", "x")
        file.writestr("units/../../escaped.db", "x")
        file.writestr("keys/workstation.key", "x")
    brought_back(tmp_path / "copy.zip", tmp_path / "new")
    assert not list(tmp_path.rglob("escaped.db"))
    assert not (tmp_path / "new" / "keys" / "workstation.key").exists()


def test_a_member_that_stands_twice_or_is_larger_than_listed_is_not_taken(
    data: Path, tmp_path: Path
) -> None:
    backed_up(data, tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "copy.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name in (LIST, SIGNATURE):
            file.write(tmp_path / "copy" / name, name)
        file.writestr("clinic.db", bytes(100 << 20))
        file.write(tmp_path / "copy" / UNIT_FILE, UNIT_FILE)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr(UNIT_FILE, b"another one")
    report = prove(tmp_path / "copy.zip", tmp_path / "x", Trust(), None)
    found = [f"{finding.name}: {finding.what}" for finding in report.findings]
    assert any(line.startswith("clinic.db: it has more than the") for line in found)
    assert any(
        line.startswith(f"{UNIT_FILE}: it is in the backup more than once") for line in found
    )


def test_the_list_names_every_file_with_its_digest(data: Path, tmp_path: Path) -> None:
    made = backed_up(data, tmp_path / "copy")
    manifest = json.loads((tmp_path / "copy" / LIST).read_text())
    assert set(manifest["files"]) == set(made.files)
    assert (manifest["format"], manifest["program"], manifest["made_utc_ms"]) == (3, "test", NOW_MS)
    assert manifest["public_key"] == KEY.public_key.hex()
    shutil.rmtree(tmp_path / "copy" / "units")
    with pytest.raises(BackupAltered) as refused:
        brought_back(tmp_path / "copy", tmp_path / "new")
    assert "not in the backup" in refused.value.detail
    assert RecordFolder(data).clinic_database.exists()


def test_a_proof_leaves_nothing_and_finds_what_a_restore_finds(data: Path, tmp_path: Path) -> None:
    made = backed_up(data, tmp_path / "copy.zip")
    before = sorted(path.name for path in tmp_path.iterdir())
    report = prove(tmp_path / "copy.zip", tmp_path / "copy.zip", Trust(public_keys=KNOWN), None)
    assert (report.findings, report.checkpoint) == ((), made.checkpoint)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
