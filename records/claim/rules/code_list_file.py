"""The file of a list of diagnosis codes: lines of text about it, then its rows, compressed.

The head is UTF-8: the format, then ``key: value`` for name, valid_from, valid_to, source, excludes1
(yes or no), count (of the rows), blocks and sha256 (of the lines above it and of everything after
the head). After an empty line come the rows, sorted by code, in blocks: a zlib stream each, one
after the other, so that two codes are looked up without unpacking all. ``blocks`` names the first
code of each and its size in bytes. A row has five columns with tabs in between:

    code      without dot; a block as M50-M54, a chapter as its number
    billable  1, or 0 for what is only above billable codes
    above     its parent, where that is not the longest row that begins it
    named     the codes that its own Excludes1 notes name, without dots, blanks in between
    words     its description; of blocks and the spine's parts only, since no rule reads others

An altered file is refused by name: a code that is missing in it is never taken for one that does
not exist.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources.abc import Traversable
from itertools import accumulate

from controller.errors import RulesInvalid
from records.claim.rules.code_list import CodeState
from records.claim.rules.spine_regions import is_of_the_spine, regions_of_places

FORM = "traction code list 2"
SUFFIX = ".codes"
LARGEST_BYTES = 64 << 20
"""Largest source file of a list; the rows of 2026 have 1.5 MB."""
ROWS_OF_A_BLOCK = 256
LARGEST_BLOCK_BYTES = 1 << 20
"""Largest block of rows; those of 2026 have up to 7 kB."""
DEEPEST = 12
"""Levels of rows; a code has 3 to 7 characters, with a block and a chapter above it."""
CODE = re.compile(r"[0-9A-Z]{1,7}|[0-9A-Z]{3}-[0-9A-Z]{3}")
_DIGEST = "sha256: "


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHead:
    """The description of a list; ``has_exclusions`` is False where its source has no notes."""

    name: str
    valid_from: date
    valid_to: date
    source: str
    has_exclusions: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """A row of the list; its columns are those of the file."""

    code: str
    billable: bool
    above: str = ""
    named: tuple[str, ...] = ()
    words: str = ""


class StoredCodeList:
    """A list in its file, which is checked when the first code is looked up."""

    def __init__(self, file: Traversable, remedy: str) -> None:
        """``remedy`` is the next step in messages. Raises RulesInvalid for an invalid head."""
        self._where, self._remedy = str(file), remedy
        try:
            head, _, self._packed = file.read_bytes().partition(b"\n\n")
        except OSError as error:
            raise self._refused(f"cannot be read ({error.strerror})") from error
        self._told, _, digest = head.rpartition(f"\n{_DIGEST}".encode())
        self._digest = digest.decode("ascii", "replace")
        said = self._said()
        try:
            self.head = ListHead(
                name=said["name"],
                valid_from=date.fromisoformat(said["valid_from"]),
                valid_to=date.fromisoformat(said["valid_to"]),
                source=said["source"],
                has_exclusions=said["excludes1"] == "yes",
            )
            self.count = int(said["count"])
            blocks = [block.split(" ") for block in said["blocks"].split(", ")]
            self._begins = [begins for begins, _ in blocks]
            self._sizes = [int(size) for _, size in blocks]
        except (KeyError, ValueError) as error:
            raise self._refused(f"its head is not as it was written ({error})") from error
        self._unpacked: dict[int, Mapping[str, bytes]] = {}
        self.name, self.has_exclusions = self.head.name, self.head.has_exclusions
        self.valid_from, self.valid_to = self.head.valid_from, self.head.valid_to

    def state(self, code: str) -> CodeState:
        """Returns whether a code may be billed, is above such codes, or is not in the list."""
        row = self._row(code)
        if row is None:
            return "unknown"
        return "billable" if row.billable else "category"

    def exclude_each_other(self, first: str, second: str) -> bool:
        """Returns whether a note of one of two codes, or of a parent, names the other."""
        return self._names(first, second) or self._names(second, first)

    def regions(self, code: str) -> frozenset[str]:
        """Returns the regions of the spine in a code's own words (spine_regions.py)."""
        return regions_of_places([(place.code, place.words) for place in self._places(code)])

    @property
    def billable_n(self) -> int:
        """Returns how many of its codes may be billed; raises RulesInvalid for an altered file."""
        return sum(line.partition(b"\t")[2].startswith(b"1") for line in self._all_lines())

    def rows(self) -> Iterator[CodeRow]:
        """Yields all rows, sorted by code; raises RulesInvalid for an altered file."""
        return map(_parsed, self._all_lines())

    def _names(self, first: str, second: str) -> bool:
        return any(second.startswith(named) for row in self._places(first) for named in row.named)

    def _places(self, code: str) -> list[CodeRow]:
        """Yields the row of a code and, from the bottom, its parents."""
        places: list[CodeRow] = []
        row = self._row(code)
        while row is not None and len(places) < DEEPEST:
            places.append(row)
            row = self._row(row.above) if row.above else self._longest_beginning(row.code)
        return places

    def _longest_beginning(self, code: str) -> CodeRow | None:
        beginnings = (code[:length] for length in range(len(code) - 1, 2, -1))
        return next((row for each in beginnings if (row := self._row(each))), None)

    def _row(self, code: str) -> CodeRow | None:
        if not CODE.fullmatch(code):
            return None
        number = max(0, bisect_right(self._begins, code) - 1)
        line = self._lines(number).get(code)
        return None if line is None else _parsed(line)

    def _all_lines(self) -> Iterator[bytes]:
        for number in range(len(self._blocks)):
            yield from self._lines(number).values()

    def _lines(self, number: int) -> Mapping[str, bytes]:
        """Returns the lines of a block by code; raises RulesInvalid for an altered file."""
        if number not in self._unpacked:
            lines = self._rows_of(self._blocks[number]).splitlines()
            self._unpacked[number] = {line.partition(b"\t")[0].decode(): line for line in lines}
        return self._unpacked[number]

    def _rows_of(self, block: bytes) -> bytes:
        unpacking = zlib.decompressobj()
        try:
            rows = unpacking.decompress(block, LARGEST_BLOCK_BYTES)
        except zlib.error as error:
            raise self._refused("its rows are damaged") from error
        if not unpacking.eof or unpacking.unused_data:
            raise self._refused("its rows end too early or too late")
        return rows

    @cached_property
    def _blocks(self) -> list[bytes]:
        """Returns the compressed blocks; raises RulesInvalid for an altered file."""
        if _digest_of(self._told, self._packed) != self._digest:
            raise self._refused("its SHA-256 is not that of its lines and rows")
        ends = list(accumulate(self._sizes))
        if ends[-1] != len(self._packed):
            raise self._refused("its rows end too early or too late")
        return [self._packed[end - size : end] for end, size in zip(ends, self._sizes, strict=True)]

    def _said(self) -> dict[str, str]:
        try:
            form, *lines = self._told.decode().split("\n")
        except UnicodeDecodeError as error:
            raise self._refused("its head is no text") from error
        if form != FORM:
            raise self._refused(f"it does not begin with {FORM!r}")
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def _refused(self, fault: str) -> RulesInvalid:
        return RulesInvalid(f"code list {self._where}: {fault}; {self._remedy}")


