"""What a message carries: an unknown or missing key, or no number, is refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

import pytest

from controller.plain_values import NotPlain, from_plain, to_plain


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    ONE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    count: int
    force_n: float | None
    sure: bool
    colour: Colour
    level: Level | None = None
    inner: tuple[Inner, ...] = ()
    names: tuple[str, ...] = ()


FULL = Outer(
    count=3,
    force_n=1.5,
    sure=True,
    colour=Colour.RED,
    level=Level.ONE,
    inner=(Inner(word="a"), Inner(word="b")),
    names=("x",),
)
PLAIN: dict[str, Any] = {
    "count": 3,
    "force_n": 1.5,
    "sure": True,
    "colour": "red",
    "level": 1,
    "inner": [{"word": "a"}, {"word": "b"}],
    "names": ["x"],
}


def test_a_value_is_the_same_behind_its_plain_form() -> None:
    assert to_plain(FULL) == PLAIN
    assert from_plain(Outer, PLAIN) == FULL
    nothing = PLAIN | {"force_n": None, "level": None, "inner": []}
    assert to_plain(from_plain(Outer, nothing)) == nothing


def test_a_whole_number_is_a_float_where_one_is_wanted() -> None:
    force_n = from_plain(Outer, PLAIN | {"force_n": 2}).force_n
    assert (force_n, type(force_n)) == (2.0, float)


def test_floats_are_rounded_to_thousandths() -> None:
    assert to_plain(1.23456) == 1.235


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"other": 1}, "value has the unknown key 'other'"),
        ({"count": True}, "value.count is True, not int"),
        ({"count": 1.0}, "value.count is 1.0, not int"),
        ({"count": None}, "value.count is None, not int"),
        ({"sure": 1}, "value.sure is 1, not bool"),
        ({"force_n": math.nan}, "value.force_n is nan, not float"),
        ({"force_n": math.inf}, "value.force_n is inf, not float"),
        ({"force_n": 10**400}, "value.force_n is 1000"),
        ({"force_n": True}, "value.force_n is True, not float"),
        ({"force_n": "1"}, "value.force_n is '1', not float"),
        ({"colour": "blue"}, "value.colour is 'blue', not one of Colour"),
        ({"colour": ["red"]}, "value.colour is ['red'], not one of Colour"),
        ({"level": True}, "value.level is True, not one of Level"),
        ({"level": 1.0}, "value.level is 1.0, not one of Level"),
        ({"force_n": 1e300}, "value.force_n is 1e+300, not float"),
        ({"names": "x"}, "value.names is 'x', not "),
        ({"names": [1]}, "value.names[0] is 1, not str"),
        ({"inner": {}}, "value.inner is {}, not "),
        ({"inner": [{"word": "a"}, {}]}, "value.inner[1] lacks the key 'word'"),
        ({"inner": [3]}, "value.inner[0] is 3, not an object"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(NotPlain) as refused:
        from_plain(Outer, PLAIN | change)
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize("key", PLAIN)
def test_a_key_that_is_missing_is_refused_by_name(key: str) -> None:
    rest = {name: value for name, value in PLAIN.items() if name != key}
    with pytest.raises(NotPlain, match=f"value lacks the key '{key}'"):
        from_plain(Outer, rest)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Outer(count=3, force_n=math.nan, sure=True, colour=Colour.RED),
        lambda: Outer(count=3, force_n=-math.inf, sure=True, colour=Colour.RED),
        lambda: b"bytes",
        lambda: {"a": 1},
    ],
)
def test_no_message_carries_what_is_no_number_or_no_plain_value(make: Callable[[], Any]) -> None:
    with pytest.raises(NotPlain):
        to_plain(make())


def test_what_is_refused_is_shown_in_a_few_characters_however_deep_or_long_it_is() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for wrong in (deep, "x" * 1_000_000, {"a": deep}, [deep] * 1000):
        for key in ("count", "colour", "inner"):
            with pytest.raises(NotPlain) as refused:
                from_plain(Outer, PLAIN | {key: wrong})
            assert len(str(refused.value)) < 400
