"""Messages with an id: a repeated id is answered as before and does nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from workstation.station.channel import Peer
from workstation.station.messages import RequestOutcome

REMEMBERED: Final = 512
"""Outcomes that are repeated for an id that comes twice."""


@dataclass(slots=True)
class _Asked:
    """A message with an id: who sent it, and its outcome."""

    is_stop: bool
    peers: list[Peer] = field(default_factory=list)
    waits: bool = False
    """Its outcome is not known yet."""
    outcome: RequestOutcome | None = None


class AskedMessages:
    """The messages of one process; the caller holds the desk's lock."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    def is_new(self, message_id: str, peer: Peer, *, is_stop: bool) -> bool:
        """Returns True when an id comes for the first time.

        The sender of a repeated one gets its outcome.
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
        """Forget the oldest outcome; a waiting message stays: its sender gets its outcome once.

        The number of waiting messages is bounded where they wait.
        """
        if len(self._asked) > REMEMBERED:
            settled = (each for each, one in self._asked.items() if one.outcome is not None)
            if (oldest := next(settled, None)) is not None:
                del self._asked[oldest]

    def is_open(self, message_id: str) -> bool:
        """Returns True while an id is remembered whose outcome is not known."""
        known = self._asked.get(message_id)
        return known is not None and known.outcome is None

    def is_stop(self, message_id: str) -> bool:
        """Returns True for the id of a stop."""
        known = self._asked.get(message_id)
        return known is not None and known.is_stop

    def wait(self, message_id: str) -> None:
        """Expect the outcome later, at the latest at the end of the session."""
        self._asked[message_id].waits = True

    @property
    def waiting(self) -> Sequence[str]:
        """Returns the ids that the end of the session settles."""
        return [each for each, one in self._asked.items() if one.waits and one.outcome is None]

    def settle(self, outcome: RequestOutcome) -> None:
        """Send the outcome to everybody who sent the message."""
        entry = self._asked[outcome.id]
        entry.outcome = outcome
        for peer in entry.peers:
            peer.send(outcome)
        entry.peers.clear()

    def forget(self, peer: Peer) -> None:
        """Forget a closed connection: it is sent nothing any more."""
        for entry in self._asked.values():
            if peer in entry.peers:
                entry.peers.remove(peer)
