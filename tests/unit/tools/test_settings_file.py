"""The commented file of settings has every one, and each line of it holds when it is taken in."""

from __future__ import annotations

import tomllib

from tools.settings_file import BY_THE_ACCOUNT, BY_THE_CLINIC, PLACE, text
from workstation.settings import Settings


def test_the_file_is_what_the_program_says() -> None:
    assert PLACE.read_text(encoding="utf-8") == text(), "python -m tools.settings_file writes it"


def test_every_setting_stands_in_it_and_says_the_default() -> None:
    assert tomllib.loads(text()) == {}
    lines = [line.removeprefix("# ") for line in text().splitlines()]
    taken = "\n".join(line for line in lines if line.split(" = ")[0] in Settings.model_fields)
    said = tomllib.loads(taken)
    assert set(said) == set(Settings.model_fields)
    kept = {key: value for key, value in said.items() if value != ""}
    exceptions = {*BY_THE_ACCOUNT, *BY_THE_CLINIC}
    assert Settings.model_validate(kept).model_dump(exclude=exceptions) == Settings().model_dump(
        exclude=exceptions
    )
