"""Ways to alter a bundle, for the campaign and its short version in the tests."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable

from records.evidence.bundle import MANIFEST, SIGNATURE, manifest_digest
from records.evidence.bundle_check import check_bundle
from tests.support.altered_records import (
    FOREIGN_KEY,
    KEY,
    SESSIONS,
    Ground,
    Impossible,
)

Members = dict[str, bytes]


def draw_bundle(ground: Ground, source: random.Random) -> tuple[str, bool]:
    """A random alteration of a bundle; returns its kind and whether it was found."""
    index = source.randrange(len(SESSIONS))
    outside = [ground.checkpoints[index]]
    while True:
        kind = source.choice(list(BUNDLE_ALTERATIONS))
        original = ground.bundles[SESSIONS[index]]
        try:
            altered = BUNDLE_ALTERATIONS[kind](ground, original, source)
        except Impossible:
            continue
        if _same_members(original, altered):
            # Some bits of the zip container have no meaning.
            continue
        known = {KEY.key_id: KEY.public_key}
        result = check_bundle(io.BytesIO(altered), public_keys=known, checkpoints=outside)
        return f"bundle {kind}", bool(result.alterations)


def members_of(bundle: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Members) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _same_members(original: bytes, altered: bytes) -> bool:
    try:
        return members_of(original) == members_of(altered)
    except Exception:
        return False


def edit(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Change one byte of a member."""
    members = members_of(bundle)
    name = source.choice(list(members))
    content = bytearray(members[name])
    content[source.randrange(len(content))] ^= source.randrange(1, 256)
    return zipped({**members, name: bytes(content)})


def delete(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Delete a member, or one line of a member."""
    members = members_of(bundle)
    name = source.choice(list(members))
    if source.random() < 0.3:
        del members[name]
        return zipped(members)
    lines = members[name].splitlines(keepends=True)
    del lines[source.randrange(len(lines))]
    return zipped({**members, name: b"".join(lines)})


def insert(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Duplicate a line, or add a member."""
    members = members_of(bundle)
    if source.random() < 0.3:
        return zipped({**members, f"more-{source.randrange(9)}.txt": b"text"})
    name = source.choice(list(members))
    lines = members[name].splitlines(keepends=True)
    lines.insert(source.randrange(len(lines)), source.choice(lines))
    return zipped({**members, name: b"".join(lines)})


def reorder(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Exchange two lines of a member."""
    members = members_of(bundle)
    name = source.choice(("events.jsonl", "samples.csv", "links.csv", "note.txt", "session.json"))
    lines = members[name].splitlines(keepends=True)
    if len(lines) < 2:
        raise Impossible
    first, second = source.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return zipped({**members, name: b"".join(lines)})


def swap(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Use a member of another session's bundle, or that whole bundle."""
    other = ground.bundles[source.choice(SESSIONS)]
    if source.random() < 0.2:
        return other
    members, strange = members_of(bundle), members_of(other)
    name = source.choice(list(members))
    return zipped({**members, name: strange[name]})


def truncate(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Cut off the end of the file."""
    return bundle[: source.randrange(len(bundle))]


def spoil(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Change one byte of the file itself."""
    spoiled = bytearray(bundle)
    spoiled[source.randrange(len(spoiled))] ^= source.randrange(1, 256)
    return bytes(spoiled)


def sign_anew(ground: Ground, bundle: bytes, source: random.Random) -> bytes:
    """Put another note under a new manifest, signed with the attacker's own key."""
    members = members_of(bundle)
    members["note.txt"] += f"and more {source.random()}\n".encode()
    return zipped(_with_manifest(members))


def _with_manifest(members: Members) -> Members:
    inside = {name: text for name, text in members.items() if name not in (MANIFEST, SIGNATURE)}
    said = json.loads(members[MANIFEST])
    said["key_id"] = FOREIGN_KEY.key_id
    said["files"] = {name: hashlib.sha256(text).hexdigest() for name, text in inside.items()}
    manifest = json.dumps(said).encode()
    signature = FOREIGN_KEY.sign(manifest_digest(manifest)).hex().encode()
    return {**inside, MANIFEST: manifest, SIGNATURE: signature}


BUNDLE_ALTERATIONS: dict[str, Callable[[Ground, bytes, random.Random], bytes]] = {
    function.__name__: function
    for function in (edit, delete, insert, reorder, swap, truncate, spoil, sign_anew)
}
