"""Which tests a mutant meets: the first ones, up to a bound."""

from __future__ import annotations

import pytest

from tools.mutation.measured import MOST_TESTS_S, affordable, is_nearest

THIRD_S = MOST_TESTS_S / 3


@pytest.mark.parametrize(
    ("groups", "kept"),
    [
        ([["a::1", "a::2"], ["b::1"]], [["a::1", "a::2"], ["b::1"]]),
        ([["a::1", "a::2"], ["b::1", "b::2"]], [["a::1", "a::2"], ["b::1"]]),
        ([["a::1", "a::2", "b::1"], ["b::2"]], [["a::1", "a::2", "b::1"]]),
        ([["a::1"], ["c::whole"]], [["a::1"]]),
        ([["c::whole", "a::1"]], [["c::whole"]]),
        ([], []),
    ],
)
def test_tests_beyond_the_bound_are_left_out(
    groups: list[list[str]], kept: list[list[str]]
) -> None:
    seconds = {name: THIRD_S for group in groups for name in group}
    seconds["c::whole"] = 2 * MOST_TESTS_S
    assert affordable(groups, seconds) == kept


@pytest.mark.parametrize(
    ("file", "nearest"),
    [
        ("tests/unit/test_loop.py", True),
        ("tests/unit/test_loop_release.py", True),
        ("tests/unit/test_runtime_loop.py", True),
        ("tests/unit/test_loopback.py", False),
        ("tests/unit/test_session.py", False),
    ],
)
def test_files_that_begin_with_a_module_s_name_are_meant_for_it(file: str, nearest: bool) -> None:
    assert is_nearest(file, ("test_loop", "test_runtime_loop")) is nearest
