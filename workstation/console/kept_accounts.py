"""The accounts in use, cached for the pages and read again when clinic.db has changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from controller.errors import TractionError
from controller.ports import Clock
from records.accounts.accounts import KnownAccount, known_accounts
from records.standing.versions import newest_standing_entry, read_standing
from records.store.record_folder import RecordFolder

LOOK_S: Final = 1.0
"""Largest age of the cache: a removed role ends within this time."""


class KeptAccounts:
    """Who may sign in, by the accounts' names.

    Where the records cannot be read the last ones remain in use; until they were read once, nobody
    can sign in (``are_known``).
    """

    def __init__(self, folder: RecordFolder, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._looked_s = float("-inf")
        self._newest = -1
        self._accounts: Mapping[str, KnownAccount] = {}
        self.are_known = False

    def now(self) -> Mapping[str, KnownAccount]:
        """Returns the accounts in use; none: nobody has to sign in."""
        with self._lock:
            if self._clock.now_s() - self._looked_s >= LOOK_S:
                self._look()
                self._looked_s = self._clock.now_s()
            return self._accounts

    def look_again(self) -> None:
        """Read them at the next question, however new they are."""
        with self._lock:
            self._looked_s = float("-inf")

    def _look(self) -> None:
        try:
            newest = newest_standing_entry(self._folder, since=max(self._newest, 0))
            if newest != self._newest:
                self._accounts = known_accounts(read_standing(self._folder))
                self._newest = newest
            self.are_known = True
        except TractionError:
            return
