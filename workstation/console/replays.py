"""A session that a page replays: read once, after its row in the audit, sent in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from controller.order.phases import Phase
from records.evidence.valid_samples import valid_samples
from records.store.canonical import SampleArray

MOST_REPLAYS: Final = 6
"""Most that are kept at a time: an hour of samples takes some megabytes."""
PIECE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The samples of a session; times in milliseconds of the session."""

    session_id: str
    samples: SampleArray

    @property
    def span_ms(self) -> tuple[int, int]:
        """Returns the first and the last sample; (0, 0) without any."""
        times = self.samples["taken_at_ms"]
        return (int(times[0]), int(times[-1])) if len(times) else (0, 0)

    @property
    def highest_n(self) -> float:
        """Returns the highest force of the session, measured or ordered; 0 where none was read."""
        read = self.samples[valid_samples(self.samples)]
        if not len(read):
            return 0.0
        return float(max(read["force_1_dn"].max() / 10, _ordered_n(read).max()))

    def piece(self, from_ms: int) -> dict[str, Any]:
        """Returns a minute of points: time, force and ordered force in newtons; None: not read."""
        times = self.samples["taken_at_ms"].astype(np.int64)
        until_ms = from_ms + PIECE_MS
        part = self.samples[(times >= from_ms) & (times < until_ms)]
        read = valid_samples(part).tolist()
        forces = (part["force_1_dn"].astype(np.float64) / 10).tolist()
        targets = _ordered_n(part).tolist()
        points = [
            [at, force if is_read else None, target]
            for at, force, is_read, target in zip(
                part["taken_at_ms"].tolist(), forces, read, targets, strict=True
            )
        ]
        return {"points": points, "until_ms": until_ms, "is_last": until_ms > self.span_ms[1]}


def _ordered_n(samples: SampleArray) -> NDArray[np.float64]:
    """Returns the ordered force at each sample; None while the force is released."""
    released = samples["phase"] == int(Phase.RELEASING)
    return np.where(released, 0.0, samples["target_dn"].astype(np.float64) / 10)
