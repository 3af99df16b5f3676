"""Treatments on file, recorded or from paper, and orders without a session, in one list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from records.keeping.search import FoundSession, SessionQuery, search_sessions
from records.keeping.session_names import CalledTreatment, called_treatments
from records.keeping.sheet_search import FoundSheet, find_sheets
from records.keeping.unfollowed_orders import UnfollowedOrder, find_unfollowed
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTreatments:
    """The matches, newest first.

    ``left_out`` are refused attempts that were not asked for, ``left_out_orders`` orders that no
    session followed. ``unread`` names each file of a unit that could not be read, and why; none of
    its sessions is found.
    """

    sessions: Sequence[FoundSession]
    sheets: Sequence[FoundSheet]
    orders: Sequence[UnfollowedOrder]
    left_out: int
    left_out_orders: int
    unread: Sequence[str] = ()

    @property
    def count(self) -> int:
        """Returns how many match."""
        return len(self.sessions) + len(self.sheets) + len(self.orders)

    @property
    def every(self) -> list[CalledTreatment]:
        """Returns all kinds in one list."""
        return called_treatments(self.sessions, self.sheets, self.orders)

    def part(self, first: int, count: int) -> FoundTreatments:
        """Returns ``count`` of them from the ``first`` on; 0: all that follow."""
        behind = first + count if count else None
        if not self.sheets and not self.orders:
            return replace(self, sessions=self.sessions[first:behind])
        ids = {one.called for one in self.every[first:behind]}
        return replace(
            self,
            sessions=[one for one in self.sessions if one.head.session_id in ids],
            sheets=[one for one in self.sheets if one.kept.sheet.sheet_id in ids],
            orders=[one for one in self.orders if one.session_id in ids],
        )


def find_treatments_told(
    folder: RecordFolder,
    query: SessionQuery,
    day_of: Callable[[int], date],
    *,
    refused_too: bool,
) -> FoundTreatments:
    """Returns all matches; attempts refused before anything moved only where they are asked for.

    These are refused attempts, and orders that no session followed. The latter are left out where a
    file could not be read: their sessions may be in it.
    """
    unread: list[str] = []
    searched = search_sessions(folder, query, day_of, unread)
    sessions = searched.sessions
    orders = [] if unread else find_unfollowed(folder, query, day_of, searched)
    left_out = left_out_orders = 0
    if not refused_too and not query.outcome:
        left_out_orders, orders = len(orders), []
    if not refused_too and "refused" not in query.outcome.lower():
        left_out = sum(one.refused for one in sessions)
        sessions = [one for one in sessions if not one.refused]
    return FoundTreatments(
        sessions=sessions,
        sheets=find_sheets(folder, query, day_of),
        orders=orders,
        left_out=left_out,
        left_out_orders=left_out_orders,
        unread=unread,
    )
