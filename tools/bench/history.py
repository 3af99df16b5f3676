"""The search of the history over many sessions, beside the bare SQL that answers the same question.

    python -m tools.bench.history [SESSIONS]

"bare SQL" opens the files and fetches the rows from which the answer is made, words by LIKE, and
makes nothing of them. "search" is what the history does, up to the list of one page with its
minutes. Both take turns; the least processor time of each counts. The durable row of the audit is
given apart: it is a write, and waits for the disk.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from controller.events import EventKind
from records.clinic.audit import record_read
from records.keeping.search import SessionQuery
from records.keeping.searched_words import HEADS, ORDERS_WITHOUT_TEXT
from records.keeping.session_facts import delivered_minutes
from records.store.clinic_chain import EntryKind
from records.store.record_folder import RecordFolder
from tests.support.many_sessions import make_many_sessions
from tests.support.sessions import SETTINGS
from workstation.author_now import author_now
from workstation.console.pages.history import ON_A_PAGE
from workstation.history.finding import FoundTreatments, find_treatments_told

SESSIONS = 10_000
ROUNDS = 5
GOAL = 3.0
SESSION_ROWS = (
    "SELECT number, session_id, unit_id, started_utc_ms, (SELECT detail FROM event "
    "WHERE session = number AND kind = ? ORDER BY sequence DESC LIMIT 1), "
    "EXISTS (SELECT 1 FROM seal WHERE session = number) FROM session "
    "WHERE started_utc_ms BETWEEN ? AND ?"
)
IN_ORDERS = "SELECT session_id FROM session_order WHERE order_text LIKE ?"
IN_NOTES = "SELECT session_id FROM entry WHERE kind IN (?, ?) AND detail LIKE ?"
QUERIES = {
    "everything": SessionQuery(),
    "a patient": SessionQuery(patient="TEST-7"),
    "three days": SessionQuery(first_day=date(2026, 3, 1), last_day=date(2026, 3, 3)),
    "an outcome": SessionQuery(outcome="stopped"),
    "a word of some orders": SessionQuery(words=("numb",)),
    "a word of every order": SessionQuery(words=("cervical",)),
    "a word of every note": SessionQuery(words=("halter",)),
    "a word of nothing": SessionQuery(words=("zebra",)),
}


def bare_sql(folder: RecordFolder, query: SessionQuery) -> int:
    """Fetch the rows that the question needs, and count them."""
    fetched = 0
    for path in folder.every_database():
        with closing(sqlite3.connect(path)) as db:
            asked = (int(EventKind.SESSION_ENDED), *query.around_ms)
            fetched += len(db.execute(SESSION_ROWS, asked).fetchall())
    with closing(sqlite3.connect(folder.clinic_database)) as db:
        fetched += len(db.execute(ORDERS_WITHOUT_TEXT).fetchall())
        fetched += len(db.execute(HEADS).fetchall())
        for word in query.words:
            like = f"%{word}%"
            signed = (int(EntryKind.NOTE_SIGNED), int(EntryKind.NOTE_AMENDED), like)
            fetched += len(db.execute(IN_ORDERS, (like,)).fetchall())
            fetched += len(db.execute(IN_NOTES, signed).fetchall())
    return fetched


def search(folder: RecordFolder, query: SessionQuery) -> FoundTreatments:
    """Search as the page of the history does, up to its first page."""
    found = find_treatments_told(folder, query, SETTINGS.day_at, refused_too=False)
    part = found.part(0, ON_A_PAGE)
    delivered_minutes(folder, [one.head.session_id for one in part.sessions])
    return found


def least(works: Sequence[Callable[[], object]]) -> list[float]:
    """The least processor time of each, in ms; they run alternately."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for taken, work in zip(times, works, strict=True):
            before = time.process_time()
            work()
            taken.append(time.process_time() - before)
    return [1000 * min(taken) for taken in times]


def audit_ms(folder: RecordFolder) -> tuple[float, float]:
    """Wall and processor time of the audit row that a look leaves."""
    ids = [f"s-{number}" for number in range(ON_A_PAGE)]
    wall, used = time.perf_counter(), time.process_time()
    record_read(folder, author_now(folder), "search", fields=ids)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - used)


def main(count: int) -> None:
    """Print the table."""
    table = Table(title=f"Search of the history over {count} sessions, processor time")
    for name in ("question", "found", "bare SQL, ms", "search, ms", "ratio"):
        table.add_column(name, justify="left" if name == "question" else "right")
    worst = 0.0
    with TemporaryDirectory() as place:
        folder = RecordFolder(Path(place) / "data")
        make_many_sessions(folder, count)
        for name, query in QUERIES.items():
            found = search(folder, query).count
            works: list[Callable[[], object]] = [
                partial(bare_sql, folder, query),
                partial(search, folder, query),
            ]
            bare, searched = least(works)
            worst = max(worst, searched / bare)
            table.add_row(
                name, str(found), f"{bare:.0f}", f"{searched:.0f}", f"{searched / bare:.2f}"
            )
        wall, used = audit_ms(folder)
    console = Console(width=120)
    console.print(table)
    console.print(f"row of the audit, apart: {wall:.0f} ms, of which {used:.0f} ms of processor")
    console.print(f"worst ratio {worst:.2f}, goal at most {GOAL:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS)
