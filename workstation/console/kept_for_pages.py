"""Keeps what a page was shown and asks for again in pieces, under an unguessable id."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class KeptForPages(Generic[Kept]):
    """``most`` of them; the oldest makes room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, what: Kept) -> str:
        """Keep it for its page; returns its id, which is given to nobody else."""
        made = secrets.token_hex(16)
        with self._lock:
            self._kept[made] = what
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def of(self, kept_id: str) -> Kept | None:
        """Returns what is kept under an id; None for one that was dropped, or never existed."""
        with self._lock:
            return self._kept.get(kept_id)
