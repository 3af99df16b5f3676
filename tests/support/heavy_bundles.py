"""Bundles that are small on the disk and large, deep or odd inside."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from functools import lru_cache

from records.evidence.bundle import LINK_COLUMNS, MEMBER_LIMITS, SAMPLE_COLUMNS
from tests.support.altered_bundles import Members, members_of

SMALL_EVENT = '{"sequence":0,"at_ms":0,"utc_ms":0,"kind":1,"version":1,"detail":""}\n'
SMALL_LINK = f"0,0,0,0,0,{'0' * 64}\n"


def filled(name: str, head: str, line: str, share: float = 1.0) -> bytes:
    """A member of the maximum size, made of one repeated line."""
    room = int(MEMBER_LIMITS[name] * share) - len(head)
    return (head + line * (room // len(line))).encode()


def as_much_as_allowed(members: Members) -> Members:
    """The three large members at the maximum size of a bundle together."""
    return {
        **members,
        "events.jsonl": filled("events.jsonl", "", SMALL_EVENT, 0.88),
        "links.csv": filled("links.csv", ",".join(LINK_COLUMNS) + "\n", SMALL_LINK, 0.88),
        "samples.csv": filled("samples.csv", ",".join(SAMPLE_COLUMNS) + "\n", "0,0,,,0,0\n", 0.88),
    }


def objects_in_an_event(members: Members) -> Members:
    """One line of empty objects: 3 bytes each in the file, 72 in memory."""
    line = '{"a":[' + ",".join(["{}"] * 2_500_000) + "]}\n"
    return {**members, "events.jsonl": line.encode()}


def cells_in_a_row(members: Members) -> Members:
    """One row of empty cells."""
    head = ",".join(SAMPLE_COLUMNS) + "\n"
    return {**members, "samples.csv": filled("samples.csv", head, ",")}


def deep_manifest(members: Members) -> Members:
    """As many nested objects as the member may hold."""
    deep = '{"a":' * 10_000 + "1" + "}" * 10_000
    return {**members, "manifest.json": deep.encode()}


def deep_event(members: Members) -> Members:
    """An event with nested text."""
    said = json.loads(members["events.jsonl"].splitlines()[0])
    said["detail"] = "[" * 100_000
    return {**members, "events.jsonl": (json.dumps(said) + "\n").encode()}


def bomb(members: Members) -> Members:
    """A note of zeros far beyond its limit."""
    return {**members, "note.txt": bytes(300 << 20)}


HEAVY: dict[str, Callable[[Members], Members]] = {
    function.__name__: function
    for function in (
        as_much_as_allowed,
        objects_in_an_event,
        cells_in_a_row,
        deep_manifest,
        deep_event,
        bomb,
    )
}


@lru_cache(maxsize=1)
def heavy(bundle: bytes, kind: str) -> bytes:
    """A bundle with the given members replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in HEAVY[kind](members_of(bundle)).items():
            archive.writestr(name, content)
    return out.getvalue()


def lying_bomb(bundle: bytes) -> bytes:
    """The same bomb, with a small size declared everywhere."""
    data = bytearray(heavy(bundle, "bomb"))
    real, said = (300 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")
    while (at := data.find(real)) >= 0:
        data[at : at + 4] = said
    return bytes(data)
