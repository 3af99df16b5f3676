"""Checkpoints: short texts that leave the machine and show later that a record was replaced.

``TC1-<name>-XXXXXX-XXXXXX-XXXXXX-XXXXXX-CCC``. The name is the session's id. The 24 characters are
the first 120 bits of SHA-256(statement | public key), so a checkpoint binds session, unit, number,
seal and key. The last three are a checksum of everything before, so that a typing error is
distinguished from an alteration. The alphabet leaves out I, L, O and U; a checkpoint may be typed
in lower case, with O for 0 and I or L for 1.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from controller.errors import CheckpointInvalid
from records.store.chain import Subject, compute_statement

PREFIX = "TC1"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32."""
_GROUPS, _GROUP_SIZE, _CHECK_SIZE = 4, 6, 3
_BITS = 5 * _GROUPS * _GROUP_SIZE
_LOOK_ALIKES = str.maketrans("OIL", "011")
_TEXT = re.compile(
    r"TC1-(?P<name>[A-Za-z0-9._~-]+?)-"
    r"(?P<code>[0-9A-Za-z]{6}(?:-[0-9A-Za-z]{6}){3})-(?P<check>[0-9A-Za-z]{3})(?![0-9A-Za-z-])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A name and the 24 characters that belong to it."""

    name: str
    code: str

    @property
    def text(self) -> str:
        """Returns the printed form."""
        groups = (self.code[at : at + _GROUP_SIZE] for at in range(0, len(self.code), _GROUP_SIZE))
        return "-".join((PREFIX, self.name, *groups, _check(self.name, self.code)))


def make_checkpoint(subject: Subject, seal: bytes, public_key: bytes) -> Checkpoint:
    """Returns the checkpoint of a seal that was signed with the private half of ``public_key``."""
    statement = compute_statement(subject, seal)
    digest = hashlib.sha256(statement + public_key).digest()
    number = int.from_bytes(digest, "big") >> (8 * len(digest) - _BITS)
    return Checkpoint(subject.name, _characters(number, _GROUPS * _GROUP_SIZE))


def parse_checkpoint(text: str) -> Checkpoint:
    """Returns a typed or scanned checkpoint; raises CheckpointInvalid naming the typing error."""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise CheckpointInvalid(
            f"checkpoint {text.strip()!r} has not the form TC1-<session>-<4 x 6 characters>-<3>; "
            "copy it whole from the note"
        )
    return _checked(found)


def find_checkpoints(text: str) -> list[Checkpoint]:
    """Returns every checkpoint in a note, an export or a list; raises CheckpointInvalid.

    Text that begins like a checkpoint but does not continue like one is a typing error too.
    """
    found = list(_found(text))
    begun = text.upper().count(f"{PREFIX}-")
    if begun != len(found):
        raise CheckpointInvalid(
            f"{begun - len(found)} of {begun} checkpoints are not whole; copy the list again"
        )
    return list(dict.fromkeys(found))


def _found(text: str) -> Iterator[Checkpoint]:
    for found in _TEXT.finditer(text):
        yield _checked(found)


def _checked(found: re.Match[str]) -> Checkpoint:
    name = found["name"]
    code = found["code"].replace("-", "").upper().translate(_LOOK_ALIKES)
    if found["check"].upper().translate(_LOOK_ALIKES) != _check(name, code):
        raise CheckpointInvalid(
            f"checkpoint {found[0]!r} has a slip: its last three characters do not fit the rest; "
            "compare it with the paper"
        )
    return Checkpoint(name, code)


def _check(name: str, code: str) -> str:
    """Returns 15 bits of the CRC-32 of name and code, ignoring case."""
    text = f"{name.upper()}-{code}".encode(
        "utf-8", "surrogatepass"
    )  # a damaged name has a checksum too
    return _characters(zlib.crc32(text) & 0x7FFF, _CHECK_SIZE)


def _characters(number: int, count: int) -> str:
    return "".join(ALPHABET[number >> 5 * at & 31] for at in reversed(range(count)))
