"""Random alterations of a clinic.db, as somebody with a database tool could make them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

COLUMNS = {
    "entry": ("sequence", "utc_ms", "kind", "version", "detail"),
    "link": ("number", "first_entry", "entry_count", "digest", "key_id", "signature"),
}
ALTERATIONS = (
    "edit",
    "delete",
    "insert",
    "reorder",
    "swap",
    "cut the tail",
    "older file",
    "rename the key",
)
"""A removed tail and an older file show only with the checkpoints kept outside the machine."""


def alter(path: Path, name: str, random: Random) -> str:
    """Alter the file in one way; returns a description for the message of a failing test."""
    with closing(sqlite3.connect(path)) as db, db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for trigger, _ in kept:
            db.execute(f"DROP TRIGGER {trigger}")
        said = _CHANGES[name](db, random)
        for _, sql in kept:
            db.execute(sql)
    db.close()
    return said


def _edit(db: sqlite3.Connection, random: Random) -> str:
    table = random.choice(sorted(COLUMNS))
    key = COLUMNS[table][0]
    column = random.choice(COLUMNS[table])
    number = random.choice(_numbers(db, table))
    (old,) = db.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (number,)).fetchone()
    new = old + random.choice((1000, 2**40)) if column == key else _other(old, random)
    db.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (new, number))
    return f"{table} {number}: {column} {old!r} became {new!r}"


def _other(old: object, random: Random) -> object:
    """Another value of the same type, close to the old one."""
    if isinstance(old, int):
        return old + random.choice((1, 1000, -1000, 2**40))
    if isinstance(old, bytes):
        place = random.randrange(len(old))
        return old[:place] + bytes([old[place] ^ 1 << random.randrange(8)]) + old[place + 1 :]
    text = str(old)
    place = random.randrange(len(text))
    return text[:place] + random.choice("ABCxyz 0") + "!" + text[place + 1 :]


def _delete(db: sqlite3.Connection, random: Random) -> str:
    table = random.choice(sorted(COLUMNS))
    number = random.choice(_numbers(db, table))
    db.execute(f"DELETE FROM {table} WHERE {COLUMNS[table][0]} = ?", (number,))
    return f"{table} {number} deleted"


def _insert(db: sqlite3.Connection, random: Random) -> str:
    after = _numbers(db, "entry")[-1] + random.choice((1, 2, 50))
    db.execute(
        "INSERT INTO entry (sequence, utc_ms, kind, version, detail) "
        "SELECT ?, utc_ms, kind, version, detail FROM entry ORDER BY random() LIMIT 1",
        (after,),
    )
    return f"entry {after} inserted"


def _reorder(db: sqlite3.Connection, random: Random) -> str:
    one, two = random.sample(_numbers(db, "entry"), 2)
    for old, new in ((one, -1), (two, one), (-1, two)):
        db.execute("UPDATE entry SET sequence = ? WHERE sequence = ?", (new, old))
    return f"entries {one} and {two} changed places"


def _swap(db: sqlite3.Connection, random: Random) -> str:
    """Exchange the content of two links, which keep their numbers."""
    one, two = random.sample(_numbers(db, "link"), 2)
    column = random.choice(("digest", "signature"))
    said = dict(db.execute(f"SELECT number, {column} FROM link").fetchall())
    for number, value in ((one, said[two]), (two, said[one])):
        db.execute(f"UPDATE link SET {column} = ? WHERE number = ?", (value, number))
    return f"links {one} and {two} swapped their {column}"


def _cut_the_tail(db: sqlite3.Connection, random: Random) -> str:
    """Remove whole links with their entries from the end, so that the rest is consistent."""
    links = db.execute("SELECT number, first_entry FROM link ORDER BY number").fetchall()
    number, first = links[random.randrange(1, len(links))]
    db.execute("DELETE FROM link WHERE number >= ?", (number,))
    db.execute("DELETE FROM entry WHERE sequence >= ?", (first,))
    return f"cut from link {number}, entry {first} on"


def _older_file(db: sqlite3.Connection, random: Random) -> str:
    """Restore the file as it was before its last link, drafts included."""
    said = _cut_the_tail(db, random)
    db.execute("DELETE FROM draft_word")
    return f"an older file: {said}"


def _rename_the_key(db: sqlite3.Connection, random: Random) -> str:
    number = random.choice(_numbers(db, "link"))
    db.execute("UPDATE link SET key_id = 'fedcba9876543210' WHERE number = ?", (number,))
    return f"link {number} names another key"


def _numbers(db: sqlite3.Connection, table: str) -> list[int]:
    key = COLUMNS[table][0]
    return [n for (n,) in db.execute(f"SELECT {key} FROM {table} ORDER BY {key}").fetchall()]


_CHANGES = {
    "edit": _edit,
    "delete": _delete,
    "insert": _insert,
    "reorder": _reorder,
    "swap": _swap,
    "cut the tail": _cut_the_tail,
    "older file": _older_file,
    "rename the key": _rename_the_key,
}
