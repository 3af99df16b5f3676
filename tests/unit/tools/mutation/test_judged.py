"""What fails a gate: survivors that nobody judged, a list that is out of date, a small share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutation.areas import Area
from tools.mutation.forks import Fate
from tools.mutation.judged import Judged, ListInvalid, complaints, judged_survivors, tally, unjudged
from tools.mutation.mutants import Mutant

AREA = Area(name="area", patterns=(), tests=(), killed_share=0.9, branch_share=0.95)
FILE = "controller/cord.py"


def mutant(number: int) -> Mutant:
    return Mutant(
        path=FILE,
        number=number,
        line=number,
        function="pull",
        change=f"{number} -> 0",
        first_line=number,
        last_line=number,
        at_import=False,
        names=frozenset(),
    )


def judged(number: int, *, equivalent: bool = False) -> dict[str, Judged]:
    one = Judged(
        file=FILE,
        function="pull",
        change=f"{number} -> 0",
        reason="it cannot be told",
        equivalent=equivalent,
    )
    return {one.identity: one}


def said(fates: list[Fate], known: dict[str, Judged] | None = None) -> list[str]:
    """What is said of mutants 0, 1, 2 ... with these fates."""
    mutants = [mutant(number) for number in range(len(fates))]
    by_name = {one.identity: fate for one, fate in zip(mutants, fates, strict=True)}
    return complaints({AREA.name: mutants}, by_name, known or {}, [AREA])


def test_mutants_that_are_noticed_are_no_matter() -> None:
    assert said([Fate.KILLED, Fate.TIMED_OUT]) == []


@pytest.mark.parametrize("fate", [Fate.SURVIVED, Fate.UNREACHED])
def test_a_survivor_that_nobody_judged_is_named_with_its_place(fate: Fate) -> None:
    (line,) = said([Fate.KILLED, fate])
    assert line == f"new survivor: {FILE}:1  pull  1 -> 0  {fate}"


def test_a_judged_survivor_may_stay() -> None:
    assert said([Fate.KILLED, Fate.SURVIVED], judged(1)) == []


def test_a_judged_survivor_that_no_longer_exists_is_told() -> None:
    (line,) = said([Fate.KILLED], judged(7))
    assert "no longer exists" in line
    assert "7 -> 0" in line


def test_a_judged_survivor_that_is_killed_by_now_is_told() -> None:
    (line,) = said([Fate.KILLED], judged(0))
    assert "killed by now" in line


def test_a_judged_survivor_that_only_ran_out_of_time_is_left_on_the_list() -> None:
    assert said([Fate.TIMED_OUT], judged(0)) == []


def test_a_judged_survivor_of_a_file_outside_the_areas_at_hand_is_not_missed() -> None:
    elsewhere = Judged(file="controller/other.py", function="f", change="x", reason="y")
    assert said([Fate.KILLED], {elsewhere.identity: elsewhere}) == []


def test_judged_survivors_lower_the_share_all_the_same() -> None:
    known = {name: one for number in range(3) for name, one in judged(number).items()}
    fates = [Fate.SURVIVED] * 3 + [Fate.KILLED] * 22
    assert said(fates, known) == ["area: 88.0% of the mutants were noticed, below the wanted 90%"]


def test_equivalent_changes_count_on_neither_side() -> None:
    known = {
        name: one for number in range(3) for name, one in judged(number, equivalent=True).items()
    }
    fates = [Fate.SURVIVED] * 3 + [Fate.KILLED] * 22
    assert said(fates, known) == []
    counted = tally([mutant(n) for n in range(25)], dict(zip(names(25), fates, strict=True)), known)
    assert (counted.run, counted.killed, counted.survived, counted.equivalent) == (25, 22, 0, 3)
    assert counted.share == 1.0


def test_new_survivors_are_written_as_entries_that_only_lack_their_reason(tmp_path: Path) -> None:
    mutants = [mutant(number) for number in range(3)]
    fates = dict(zip(names(3), [Fate.SURVIVED, Fate.KILLED, Fate.UNREACHED], strict=True))
    text = unjudged(mutants, fates, judged(0))
    path = tmp_path / "list.toml"
    path.write_text(text)
    with pytest.raises(ListInvalid, match="survivor 1: reason missing or empty"):
        judged_survivors(path)
    path.write_text(text.replace('reason = ""', 'reason = "why"'))
    assert list(judged_survivors(path)) == [mutants[2].identity]


def names(number: int) -> list[str]:
    return [mutant(at).identity for at in range(number)]


def test_a_handful_of_mutants_has_no_share_worth_naming() -> None:
    known = {name: one for number in range(3) for name, one in judged(number).items()}
    assert said([Fate.SURVIVED] * 3 + [Fate.KILLED] * 16, known) == []


ENTRY = """
[[survivor]]
file = "controller/cord.py"
function = "pull"
change = "1 -> 0"
reason = "why"
"""


def test_the_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text(ENTRY)
    (one,) = judged_survivors(path).values()
    assert (one.identity, one.reason, one.equivalent) == (mutant(1).identity, "why", False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENTRY.replace("reason", "because"), "list.toml, survivor 1: unknown keys because"),
        (ENTRY.replace('"why"', '""'), "list.toml, survivor 1: reason missing or empty"),
        (ENTRY.replace('function = "pull"\n', ""), "survivor 1: function missing or empty"),
        (ENTRY + ENTRY, "list.toml, survivor 2: controller/cord.py::pull::1 -> 0 is listed twice"),
    ],
)
def test_a_broken_list_is_refused_by_entry_and_key(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text(text)
    with pytest.raises(ListInvalid, match=words):
        judged_survivors(path)
