"""A list of codes in its file: the shipped one holds what its source does; damage is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from controller.errors import RulesInvalid
from records.claim.rules.code_list_file import (
    ROWS_OF_A_BLOCK,
    CodeRow,
    ListHead,
    StoredCodeList,
    packed_list,
)
from records.claim.rules.code_lists import shipped_code_list
from tools.code_list import HEAD, library_rows

SMALL = ListHead(
    name="small list",
    valid_from=date(2026, 10, 1),
    valid_to=date(2027, 9, 30),
    source="a test",
    has_exclusions=True,
)
ROWS = (
    CodeRow(code="M54", billable=False, words="Dorsalgia"),
    CodeRow(code="M542", billable=True, words="Cervicalgia", named=("M50",)),
    CodeRow(code="M545", billable=False, words="Low back pain"),
    CodeRow(code="M5450", billable=True, words="Low back pain, unspecified"),
    CodeRow(code="N870", billable=True, words="Mild cervical dysplasia"),
)


def stored(place: Path, content: bytes) -> StoredCodeList:
    file = place / "small.codes"
    file.write_bytes(content)
    return StoredCodeList(file, "import it again")


def test_the_shipped_file_is_what_its_source_makes(tmp_path: Path) -> None:
    """Every code, what it stands under, its notes and its words, however they are packed."""
    made = stored(tmp_path, packed_list(HEAD, library_rows()))
    assert shipped_code_list().head == made.head
    assert list(shipped_code_list().rows()) == list(made.rows())


def test_each_code_is_found_in_its_block(tmp_path: Path) -> None:
    """The first and the last of each, and what would stand before, between and behind them."""
    codes = [f"M{number:03}" for number in range(10, 10 + 2 * ROWS_OF_A_BLOCK + 1)]
    rows = [CodeRow(code=code, billable=True) for code in codes]
    made = stored(tmp_path, packed_list(SMALL, rows))
    assert {made.state(code) for code in codes} == {"billable"}
    assert [row.code for row in made.rows()] == codes
    for absent in ("A00", "M009", "M0100", f"{codes[ROWS_OF_A_BLOCK - 1]}0", "M999", "Z99"):
        assert made.state(absent) == "unknown"


def test_rows_come_back_as_they_were_packed(tmp_path: Path) -> None:
    made = stored(tmp_path, packed_list(SMALL, reversed(ROWS)))
    assert made.head == SMALL
    assert made.count == len(ROWS)
    *spine, womb = ROWS
    assert list(made.rows()) == [*spine, CodeRow(code="N870", billable=True)]  # without its words
    assert womb.words
    assert [made.state(code) for code in ("M54", "M545", "M5450", "M549")] == [
        "category",
        "category",
        "billable",
        "unknown",
    ]
    assert made.regions("M5450") == {"lumbar"}
    assert made.regions("M54") == made.regions("N870") == made.regions("M549") == frozenset()
    assert made.exclude_each_other("M50120", "M542")


def changed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return change


HEADS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "another form": changed(b"code list 2", b"code list 1"),
    "no text": changed(b"small", b"\xff\xff"),
    "a date that is none": changed(b"2027-09-30", b"2027-09-31"),
    "a missing line": changed(b"count: 5\n", b""),
    "the beginning of the head": lambda content: content[:40],
}
ROW_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "another end": changed(b"2027-09-30", b"2037-09-30"),
    "another name": changed(b"small", b"SMALL"),
    "excludes": changed(b"excludes1: yes", b"excludes1: no"),
    "another count": changed(b"count: 5", b"count: 4"),
    "no rows": lambda content: content[: content.index(b"\n\n") + 2],
    "half of the rows": lambda content: content[: (content.index(b"\n\n") + len(content)) // 2],
    "one byte less": lambda content: content[:-1],
    "one byte more": lambda content: content + b"x",
    "a flipped bit": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "another list's rows": lambda content: (
        content[: content.index(b"\n\n")]
        + (other := packed_list(SMALL, ROWS[:3]))[other.index(b"\n\n") :]
    ),
}


@pytest.mark.parametrize("damage", HEADS)
def test_a_damaged_head_is_refused_by_the_file_s_name(tmp_path: Path, damage: str) -> None:
    with pytest.raises(RulesInvalid, match=r"small\.codes: .*; import it again"):
        stored(tmp_path, HEADS[damage](packed_list(SMALL, ROWS)))


@pytest.mark.parametrize("damage", ROW_BYTES)
def test_no_code_is_looked_up_in_an_altered_file(tmp_path: Path, damage: str) -> None:
    made = stored(tmp_path, ROW_BYTES[damage](packed_list(SMALL, ROWS)))
    for ask in (made.state, made.regions, lambda code: made.exclude_each_other(code, "M50")):
        for code in ("M542", "A00"):  # one that is in it, and one before all of its rows
            with pytest.raises(RulesInvalid, match=r"small\.codes: .*; import it again"):
                ask(code)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match=re.escape(str(tmp_path))):
        StoredCodeList(tmp_path, "import it again")


def test_rows_that_stand_above_each_other_end(tmp_path: Path) -> None:
    """A file that somebody made so with its right digest."""
    loop = (
        CodeRow(code="M542", billable=True, above="M545", words="Cervicalgia"),
        CodeRow(code="M545", billable=True, above="M542", words="Low back pain"),
    )
    assert stored(tmp_path, packed_list(SMALL, loop)).regions("M542") == {"cervical"}


def test_the_shipped_list_says_what_it_is() -> None:
    assert shipped_code_list().head == HEAD
    assert shipped_code_list().count == 98_466
