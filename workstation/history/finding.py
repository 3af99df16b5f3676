"""Treatments on file, recorded or entered from paper, in one list and in parts of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from controller.quick_dataclasses import dataclass
from records.keeping.search import FoundSession, SessionQuery, find_sessions
from records.keeping.session_names import CalledTreatment, called_treatments
from records.keeping.sheet_search import FoundSheet, find_sheets
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTreatments:
    """What fits, newest first. ``left_out`` are refused tries that were not asked for.

    ``unread`` names each file of a unit that could not be read, and why; nothing of it is found.
    """

    sessions: Sequence[FoundSession]
    sheets: Sequence[FoundSheet]
    left_out: int
    unread: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many fit."""
        return len(self.sessions) + len(self.sheets)

    @property
    def every(self) -> list[CalledTreatment]:
        """Both kinds in one list."""
        return called_treatments(self.sessions, self.sheets)

    def part(self, first: int, count: int) -> FoundTreatments:
        """``count`` of them from the ``first`` on; 0: all that follow."""
        behind = first + count if count else None
        if not self.sheets:
            return replace(self, sessions=self.sessions[first:behind])
        ids = {one.called for one in self.every[first:behind]}
        return replace(
            self,
            sessions=[one for one in self.sessions if one.head.session_id in ids],
            sheets=[one for one in self.sheets if one.kept.sheet.sheet_id in ids],
        )


def find_treatments_told(
    folder: RecordFolder,
    query: SessionQuery,
    day_of: Callable[[int], date],
    *,
    refused_too: bool,
) -> FoundTreatments:
    """All that fit; tries that were refused before anything moved only where they are asked for."""
    unread: list[str] = []
    sessions = find_sessions(folder, query, day_of, unread)
    left_out = 0
    if not refused_too and "refused" not in query.outcome.lower():
        left_out = sum(one.refused for one in sessions)
        sessions = [one for one in sessions if not one.refused]
    sheets = find_sheets(folder, query, day_of)
    return FoundTreatments(sessions=sessions, sheets=sheets, left_out=left_out, unread=unread)
