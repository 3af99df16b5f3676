"""The README's commands are taken from the page itself, in its order."""

from __future__ import annotations

from tests.campaigns.readme_walk import readme_walk, statuses


def test_the_walk_is_what_the_page_asks_for() -> None:
    walk = readme_walk()
    assert walk.simulate == ("traction", "simulate")
    names = [words[1] for words in walk.commands]
    assert names[:3] == ["order", "run", "sessions"]
    assert {"note", "export", "verify", "scrub"} < {*names}
    assert all(words[0] == "traction" for words in walk.commands)
    assert walk.values.splitlines() == [
        'treatment_time = "1 min"',
        'hold_time = "20 s"',
        'rest_time = "10 s"',
    ]


def test_only_what_is_not_ready_ends_otherwise() -> None:
    ends = {words[1]: statuses(words) for words in readme_walk().commands}
    assert {name: status for name, status in ends.items() if status != (0,)} == {"scrub": (3,)}
