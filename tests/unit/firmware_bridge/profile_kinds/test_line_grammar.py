"""A grammar takes whole lines only, and no grammar or line can make it slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.profile_kinds.line_grammar import compile_grammar, match_line

MARK_10 = r"(?P<net>-?[0-9]{1,5}(?:\.[0-9]{1,4})?)(?: (?P<unit>[A-Za-z]{1,4}))?"


@pytest.mark.parametrize(
    ("line", "groups"),
    [
        ("-18.78 lbF", {"net": "-18.78", "unit": "lbF"}),
        ("4.285 N", {"net": "4.285", "unit": "N"}),
        ("12", {"net": "12"}),
        ("", None),
        ("-18.78 lbF ", None),
        (" -18.78 lbF", None),
        ("-18.78 lbF\n", None),
        ("123456 N", None),
        ("1.2.3 N", None),
        ("٣٤ N", None),
    ],
)
def test_a_line_matches_as_a_whole_or_not_at_all(line: str, groups: dict[str, str] | None) -> None:
    assert match_line(compile_grammar(MARK_10), line) == groups


@pytest.mark.parametrize(
    ("grammar", "words"),
    [
        ("", "1 to 200 characters"),
        ("a" * 201, "1 to 200 characters"),
        (".*", "'.', is not allowed"),
        ("a*", "'*', is not allowed"),
        ("a+", "'+', is not allowed"),
        (r"\d", "is not allowed"),
        (r"(?P<net>a)(?P=net)", "begins neither"),
        ("(?=a)", "begins neither"),
        ("(a)", "begins neither"),
        ("(?:a", "not closed"),
        ("a)", "closes a group that is not open"),
        ("(?:ab){2}", "follows a group"),
        ("a{1,99}", "at most 32"),
        ("a{5,2}", "at most 32"),
        ("a{0}", "at most 32"),
        ("[^0-9]", "class at character 1"),
        ("[a&&b]", "class at character 1"),
        ("[z-a]", "does not compile"),
        ("[0-9", "class at character 1"),
        ("(?P<net>a)(?P<net>b)", "does not compile"),
        ("a^", "'^', is not allowed"),
        ("tab\t", "is not allowed"),
        ("é", "is not allowed"),
    ],
)
def test_a_grammar_that_is_not_of_the_closed_kind_is_refused_by_its_place(
    grammar: str, words: str
) -> None:
    with pytest.raises(ValueError, match="grammar") as refused:
        compile_grammar(grammar)
    assert words in str(refused.value)


def test_alternatives_that_would_take_a_backtracking_matcher_two_to_the_28th_steps() -> None:
    grammar = compile_grammar("(?:a|a)" * 28)
    assert match_line(grammar, "a" * 28) == {}
    assert match_line(grammar, "a" * 27 + "b") is None


def test_repeats_that_overlap_end_as_fast() -> None:
    grammar = compile_grammar("[a-z]{0,32}" * 18)
    assert match_line(grammar, "a" * 96) == {}
    assert match_line(grammar, "a" * 95 + "!") is None
    followed = compile_grammar("[a-z]{0,32}" * 17 + "!")
    assert match_line(followed, "a" * 96) is None
    assert match_line(followed, "a" * 95 + "!") == {}


def test_what_a_part_has_taken_it_keeps() -> None:
    """The price of never going back: the longer alternative stands first."""
    assert match_line(compile_grammar("(?:k|kN)"), "kN") is None
    assert match_line(compile_grammar("(?:kN|k)"), "kN") == {}


@given(st.text(max_size=60))
def test_whatever_a_grammar_is_it_compiles_or_is_refused_in_words(text: str) -> None:
    try:
        compile_grammar(text)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = "no grammar was refused"
    assert "grammar" in refusal
