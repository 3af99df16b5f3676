"""What was asked under an id: the same id again is answered as before and does nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from workstation.station.channel import Peer
from workstation.station.messages import RequestOutcome

REMEMBERED: Final = 512
"""Outcomes that are given again to an id that comes twice."""


@dataclass(slots=True)
class _Asked:
    """A message with an id: who sent it, and what became of it."""

    is_stop: bool
    peers: list[Peer] = field(default_factory=list)
    waits: bool = False
    """What became of it is still to be seen."""
    outcome: RequestOutcome | None = None


class AskedMessages:
    """Of one process; whoever calls holds the desk's lock."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    def is_new(self, message_id: str, peer: Peer, *, is_stop: bool) -> bool:
        """Returns True when an id comes for the first time.

        Who repeats one is told what became of it.
        """
        known = self._asked.get(message_id)
        if known is None:
            self._asked[message_id] = _Asked(is_stop=is_stop, peers=[peer])
            self._forget_oldest()
            return True
        if known.outcome is None:
            known.peers.append(peer)
        else:
            peer.send(known.outcome)
        return False

    def _forget_oldest(self) -> None:
        """What still waits stays: whoever asked is told, and a second time does nothing.

        As much as may wait is bounded where it waits.
        """
        if len(self._asked) > REMEMBERED:
            settled = (each for each, one in self._asked.items() if one.outcome is not None)
            if (oldest := next(settled, None)) is not None:
                del self._asked[oldest]

    def is_open(self, message_id: str) -> bool:
        """Returns True while an id is remembered of which nobody knows what became."""
        known = self._asked.get(message_id)
        return known is not None and known.outcome is None

    def is_stop(self, message_id: str) -> bool:
        """Returns True for the id of a stop."""
        known = self._asked.get(message_id)
        return known is not None and known.is_stop

    def wait(self, message_id: str) -> None:
        """What becomes of it is seen later, at the latest at the end of the session."""
        self._asked[message_id].waits = True

    @property
    def waiting(self) -> Sequence[str]:
        """The ids that the end of the session settles."""
        return [each for each, one in self._asked.items() if one.waits and one.outcome is None]

    def settle(self, outcome: RequestOutcome) -> None:
        """Tell everybody who sent it."""
        entry = self._asked[outcome.id]
        entry.outcome = outcome
        for peer in entry.peers:
            peer.send(outcome)
        entry.peers.clear()

    def forget(self, peer: Peer) -> None:
        """A connection has gone: it is told nothing any more."""
        for entry in self._asked.values():
            if peer in entry.peers:
                entry.peers.remove(peer)
