"""JSON of a record has one meaning, whatever stands around it."""

from __future__ import annotations

import pytest

from records.strict_json import parse_json, parse_object

OBJECT = {"a": [1, {"b": "}"}]}


@pytest.mark.parametrize(
    "text", ['{"a":[1,{"b":"}"}]}', ' {"a":[1,{"b":"}"}]}', '{"a":[1,{"b":"}"}]}\n']
)
def test_blanks_around_an_object_mean_nothing(text: str) -> None:
    assert parse_object(text) == OBJECT


@pytest.mark.parametrize("text", ["{}{}", "{} x", "{},", '{"a":1}"', "{}\u00a0"])
def test_what_stands_behind_an_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Extra data"):
        parse_json(text)


@pytest.mark.parametrize("text", ["", " ", "{", '{"a":', '{"a":1]'])
def test_an_object_that_does_not_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expecting"):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a":1,"a":1}', "stands in it twice"),
        ('{"a":1.0}', "no whole number"),
        ('{"a":NaN}', "no whole number"),
        ('{"a":"\\ud800"}', "half a character"),
    ],
)
def test_what_readers_could_take_in_two_ways_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_object(text)
