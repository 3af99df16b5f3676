"""A bundle from elsewhere: named members alone, every byte in one, and 200 MB whatever it holds."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
from typing import Any

import pytest

from controller.errors import RequestRefused
from records.evidence.bundle import MEMBER_LIMITS, MOST_BYTES, BundleDocuments, write_bundle
from records.evidence.bundle_check import BundleVerification, check_bundle
from records.evidence.reader import read_stored
from records.store.record_folder import RecordFolder
from tests.support.altered_bundles import members_of, zipped
from tests.support.altered_records import KEY, ORDER, Ground, prepare
from tests.support.heavy_bundles import HEAVY, heavy, lying_bomb
from tests.support.pages import ROOT

MOST_MEMORY_MB = 200
LYING_BOMB = "a lying bomb"
CHECK = """
import re, resource, sys
from pathlib import Path
from records.evidence.bundle_check import verify_bundle
for path in sys.argv[1:]:
    result = verify_bundle(Path(path))
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = Path("/proc/self/status")
    if status.exists():  # what the parent had before the start does not count here
        kib = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
    print(kib // 1024, result.alterations[0].where, result.alterations[0].what)
"""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return prepare(tmp_path_factory.mktemp("ground"))


@pytest.fixture
def bundle(ground: Ground) -> bytes:
    return ground.bundles["s-2"]


def checked(data: bytes) -> BundleVerification:
    return check_bundle(io.BytesIO(data), public_keys={KEY.key_id: KEY.public_key})


def refused(data: bytes) -> str:
    """What is said of a bundle that is not read at all."""
    (found,) = checked(data).alterations
    assert found.where == "the bundle"
    assert found.what.endswith("; ask for the file as `traction export --format bundle` wrote it")
    return found.what


def test_the_bundle_as_it_was_written_is_whole(bundle: bytes) -> None:
    assert checked(bundle).alterations == ()
    assert checked(zipped(members_of(bundle))).alterations == ()


# --- bytes outside of members -----------------------------------------------------------------


def test_bytes_before_and_behind_the_file_are_refused(bundle: bytes) -> None:
    assert "outside of every file" in refused(_shifted(bundle, 0, b"hidden"))
    assert "between its list of files and its end" in refused(b"hidden" + bundle)
    assert "after the end of the zip file" in refused(bundle + b"hidden")


def test_bytes_between_members_are_refused(bundle: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        second = archive.infolist()[1].header_offset
    assert "outside of every file" in refused(_shifted(bundle, second, b"hidden"))


def _shifted(bundle: bytes, at: int, hidden: bytes) -> bytes:
    """``hidden`` put in at a place, and every offset behind it corrected."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        offsets = [info.header_offset for info in archive.infolist()]
        list_at = archive.start_dir
    data = bytearray(bundle)
    end_at = data.rfind(b"PK\5\6")
    struct.pack_into("<I", data, end_at + 16, list_at + len(hidden))
    entry_at = list_at
    for offset in offsets:
        name_size = struct.unpack_from("<H", data, entry_at + 28)[0]
        if offset >= at:
            struct.pack_into("<I", data, entry_at + 42, offset + len(hidden))
        entry_at += 46 + name_size
    data[at:at] = hidden
    return bytes(data)


def test_bytes_behind_the_content_of_a_member_are_refused(bundle: bytes) -> None:
    members = members_of(bundle)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    data = bytearray(out.getvalue())
    name, content = "README.txt", members["README.txt"]
    # Declared as deflated: what is stored there is a stream and something behind it.
    packer = zipfile.zlib.compressobj(9, zipfile.zlib.DEFLATED, -15)  # type: ignore[attr-defined]
    stream = packer.compress(content) + packer.flush()
    place = bytes(data).find(content)
    data[place : place + len(content)] = stream + bytes(len(content) - len(stream))
    for head, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        struct.pack_into("<H", data, bytes(data).find(head) + at, 8)
    assert f"there are bytes after the content of {name}" in refused(bytes(data))


@pytest.mark.parametrize("where", ["comment", "member's comment", "extra", "other comment"])
def test_comments_and_extra_fields_are_refused(bundle: bytes, where: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members_of(bundle).items():
            info = zipfile.ZipInfo(name)
            if where == "member's comment":
                info.comment = b"hidden"
            if where == "extra":
                info.extra = b"\x99\x99\x04\x00abcd"
            archive.writestr(info, content)
        if where in ("comment", "other comment"):
            archive.comment = b"hidden" if where == "comment" else b"session s-3"
    assert "comment" in refused(out.getvalue()) or "extra field" in refused(out.getvalue())


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["more.txt", "../note.txt", "NOTE.TXT", "a.pub", "n\x1b[2J.txt"])
def test_only_named_members_are_taken(bundle: bytes, name: str) -> None:
    said = refused(zipped({**members_of(bundle), name: b"x"}))
    assert "does not belong into it" in said or "is no name" in said
    assert said.isprintable()


def test_a_name_twice_and_too_many_members_are_refused(bundle: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members_of(bundle).items():
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("note.txt", b"another")
    assert "note.txt stands in it twice" in refused(out.getvalue())
    many = {f"{number:016x}.pub": b"x" for number in range(30)}
    assert "at most 12 are read" in refused(zipped(members_of(bundle) | many))


@pytest.mark.parametrize("member", ["manifest.json", "session.json", "events.jsonl"])
def test_a_key_that_stands_twice_is_refused(bundle: bytes, member: str) -> None:
    members = members_of(bundle)
    first, _, rest = members[member].partition(b"{")
    key = b'"format":"x",' if member != "events.jsonl" else b'"kind":1,'
    said = refused(zipped({**members, member: first + b"{" + key + rest}))
    assert f"{member} cannot be read: the key" in said
    assert "stands in it twice" in said


# --- memory -----------------------------------------------------------------------------------


def test_a_member_larger_than_its_limit_is_named_with_it(bundle: bytes) -> None:
    most = MEMBER_LIMITS["note.txt"]
    said = refused(zipped({**members_of(bundle), "note.txt": bytes(most + 1)}))
    assert said.startswith(f"note.txt has {most + 1} bytes, at most {most}; ")
    assert f"at most {MOST_BYTES} are read" in refused(bytes(MOST_BYTES + 1))


def test_the_writer_holds_the_limits_of_the_reader(ground: Ground) -> None:
    documents = BundleDocuments(
        order_text=ORDER, note_text="x" * (MEMBER_LIMITS["note.txt"] + 1), charge_csv=None
    )
    with pytest.raises(RequestRefused, match=r"note\.txt of session s-1 has 4194305 bytes"):
        write_bundle(read_stored(RecordFolder(ground.newest), "s-1"), documents, KEY)


SAID = {
    "as_much_as_allowed": "events.jsonl it is not the file that the manifest names",
    "objects_in_an_event": "events.jsonl cannot be read: line 1 has more than 262144 characters",
    "cells_in_a_row": "samples.csv cannot be read: line 2 has more than 1024 characters",
    "deep_manifest": "manifest.json cannot be read: it nests deeper than 32 levels",
    "deep_event": "events.jsonl it is not the file that the manifest names",
    "bomb": "note.txt has 314572800 bytes, at most 4194304",
    LYING_BOMB: "note.txt unpacks to more than its 100 bytes",
}


@pytest.fixture(scope="module")
def found(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What one process says of each kind in turn, and the most memory that it had until then."""
    folder, bundle = tmp_path_factory.mktemp("heavy"), ground.bundles["s-2"]
    paths = [folder / f"{number}.zip" for number in range(len(SAID))]
    for path, kind in zip(paths, SAID, strict=True):
        path.write_bytes(lying_bomb(bundle) if kind == LYING_BOMB else heavy(bundle, kind))
    done = subprocess.run(
        [sys.executable, "-c", CHECK, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return {kind: (int(mb), said) for kind, (mb, said) in zip(SAID, lines, strict=True)}


@pytest.mark.parametrize("kind", [*HEAVY, LYING_BOMB])
def test_no_bundle_takes_more_than_200_mb(found: dict[str, tuple[int, str]], kind: str) -> None:
    memory_mb, said = found[kind]
    assert memory_mb <= MOST_MEMORY_MB, said
    assert SAID[kind] in said


def test_depth_is_a_finding(bundle: bytes) -> None:
    assert "manifest.json cannot be read: it nests deeper" in refused(
        heavy(bundle, "deep_manifest")
    )
    assert any("event 0" in f.where for f in checked(heavy(bundle, "deep_event")).alterations)


def test_an_odd_manifest_is_a_finding(bundle: bytes) -> None:
    members = members_of(bundle)
    odd: tuple[Any, ...] = ([], "x", {"note.txt": 7}, {"note.txt": None})
    for files in odd:
        manifest = json.dumps({"files": files, "key_id": "x"}).encode()
        assert checked(zipped({**members, "manifest.json": manifest})).alterations
