"""Fills in the page of a note as a person does: the marks that it showed are posted back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from controller.runtime.clock import VirtualClock
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.notes import ALL_WORDS, BEGAN_MS, HOUR_MS, note_of, recorded
from tests.support.reception import medicare_patient, open_clinic
from tests.support.standing import keep
from workstation.visit.completing import MINUTES

NOTE = "/sessions/s-1/note"
SHORT = {name: text for name, text in ALL_WORDS.items() if name not in MINUTES}
SEEN = re.compile(r'name="(seen\.[^"]+)" value="([^"]*)"')


@contextmanager
def noted_console(folder: RecordFolder) -> Iterator[ConsoleBench]:
    """A console an hour after a session; Pat Jones, PT, DPT, sits there."""
    open_clinic(folder)
    keep(folder, medicare_patient("2025-12-20"))
    recorded(folder)
    with console_bench(folder, VirtualClock(utc_origin_ms=BEGAN_MS + HOUR_MS)) as opened:
        opened.sit_down()
        yield opened


def shown(bench: ConsoleBench, path: str = NOTE) -> dict[str, str]:
    """The marks that a page has now; they are sent with each post from it."""
    return dict(SEEN.findall(bench.page(path)))


def entered(**words: str) -> dict[str, str]:
    """Entries of a page by field name."""
    return {f"field.{name}": text for name, text in words.items()}


def everything() -> dict[str, str]:
    """Every open field as a person types it; both minutes are in one line."""
    both = " ".join(ALL_WORDS[name] for name in MINUTES)
    return entered(**SHORT, **{MINUTES[0]: both})


def signed(bench: ConsoleBench) -> None:
    """Fill in the page and sign it."""
    fields = {**shown(bench), **everything(), "signature": "PJ", "act": "sign"}
    assert bench.post(NOTE, **fields) == NOTE


def words(bench: ConsoleBench) -> dict[str, str | None]:
    """The words of the note now."""
    note = note_of(bench.site.folder)
    return {field.name: field.value for field in note.clinician_fields}


def refused(bench: ConsoleBench, path: str = NOTE, **fields: str) -> str:
    """The page that says why a post was refused."""
    answer = bench.client.post(path, data=fields)
    assert answer.status_code == 422, answer.text
    return str(answer.text)
