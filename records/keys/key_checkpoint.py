"""Checkpoints of the record of keys: ``TC1-keys.<file>.<records>-...``, made like all others.

``<file>`` are the first 8 hex digits of the first record's digest, so another folder's record has
another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from records.keys.key_records import KeyHistory, read_history
from records.store.chain import Subject
from records.store.checkpoint import Checkpoint, make_checkpoint

NAME = "keys"
PLACE = "keys.jsonl"


def key_checkpoint(history: KeyHistory) -> Checkpoint:
    """Returns the checkpoint of the newest record; the history is not empty."""
    count, digest = history.head
    subject = Subject(
        name=f"{NAME}.{history.records[0].digest[:8]}.{count}", place=PLACE, number=count
    )
    return make_checkpoint(subject, bytes.fromhex(digest), history.times[history.in_use].public_key)


def is_of_keys(point: Checkpoint) -> bool:
    """Returns True for a checkpoint of a record of keys."""
    return _records_of(point) is not None


def faults_against(history: KeyHistory, points: Iterable[Checkpoint]) -> Iterator[str]:
    """Yields each checkpoint that this record never had."""
    for point in points:
        count = _records_of(point) or 0
        if count > len(history.records):
            yield (
                f"{point.text} saw {count} records of keys, {len(history.records)} are here: the "
                "end was cut off or an older file was put in place"
            )
        elif count == 0 or _at(history, count).text.lower() != point.text.lower():
            yield f"{point.text} was not given out by this record of keys"


def _at(history: KeyHistory, count: int) -> Checkpoint:
    """Returns the checkpoint of the record when it was ``count`` records long."""
    lines = "".join(f"{record.line}\n" for record in history.records[:count])
    return key_checkpoint(read_history(lines.encode()))


def _records_of(point: Checkpoint) -> int | None:
    name, _, rest = point.name.partition(".")
    count = rest.rpartition(".")[2]
    return int(count) if name.lower() == NAME and count.isdecimal() else None
