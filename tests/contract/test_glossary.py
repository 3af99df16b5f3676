"""The glossary and the code agree: the third column names the classes of each word.

Every name there occurs in what is shipped, and a class that many packages use has an entry. A
package is here a folder or a module directly below one of the five, such as ``records/note``.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.contract.test_names import shipped_classes
from tests.support.pages import DOCS, PACKAGES, ROOT
from tools.parsed_sources import nodes_of

GLOSSARY = DOCS / "reference" / "glossary.md"
MANY_PACKAGES = 3
"""A class that so many other packages import is a word of the project."""
VOCABULARY = (
    "controller/telemetry.py",
    "controller/ports.py",
    "controller/events.py",
    "records/visit/",
    "records/evidence/reader.py",
)
"""Whatever these files make public is a word, however few import it."""


@cache
def class_files() -> dict[str, str]:
    """Public classes and the file of each."""
    return {name: paths[0] for name, paths in shipped_classes().items()}


def package_of(file: str) -> str:
    return "/".join(Path(file).with_suffix("").parts[:2])


@cache
def importers() -> dict[str, frozenset[str]]:
    """Public classes and the other packages that import each."""
    found: dict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            user = package_of(path.relative_to(ROOT).as_posix())
            for node in nodes_of(path):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PACKAGES):
                    for name in {alias.name for alias in node.names} & class_files().keys():
                        found[name].add(user)
    return {
        name: frozenset(users - {package_of(class_files()[name])}) for name, users in found.items()
    }


def words_of_the_code() -> set[str]:
    """Classes that must have an entry."""
    used = {name for name, users in importers().items() if len(users) >= MANY_PACKAGES}
    return used | {name for name, file in class_files().items() if file.startswith(VOCABULARY)}


def entries(text: str) -> dict[str, list[str]]:
    """Each word and the names in its third column."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return {word.strip(): re.findall(r"`([^`]+)`", names) for word, _, names in lines[2:]}


def is_shipped(name: str) -> bool:
    """True for a public class, and for a file or folder of the five packages."""
    if "/" not in name:
        return name in class_files()
    return name.startswith(tuple(f"{package}/" for package in PACKAGES)) and (ROOT / name).exists()


def faults(text: str) -> list[str]:
    """Disagreements between a glossary and the code."""
    named = Counter(name for names in entries(text).values() for name in names)
    return [
        *(f"{name} is not in the code" for name in named if not is_shipped(name)),
        *(f"{name} has no entry" for name in sorted(words_of_the_code() - named.keys())),
        *(f"{name} bears two words" for name, count in named.items() if count > 1),
    ]


def test_the_glossary_agrees_with_the_code() -> None:
    assert faults(GLOSSARY.read_text(encoding="utf-8")) == []


def test_the_words_are_in_alphabetical_order() -> None:
    words = list(entries(GLOSSARY.read_text(encoding="utf-8")))
    assert words == sorted(words, key=str.casefold)


@pytest.mark.parametrize("name", ["RequestRefused", "Sourced", "Waitable", "Practice"])
def test_a_class_that_many_use_and_one_of_the_vocabulary_is_a_word(name: str) -> None:
    assert name in words_of_the_code()


@pytest.mark.parametrize("name", ["SegmentFault", "Glide"])
def test_a_class_of_one_package_is_no_word(name: str) -> None:
    assert name not in words_of_the_code()


def test_a_renamed_class_is_noticed() -> None:
    text = GLOSSARY.read_text(encoding="utf-8").replace("`Telemetry`", "`Measured`")
    assert {"Measured is not in the code", "Telemetry has no entry"} <= set(faults(text))


def test_a_removed_entry_is_noticed() -> None:
    lines = GLOSSARY.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("| visit |"))
    assert "Visit has no entry" in faults(text)


def test_a_file_that_is_gone_is_noticed() -> None:
    text = GLOSSARY.read_text(encoding="utf-8").replace(
        "`controller/words.py`", "`controller/no.py`"
    )
    assert "controller/no.py is not in the code" in faults(text)
