"""No public class has a name that occurs twice in what is shipped."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache

from tests.support.pages import PACKAGES, ROOT
from tools.parsed_sources import nodes_of


@cache
def shipped_classes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in nodes_of(path):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def test_no_public_class_has_a_name_that_another_one_has() -> None:
    assert {name: paths for name, paths in shipped_classes().items() if len(paths) > 1} == {}