def packed_list(head: ListHead, rows: Iterable[CodeRow]) -> bytes:
    """Returns the bytes of the file; the same for the same list, in any order of its rows."""
    whole = sorted(rows, key=lambda row: row.code)
    parts = [whole[at : at + ROWS_OF_A_BLOCK] for at in range(0, len(whole), ROWS_OF_A_BLOCK)]
    blocks = [zlib.compress("".join(map(_line, part)).encode(), 9) for part in parts]
    index = (f"{part[0].code} {len(block)}" for part, block in zip(parts, blocks, strict=True))
    told = "\n".join(
        (
            FORM,
            f"name: {head.name}",
            f"valid_from: {head.valid_from}",
            f"valid_to: {head.valid_to}",
            f"source: {head.source}",
            f"excludes1: {'yes' if head.has_exclusions else 'no'}",
            f"count: {len(whole)}",
            f"blocks: {', '.join(index)}",
        )
    ).encode()
    packed = b"".join(blocks)
    return told + b"\n" + _DIGEST.encode() + _digest_of(told, packed).encode() + b"\n\n" + packed


def _line(row: CodeRow) -> str:
    """Returns a row as text, with words for codes of the spine and for blocks only."""
    words = row.words if "-" in row.code or is_of_the_spine(row.code) else ""
    return f"{row.code}\t{int(row.billable)}\t{row.above}\t{' '.join(row.named)}\t{words}\n"


def _parsed(line: bytes) -> CodeRow:
    code, billable, above, named, words = line.decode().split("\t")
    return CodeRow(
        code=code,
        billable=billable == "1",
        above=above,
        named=tuple(named.split()),
        words=words,
    )


def _digest_of(told: bytes, packed: bytes) -> str:
    return hashlib.sha256(told + b"\n\n" + packed).hexdigest()
