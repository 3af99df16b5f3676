"""A connection to a desk without a wire: it keeps what is sent to it."""

from __future__ import annotations

from collections import deque
from typing import TypeVar

from controller.snapshot import Said, Snapshot
from workstation.station.channel import Peer
from workstation.station.messages import (
    RefusedMessage,
    RequestOutcome,
    Welcome,
    encoded,
    from_control,
)

Message = TypeVar("Message")


class PaperPeer(Peer):
    """Sends the queued messages in order and then disconnects; each answer counts as received."""

    def __init__(self, *says: object) -> None:
        self.said = says
        self.says = deque(says)
        self.heard: list[object] = []

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        if not self.says:
            raise EOFError
        said = self.says.popleft()
        return said if isinstance(said, bytes) else encoded(said)

    def send(self, message: object) -> None:
        self.heard.append(from_control(encoded(message)))

    def show(self, frame: object) -> None:
        self.send(frame)

    def close(self, last: object | None = None) -> None:
        if last is not None:
            self.send(last)

    def all_of(self, kind: type[Message]) -> list[Message]:
        """All messages of one kind that it has received."""
        return [each for each in self.heard if isinstance(each, kind)]

    @property
    def outcomes(self) -> list[tuple[str, str, str]]:
        """Id, result and reason of every outcome, in order."""
        return [(o.id, o.result.value, o.reason) for o in self.all_of(RequestOutcome)]

    @property
    def refusals(self) -> list[str]:
        return [each.reason for each in self.all_of(RefusedMessage)]

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.all_of(Said)]

    @property
    def snapshots(self) -> list[Snapshot]:
        return self.all_of(Snapshot)

    @property
    def welcome(self) -> Welcome:
        (welcome,) = self.all_of(Welcome)
        return welcome
