"""The mutants of a small source are the ones that a reader expects."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.mutation.mutants import Mutant, code_of, mutants
from tools.mutation.names import Names

ENUMERATION = """
from enum import IntEnum

class Action(IntEnum):
    ALLOW = 0
    HOLD = 1
    RELEASE = 2
"""


def mutants_of(source: str, folder: Path) -> list[Mutant]:
    (folder / "sample.py").write_text(source)
    return mutants("sample.py", folder, names_of(source))


def names_of(source: str) -> Names:
    names = Names()
    names.learn(ast.parse(ENUMERATION))
    names.learn(ast.parse(source))
    return names


def changes(source: str, folder: Path) -> list[str]:
    """Each change without the statement around it."""
    return [mutant.change.partition(" in: ")[0] for mutant in mutants_of(source, folder)]


CASES = {
    "a comparison, its boundary and its number": (
        "def f(x):\n    return x < 5",
        {
            "x < 5 -> x <= 5",
            "x < 5 -> x >= 5",
            "5 -> 6",
            "return x < 5 -> return None",
        },
    ),
    "each link of a chain": (
        "y = 0 <= x == z",
        {
            "0 <= x == z -> 0 < x == z",
            "0 <= x == z -> 0 > x == z",
            "0 <= x == z -> 0 <= x != z",
            "0 -> 1",
        },
    ),
    "an operand of and": (
        "y = a and b",
        {"a and b -> a or b", "a and b -> b", "a and b -> a"},
    ),
    "a tolerance": ("y = x - 1e-6", {"x - 1e-06 -> x + 1e-06", "1e-06 -> 0.0"}),
    "a comparison that has a tolerance, whose boundary nothing meets": (
        "y = x > z + 1e-6",
        {"x > z + 1e-06 -> x <= z + 1e-06", "z + 1e-06 -> z - 1e-06", "1e-06 -> 0.0"},
    ),
    "a number": ("y = 2.0", {"2.0 -> 2.2"}),
    "nothing for a number": ("y = 0.0", {"0.0 -> 1.0"}),
    "a condition": (
        "if x:\n    y = z",
        {"if x -> if True", "if x -> if False"},
    ),
    "a loop": ("for x in y:\n    z = x", {"for x in y -> for x in ()"}),
    "a condition of a comprehension": ("y = [x for x in z if x]", {"if x -> (dropped)"}),
    "a call that stands alone": ("def f():\n    g()", {"g() -> (removed)"}),
    "the way out of a loop": (
        "for x in y:\n    if x:\n        break\n    z = x",
        {"for x in y -> for x in ()", "if x -> if True", "if x -> if False", "break -> (removed)"},
    ),
    "a field that is set": (
        "def f(self, x):\n    self.y = x\n    return x",
        {"self.y = x -> (removed)", "return x -> return None"},
    ),
    "an early return": (
        "def f(x):\n    if x:\n        return 'a'\n    return 'b'",
        {
            "if x -> if True",
            "if x -> if False",
            "return 'a' -> (removed)",
            "return 'a' -> return None",
            "return 'b' -> return None",
        },
    ),
    "a refusal": (
        "def f(x):\n    raise ValueError(x)",
        {"raise ValueError(x) -> (removed)"},
    ),
    "a handler": (
        "try:\n    f = 'x'\nexcept (KeyError, OSError):\n    g()\n    h()",
        {
            "except (KeyError, OSError): -> except ():",
            "except KeyError -> (dropped)",
            "except OSError -> (dropped)",
            "except (KeyError, OSError): ... -> except (KeyError, OSError): pass",
            "g() -> (removed)",
            "h() -> (removed)",
        },
    ),
    "what is suppressed": (
        "with suppress(KeyError):\n    x = y",
        {"suppress(KeyError) -> (dropped)"},
    ),
    "a keyword with a default": (
        "def f(*, rate, force=x):\n    g()\nf(rate=y, force=z)",
        {"g() -> (removed)", "f(force=z) -> (dropped)", "f(rate=y, force=z) -> (removed)"},
    ),
    "a switch among the keywords": (
        "def f(*, fast):\n    g()\ny = f(fast=True)",
        {"g() -> (removed)", "True -> False"},
    ),
    "an action for its neighbours": (
        "y = Action.HOLD",
        {"Action.HOLD -> Action.ALLOW", "Action.HOLD -> Action.RELEASE"},
    ),
    "the smaller for the larger": ("y = min(a, b)", {"min(a, b) -> max(a, b)"}),
    "the guard of a case": (
        "match x:\n    case 'a' if y:\n        z = y",
        {"case ... if y -> case ... if True", "case ... if y -> case ... if False"},
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_what_is_changed(source: str, expected: set[str], tmp_path: Path) -> None:
    found = changes(source, tmp_path)
    assert set(found) == expected
    assert len(found) == len(expected)


LEFT_ALONE = {
    "types": "def f(x: int | None = None) -> tuple[int, ...] | None:\n    '''Text.'''",
    "an alias of types": "Effect = Emit | Ask | None",
    "texts for people": "def f(x):\n    '''Text.'''\n    y = f'{x * 1000:.1f} s'",
    "assertions": "def f(x):\n    assert x > 0, 'positive'",
    "options of a class": "@dataclass(frozen=True, slots=True)\nclass C:\n    x: int",
    "what a type checker has shown to be out of reach": (
        "match x:\n    case _:\n        assert_never(x)"
    ),
    "the return after which a function ends anyway": "def f(x):\n    return",
    "fields that an object begins with": "def __init__(self, x):\n    self.x = x",
}


@pytest.mark.parametrize("source", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_does_not_act_is_left_alone(source: str, tmp_path: Path) -> None:
    assert changes(source, tmp_path) == []


SOURCE = """
LIMIT = 3


