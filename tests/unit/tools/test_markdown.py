"""Long lines of Markdown are found and wrapped; tables and examples stay."""

from __future__ import annotations

import pytest

from tools.markdown import WIDTH, long_lines, wrapped

LONG = " ".join(["word"] * 50)


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG}\n",
        f"# Title\n\n{LONG}\n\nshort\n",
        f"- one\n- {LONG}\n- three\n",
        f"1. {LONG}\n   and more\n",
        f"before\n{LONG}\nbehind\n",
    ],
)
def test_a_long_line_is_found_and_wrapped(text: str) -> None:
    assert long_lines(text)
    again = wrapped(text)
    assert not long_lines(again)
    assert again.split() == text.split()
    assert wrapped(again) == again


@pytest.mark.parametrize(
    "text",
    [
        f"| {LONG} |\n",
        f"```text\n{LONG}\n\n{LONG}\n```\n",
        f"text\n\n| a |\n| {LONG} |\n",
        f"text\n\n    {LONG}\n    x\n",
    ],
)
def test_tables_and_examples_stay(text: str) -> None:
    assert not long_lines(text)
    assert wrapped(text) == text


def test_an_item_goes_on_below_its_text() -> None:
    first, second, *_ = wrapped(f"- {LONG}\n").splitlines()
    assert first.startswith("- word")
    assert second.startswith("  word")


def test_the_lines_are_numbered_from_1() -> None:
    assert long_lines(f"short\n\n{LONG}\n```\n{LONG}\n```\n- {LONG}\n") == [3, 7]


def test_a_line_of_the_whole_width_is_taken() -> None:
    line = "w" * WIDTH
    assert long_lines(line) == []
    assert long_lines(line + "w") == [1]
