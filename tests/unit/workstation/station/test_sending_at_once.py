"""What a socket takes is sent by whoever sends, the rest by the writer: nobody waits, in order."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

import pytest

from tests.support.peers import as_bytes
from workstation.station.channel import Peer
from workstation.station.line import MOST_BYTES, MessageLine
from workstation.station.outbox import MOST_WAITING

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path")

SMALLEST_BYTES = 1
"""The system gives the smallest buffer that it has, less than 5 kB."""
DEFAULT_BYTES = None


@contextmanager
def pair(buffer_bytes: int | None) -> Iterator[tuple[Peer, MessageLine]]:
    """A peer whose socket keeps so much, and the line at its other end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    if buffer_bytes is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) < 5_000
    line = MessageLine(Connection(theirs.detach()))
    peer = Peer(MessageLine(Connection(ours.detach())), as_bytes)
    try:
        yield peer, line
    finally:
        line.cut()
        peer.close()
        line.close()


def numbered(number: int, size: int) -> bytes:
    return number.to_bytes(4, "big") + bytes(size)


def number_of(content: bytes | None) -> int:
    assert content is not None
    return int.from_bytes(content[:4], "big")


def until_the_end(line: MessageLine) -> list[bytes]:
    contents = list[bytes]()
    with suppress(EOFError):
        while (content := line.receive()) is not None:
            contents.append(content)
    return contents


@pytest.mark.parametrize("buffer_bytes", [SMALLEST_BYTES, DEFAULT_BYTES])
@pytest.mark.parametrize("size", [10, 1_000, 4_000, 16_000, MOST_BYTES - 4])
def test_who_sends_never_waits_however_little_the_socket_keeps(
    buffer_bytes: int | None, size: int
) -> None:
    """Nothing is read before all is sent, so one call that waited would wait for ever."""
    messages = [numbered(number, size if number % 2 else 0) for number in range(100)]
    with pair(buffer_bytes) as (peer, line):
        for message in messages:
            peer.send(message)
        assert [line.receive() for _ in messages] == messages


def test_a_side_that_reads_nothing_is_given_up_and_gets_what_was_sent_whole() -> None:
    with pair(SMALLEST_BYTES) as (peer, line):
        for number in range(4 * MOST_WAITING):
            peer.send(numbered(number, 1_000))
        contents = until_the_end(line)
        got = [number_of(content) for content in contents]
        assert {len(content) for content in contents} == {1_004}
        assert got == [*range(len(got))]
        assert 0 < len(got) < MOST_WAITING
        with pytest.raises(EOFError):
            peer.receive()


@pytest.mark.parametrize("buffer_bytes", [SMALLEST_BYTES, DEFAULT_BYTES])
def test_of_many_who_send_at_once_each_keeps_its_order(buffer_bytes: int | None) -> None:
    senders, each = 5, MOST_WAITING // 5
    with pair(buffer_bytes) as (peer, line):

        def send(first: int) -> None:
            for number in range(first, first + each):
                peer.send(numbered(number, 3_000 if number % 3 else 10))

        threads = [
            threading.Thread(target=send, args=(1_000 * sender,)) for sender in range(senders)
        ]
        for thread in threads:
            thread.start()
        got = [number_of(line.receive()) for _ in range(senders * each)]
        for thread in threads:
            thread.join()
    for sender in range(senders):
        first = 1_000 * sender
        assert [one for one in got if one // 1_000 == sender] == [*range(first, first + each)]


@pytest.mark.parametrize("buffer_bytes", [SMALLEST_BYTES, DEFAULT_BYTES])
def test_frames_never_go_back_and_the_newest_arrives(buffer_bytes: int | None) -> None:
    frames = 3_000
    with pair(buffer_bytes) as (peer, line):

        def show() -> None:
            for number in range(frames):
                peer.pass_on(numbered(number, 1_000))

        showing = threading.Thread(target=show)
        showing.start()
        got = [number_of(line.receive())]
        while got[-1] != frames - 1:
            got.append(number_of(line.receive()))
        showing.join()
    assert got == sorted(set(got))
