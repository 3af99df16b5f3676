"""Checkpoints: short, bound to everything that matters, told from a slip of the pen."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import CheckpointInvalid
from records.store.chain import Subject, compute_statement
from records.store.checkpoint import ALPHABET, Checkpoint, find_checkpoints, make_checkpoint
from records.store.checkpoint import parse_checkpoint as parse

SUBJECT = Subject(name="20260101T090000Z-3f9a1c", place="00000000000000aa", number=7)
SEAL = hashlib.sha256(b"seal").digest()
PUBLIC = hashlib.sha256(b"key").digest()
MADE = make_checkpoint(SUBJECT, SEAL, PUBLIC)

names = st.text("ABCxyz019._~-", min_size=1, max_size=20).map(lambda text: f"s{text}9")
codes = st.text(ALPHABET, min_size=24, max_size=24)


def test_the_statement_is_the_documented_one() -> None:
    text = f"traction-statement/1\n20260101T090000Z-3f9a1c\n00000000000000aa\n7\n{SEAL.hex()}\n"
    assert compute_statement(SUBJECT, SEAL) == hashlib.sha256(text.encode()).digest()


def test_the_code_is_the_beginning_of_the_documented_digest() -> None:
    digest = hashlib.sha256(compute_statement(SUBJECT, SEAL) + PUBLIC).digest()
    bits = "".join(f"{byte:08b}" for byte in digest[:15])
    code = "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, 120, 5))
    assert Checkpoint(SUBJECT.name, code) == MADE
    assert re.fullmatch(r"TC1-20260101T090000Z-3f9a1c(-[0-9A-Z]{6}){4}-[0-9A-Z]{3}", MADE.text)


def test_everything_that_it_binds_changes_it() -> None:
    others = [
        make_checkpoint(Subject(name="x", place=SUBJECT.place, number=7), SEAL, PUBLIC),
        make_checkpoint(Subject(name=SUBJECT.name, place="bb", number=7), SEAL, PUBLIC),
        make_checkpoint(Subject(name=SUBJECT.name, place=SUBJECT.place, number=8), SEAL, PUBLIC),
        make_checkpoint(SUBJECT, bytes(32), PUBLIC),
        make_checkpoint(SUBJECT, SEAL, bytes(32)),
    ]
    assert len({MADE.code, *(other.code for other in others)}) == 6


@given(names, codes)
@settings(max_examples=60)
def test_what_is_printed_is_read_back_however_it_is_typed(name: str, code: str) -> None:
    made = Checkpoint(name, code)
    assert parse(made.text) == made
    assert parse(f"  {made.text}\n") == made
    typed = made.text[len("TC1-" + name) :].lower().replace("0", "o").replace("1", "l")
    assert parse(f"tc1-{name}{typed}") == made


@given(st.integers(4, len(MADE.text) - 1), st.sampled_from(ALPHABET))
def test_a_slip_of_one_character_is_told(position: int, character: str) -> None:
    original = MADE.text[position]
    if original == "-" or original.upper() == character:
        return
    slipped = MADE.text[:position] + character + MADE.text[position + 1 :]
    with pytest.raises(CheckpointInvalid, match="compare it with the paper"):
        parse(slipped)


@pytest.mark.parametrize("text", ["", "TC1", MADE.text[:-1], MADE.text + "X", "no checkpoint"])
def test_what_is_not_whole_is_refused_in_words(text: str) -> None:
    with pytest.raises(CheckpointInvalid, match="copy it whole"):
        parse(text)


def test_a_document_is_searched_for_every_one() -> None:
    other = make_checkpoint(SUBJECT, bytes(32), PUBLIC)
    text = f'a,"{MADE.text}",b\r\nCheckpoint {other.text}\n{MADE.text}'
    assert find_checkpoints(text) == [MADE, other]
    assert find_checkpoints("nothing here") == []


def test_a_document_with_half_a_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointInvalid, match="1 of 2 checkpoints are not whole"):
        find_checkpoints(f"{MADE.text}\n{MADE.text[:-6]}")
