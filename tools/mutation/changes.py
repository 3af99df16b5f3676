"""The lines that changed against the main branch; moved and renamed ones do not count."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAIN_BRANCHES: Final = ("origin/main", "main")
_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The commit to compare with, None if there is none; ``words`` say which and why."""

    commit: str | None
    words: str


def base_of(root: Path) -> Base:
    """The merge base with the main branch, or the commit before the last, or none."""
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head is None:
        return Base(commit=None, words="no git history here")
    for branch in MAIN_BRANCHES:
        merge_base = _git(root, "merge-base", "HEAD", branch)
        if merge_base is not None and merge_base != head:
            return Base(commit=merge_base, words=f"the merge base with {branch}, {merge_base[:12]}")
    before = _git(root, "rev-parse", "--verify", "--quiet", "HEAD~1^{commit}")
    if before is None:
        shallow = _git(root, "rev-parse", "--is-shallow-repository") == "true"
        reason = "a shallow clone" if shallow else "a first commit"
        return Base(commit=None, words=f"nothing before HEAD is known here ({reason})")
    return Base(commit=before, words=f"the last commit's parent, {before[:12]}")


def changed_lines(root: Path, base: str) -> dict[str, set[int]]:
    """Line numbers of new lines by file, of all Python files of the working tree.

    A line that the same comparison removes elsewhere has moved and does not count; each removed
    line accounts for one new line. Differences of white space do not count.
    """
    added, gone = _diff(root, base)
    for path in _untracked(root):
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        added += [(path, number, line.strip()) for number, line in enumerate(lines, start=1)]
    changed: dict[str, set[int]] = {}
    for path, number, text in added:
        if not text:
            continue
        if gone[text]:
            gone[text] -= 1
        else:
            changed.setdefault(path, set()).add(number)
    return changed


def clean_commit(root: Path, folders: Iterable[str]) -> str:
    """Returns the commit of the folders; "" when they differ from it or git knows none."""
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    differs = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *folders)
    return "" if head is None or differs != "" else head


def only_tests_added(
    root: Path, commit: str, folders: Iterable[str], suffixes: tuple[str, ...]
) -> bool:
    """True if since the commit these files lost no line, and only tests gained some."""
    if not commit:
        return False
    told = _git(root, "diff", "--numstat", "--no-renames", "-z", commit, "--", *folders)
    if told is None:
        return False
    changes = [entry.split("\t") for entry in told.split("\0") if entry.endswith(suffixes)]
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *folders) or ""
    came = [name for name in new.split("\0") if name.endswith(suffixes)]
    came += [path for _, _, path in changes]
    gone = any(count != "0" for _, count, _ in changes)
    return not gone and all(path.startswith("tests/") for path in came)


def _diff(root: Path, base: str) -> tuple[list[tuple[str, int, str]], Counter[str]]:
    """Lines added, with their places, and lines removed."""
    options = (
        "-M",
        "-w",
        "--unified=0",
        "--no-color",
        "--no-ext-diff",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--no-relative",
    )
    told = _git(root, "-c", "core.quotePath=false", "diff", *options, base, "--", "*.py")
    if told is None:
        raise ChangesUnknown(f"git could not compare with {base}; run: git diff {base}")
    added: list[tuple[str, int, str]] = []
    gone: Counter[str] = Counter()
    path, number, in_hunk = "", 0, False
    for line in told.splitlines():
        if hunk := _HUNK.match(line):
            number, in_hunk = int(hunk.group(1)), True
        elif line.startswith("diff --git "):
            in_hunk = False
        elif not in_hunk:
            path = line.removeprefix("+++ b/") if line.startswith("+++ b/") else path
        elif line.startswith("+"):
            added.append((path, number, line[1:].strip()))
            number += 1
        elif line.startswith("-"):
            gone[line[1:].strip()] += 1
    return added, gone


class ChangesUnknown(Exception):
    """Git did not report what changed."""


def _untracked(root: Path) -> list[str]:
    told = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.py")
    return [name for name in (told or "").split("\0") if name]


def _git(root: Path, *arguments: str) -> str | None:
    """Returns what git prints; None if it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip("\n") if done.returncode == 0 else None
