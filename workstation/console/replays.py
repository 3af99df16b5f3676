"""Sessions that pages replay: read once, behind their row in the audit, and given out in pieces."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from controller.order.phases import Phase
from records.evidence.valid_samples import valid_samples
from records.store.canonical import SampleArray

MOST_REPLAYS: Final = 6
"""An hour of samples takes some megabytes; the oldest replay makes room for a newer one."""
PIECE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The samples of a session; times in milliseconds of the session."""

    session_id: str
    samples: SampleArray

    @property
    def span_ms(self) -> tuple[int, int]:
        """The first and the last sample; (0, 0) without any."""
        times = self.samples["taken_at_ms"]
        return (int(times[0]), int(times[-1])) if len(times) else (0, 0)

    def piece(self, from_ms: int) -> dict[str, Any]:
        """A minute of points: time, force and ordered force in newtons, None where not read."""
        times = self.samples["taken_at_ms"].astype(np.int64)
        until_ms = from_ms + PIECE_MS
        part = self.samples[(times >= from_ms) & (times < until_ms)]
        read = valid_samples(part).tolist()
        forces = (part["force_1_dn"].astype(np.float64) / 10).tolist()
        released = part["phase"] == int(Phase.RELEASING)
        targets = np.where(released, 0, part["target_dn"].astype(np.float64) / 10).tolist()
        points = [
            [at, force if is_read else None, target]
            for at, force, is_read, target in zip(
                part["taken_at_ms"].tolist(), forces, read, targets, strict=True
            )
        ]
        return {"points": points, "until_ms": until_ms, "is_last": until_ms > self.span_ms[1]}


class Replays:
    """Each is known by an id that only the page has which was made for it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Replay] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, replay: Replay) -> str:
        """Keep it for its page; returns its id."""
        made = secrets.token_hex(16)
        with self._lock:
            self._kept[made] = replay
            while len(self._kept) > MOST_REPLAYS:
                self._kept.popitem(last=False)
        return made

    def of(self, replay_id: str, session_id: str) -> Replay | None:
        """The replay of a page; None where it has made room, or is of another session."""
        with self._lock:
            found = self._kept.get(replay_id)
        return found if found is not None and found.session_id == session_id else None
