"""Puts values that the program never writes into any cell of a unit's file or of clinic.db."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

from tests.support.altering import altering_loosely

NESTED = "[" * 100_000 + "]" * 100_000
NOT_COVERED = ("patient", "draft_word")
"""Tables of clinic.db whose content is not protected by any digest."""


def hostile_values(old: object) -> list[object]:
    """Values other than ``old``, of every type."""
    values: list[object] = [
        None,
        0,
        1,
        -1,
        2**31,
        2**32,
        2**63 - 1,
        -(2**63),
        1.5,
        float("inf"),
        "",
        "x",
        "1",
        "\x00",
        "\u202e\x1b[2J\n",
        "é" * 2000,
        NESTED,
        '{"a":' * 50_000,
        "{}",
        "[]",
        "null",
        "NaN",
        '{"a":1,"a":2}',
        '{"session_id":1}',
        '{"n":1e999}',
        '{"n":' + "9" * 5000 + "}",
        '{"a":"\\ud800"}',
        b"",
        b"x",
        bytes(32),
        b"\xff\xfe",
        b"\x02" + b"\xff" * 40,
    ]
    if isinstance(old, str):
        values += [old.encode(), old + "\x00", old.upper() + " ", _twice(old)]
    if isinstance(old, bytes):
        values += [old.hex(), old + b"\x00", old[:-1]]
    if isinstance(old, int):
        values += [str(old), float(old), old + 1, old - 1]
    return [value for value in values if type(value) is not type(old) or value != old]


def _twice(text: str) -> str:
    """Double the first key of an object; double other texts whole."""
    try:
        said = json.loads(text)
    except ValueError:
        return text + text
    if not isinstance(said, dict) or not said:
        return text + text
    key = next(iter(said))
    return text[:-1] + f",{json.dumps(key)}:{json.dumps(said[key])}}}"


def spoil_a_cell(path: Path, source: random.Random) -> str:
    """Put a hostile value into one cell; returns a description for a failing test."""
    with altering_loosely(path) as db:
        tables = [
            name
            for (name,) in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
            )
            if db.execute(f"SELECT 1 FROM {name}").fetchone()
        ]
        table = source.choice(sorted(tables))
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        column = source.choice(columns)
        row = source.choice([row for (row,) in db.execute(f"SELECT rowid FROM {table}")])
        return set_cell(db, table, column, row, source)


def set_cell(
    db: sqlite3.Connection, table: str, column: str, row: int, source: random.Random
) -> str:
    """Put a hostile value that the cell accepts: keys stay unique, row keys stay numbers."""
    found = db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
    values = hostile_values(found[0])
    source.shuffle(values)
    for value in values:
        raw = value
        try:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (raw, row))
        except sqlite3.Error:
            continue
        after = db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
        if after is not None and after[0] == found[0] and type(after[0]) is type(found[0]):
            continue
        return f"{table} row {row}: {column} became {str(value)[:60]!r} ({type(value).__name__})"
    raise AssertionError(f"no value fits {table}.{column}")