class Cord:
    def pull(self, force):
        if force > LIMIT:
            return "too much"
        return "pulled"
"""


def test_a_mutant_is_named_by_what_it_is_and_not_by_where_it_stands(tmp_path: Path) -> None:
    before = {mutant.identity for mutant in mutants_of(SOURCE, tmp_path)}
    after = {mutant.identity for mutant in mutants_of(f"\n\nimport re\n{SOURCE}", tmp_path)}
    assert before == after
    assert "sample.py::Cord.pull::if force > LIMIT -> if True" in before
    assert "sample.py::(module)::3 -> 4 in: LIMIT = 3" in before


def test_two_equal_changes_of_one_function_have_two_names(tmp_path: Path) -> None:
    found = mutants_of("def f():\n    g(1)\n    g(1)", tmp_path)
    assert len({mutant.identity for mutant in found}) == len(found) == 4


def test_the_lines_of_a_mutant_are_those_of_its_statement_alone(tmp_path: Path) -> None:
    found = {m.change: (m.first_line, m.last_line) for m in mutants_of(SOURCE, tmp_path)}
    assert found["if force > LIMIT -> if False"] == (7, 7)
    assert found["return 'too much' -> (removed)"] == (8, 8)


def test_what_runs_when_the_module_is_loaded_knows_the_names_it_makes(tmp_path: Path) -> None:
    found = {m.change: m for m in mutants_of(SOURCE, tmp_path)}
    constant = found["3 -> 4 in: LIMIT = 3"]
    assert (constant.at_import, set(constant.names)) == (True, {"LIMIT"})
    assert not found["return 'pulled' -> return None"].at_import


def test_each_mutant_does_what_it_says(tmp_path: Path) -> None:
    found = {mutant.change: mutant for mutant in mutants_of(SOURCE, tmp_path)}

    def pulled(change: str, force: int) -> object:
        module: dict[str, type] = {}
        exec(code_of(found[change], tmp_path, names_of(SOURCE)), module)
        return module["Cord"]().pull(force)

    assert pulled("if force > LIMIT -> if False", 99) == "pulled"
    assert pulled("3 -> 4 in: LIMIT = 3", 4) == "pulled"
    assert pulled("3 -> 4 in: LIMIT = 3", 5) == "too much"
    assert pulled("return 'too much' -> (removed)", 99) == "pulled"
    assert pulled("force > LIMIT -> force >= LIMIT in: if force > LIMIT:", 3) == "too much"


def test_an_operand_that_is_left_out_leaves_the_other_one(tmp_path: Path) -> None:
    source = "def both(a, b):\n    return a and b\n"
    found = {mutant.change.partition(" in: ")[0]: mutant for mutant in mutants_of(source, tmp_path)}

    def both(change: str) -> object:
        module: dict[str, Callable[[str, str], str]] = {}
        exec(code_of(found[change], tmp_path, names_of(source)), module)
        return module["both"]("first", "second"), module["both"]("", "second")

    assert both("a and b -> a") == ("first", "")
    assert both("a and b -> b") == ("second", "second")


@pytest.mark.parametrize("name", CASES)
def test_every_mutant_can_be_compiled(name: str, tmp_path: Path) -> None:
    """One that cannot would fail every test and so count as noticed."""
    source = CASES[name][0]
    for mutant in mutants_of(source, tmp_path):
        assert code_of(mutant, tmp_path, names_of(source)), mutant.change
