"""Writes packaging/settings.toml: every setting with its meaning and default, commented out.

python -m tools.settings_file

A test compares the file with what this writes.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from workstation import settings
from workstation.settings import PREFIX, Settings

PLACE: Final = Path(__file__).resolve().parent.parent / "packaging" / "settings.toml"
HEAD: Final = f"""\
# Settings of the workstation. The program reads them from ~/.config/traction/settings.toml of its
# account. Remove the # from a line to set it. The values shown are the defaults, except for data
# and force_unit, whose defaults depend on the account and the time zone.
# An environment variable {PREFIX}KEY overrides the line. Written by tools/settings_file.py.
"""
BY_THE_ACCOUNT: Final = {"data": "/var/lib/traction"}
"""Shown for a default that depends on the account."""
BY_THE_CLINIC: Final = {"force_unit": "N"}
"""Shown for a default that is derived from something else."""


def text() -> str:
    """The whole file."""
    return HEAD + "".join(f"\n{part}" for part in _parts(_meanings()))


def _parts(meanings: dict[str, str]) -> Iterator[str]:
    for key, field in Settings.model_fields.items():
        value = {**BY_THE_ACCOUNT, **BY_THE_CLINIC}.get(key, field.default)
        comment = textwrap.fill(meanings[key], 98, initial_indent="# ", subsequent_indent="# ")
        yield f"{comment}\n# {key} = {_as_toml(value)}\n"


def _as_toml(value: object) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def _meanings() -> dict[str, str]:
    """Returns the docstring of each setting in the program."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    (body,) = (one.body for one in tree.body if isinstance(one, ast.ClassDef))
    found = {}
    for field, said in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(said, ast.Expr)
            and isinstance(said.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(said.value.value).split())
    return found


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
