"""What is remembered of answers that did not come: each by itself, for a second, in order."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge.line.answers import Reply
from firmware_bridge.line.owed_answers import OwedAnswers


@dataclass(frozen=True)
class Whole:
    """An answer of one letter, so many times; another letter is refused."""

    letter: str
    size: int

    def find(self, data: bytes) -> Reply | None:
        right = self.letter.encode()
        if any(data[at : at + 1] != right for at in range(min(self.size, len(data)))):
            return Reply(refusal="another letter")
        return Reply(content=data[: self.size]) if len(data) >= self.size else None

    def expected(self) -> str:
        return f"{self.size} times {self.letter}"

    def came(self, data: bytes) -> str:
        return f"{len(data)} bytes"


A, B = Whole("a", 3), Whole("b", 2)


def owing(*answers: Whole, begun: bytes = b"") -> OwedAnswers:
    owed = OwedAnswers()
    for answer in answers:
        owed.owe(answer, begun, 10.0)
    return owed


def test_an_answer_is_owed_for_a_second() -> None:
    assert owing(A).any_at(11.0)
    assert not owing(A).any_at(11.001)
    assert not OwedAnswers().any_at(0.0)


def test_a_newer_debt_does_not_keep_an_older_one() -> None:
    owed = owing(A)
    owed.owe(B, b"", 11.5)
    assert not owed.may_be(b"aaa")
    assert owed.may_be(b"bb")
    assert owed.any_at(12.5)


def test_only_what_one_of_them_is_may_be_owed() -> None:
    owed = owing(A, B)
    assert owed.may_be(b"aaa")
    assert owed.may_be(b"bb")
    assert not owed.may_be(b"aa")
    assert not owed.may_be(b"ccc")
    assert not owed.may_be(b"")


def test_something_that_stands_behind_the_first_answer_is_seen() -> None:
    assert owing(A).is_followed(b"aaaa")
    assert not owing(A).is_followed(b"aaa")


def test_answers_are_taken_one_after_the_other_and_the_rest_is_left() -> None:
    owed = owing(A, B, A)
    assert owed.take(b"bbaaacc") == b"cc"
    assert owed.may_be(b"aaa")
    assert not owed.may_be(b"bb")
    assert owed.take(b"aaa") == b""
    assert not owed.any_at(10.0)


def test_what_nobody_owes_stays() -> None:
    owed = owing(A)
    assert owed.take(b"bb") == b"bb"
    assert owed.take(b"") == b""
    assert owed.any_at(10.0)


def test_an_answer_in_pieces_is_taken_when_its_end_has_come() -> None:
    owed = owing(A, begun=b"a")
    owed.drained(b"a")
    assert owed.any_at(10.0)
    owed.drained(b"a")
    assert not owed.any_at(10.0)


def test_an_answer_in_pieces_is_taken_behind_noise() -> None:
    owed = owing(A, begun=b"x")
    for piece in (b"a", b"a"):
        owed.drained(piece)
        assert owed.any_at(10.0)
    owed.drained(b"a")
    assert not owed.any_at(10.0)


def test_pieces_that_do_not_fit_what_has_begun_are_looked_at_by_themselves() -> None:
    owed = owing(A, B, begun=b"a")
    owed.drained(b"bb")
    assert owed.may_be(b"aaa")
    assert not owed.may_be(b"bb")


def test_what_is_drained_while_nothing_is_owed_begins_nothing() -> None:
    owed = OwedAnswers()
    owed.drained(b"aa")
    owed.owe(A, b"", 10.0)
    owed.drained(b"a")
    assert owed.any_at(10.0)
