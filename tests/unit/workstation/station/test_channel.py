"""Who does not have the key is told so, and nobody is kept waiting by anybody."""

from __future__ import annotations

import os
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from controller.errors import MessageRefused, RequestRefused, StationBusy, StationUnreachable
from controller.runtime.clock import SystemClock
from tests.support.peers import STRANGERS, Echoing, as_bytes, echoing
from tests.support.real_time import ROOT, freeze, wait_until
from workstation.station.channel import MOST_CONNECTIONS, REFUSED_S, Peer, connect_to, encoded_once
from workstation.station.line import MOST_BYTES, MessageLine, connect, listen
from workstation.station.place import ChannelPlace, is_held, short_path, station_folder

NO_KEY = "Table 1: a connection without the key was refused"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path")


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Echoing]:
    with echoing(tmp_path) as made:
        yield made


def echoes(both: Echoing, text: bytes = b"still there") -> bool:
    peer = both.connect()
    try:
        peer.send(text)
        return peer.receive() == text
    finally:
        peer.close()


def test_messages_go_both_ways_up_to_the_longest(both: Echoing) -> None:
    peer = both.connect()
    for text in (b"", b"{}", bytes(MOST_BYTES)):
        peer.send(text)
        assert peer.receive() == text
    peer.close()


def test_only_the_owner_may_enter_and_the_key_is_new_at_each_start(tmp_path: Path) -> None:
    keys = set()
    for _ in range(2):
        with echoing(tmp_path) as both:
            keys.add(both.place.key.read_bytes())
            modes = {
                path: stat.S_IMODE(path.stat().st_mode)
                for path in (both.place.folder, both.place.key, both.place.socket)
            }
            assert list(modes.values()) == [0o700, 0o600, 0o600]
        assert not both.place.key.exists()
        assert not both.place.socket.exists()
    assert len(keys) == 2


def test_the_folder_is_private_even_where_the_records_are_shared(tmp_path: Path) -> None:
    tmp_path.chmod(0o2750)
    assert stat.S_IMODE(station_folder(tmp_path).stat().st_mode) == 0o700


def test_one_place_has_one_listener(both: Echoing, tmp_path: Path) -> None:
    assert is_held(both.place.lock)
    with pytest.raises(StationBusy, match="keeps Table 1; use that one"):
        Echoing(tmp_path)
    assert echoes(both)


def test_a_socket_that_a_killed_listener_left_is_taken_over(tmp_path: Path) -> None:
    """The next owner has the lock, so nobody else can be at that socket."""
    place = ChannelPlace(folder=station_folder(tmp_path), called="Table 1")
    abandoned = listen(place)
    abandoned.close()
    assert place.socket.exists()
    assert not is_held(place.lock)
    with echoing(tmp_path) as both:
        assert echoes(both)


def test_a_data_folder_with_a_long_path_has_a_socket_as_well(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a" * 60] * 3)
    with echoing(deep) as both:
        assert len(os.fsencode(both.place.socket)) > 108
        assert echoes(both)


def test_a_long_path_is_refused_where_the_system_has_no_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workstation.station.place.DESCRIPTORS", tmp_path / "none")
    with (
        pytest.raises(RequestRefused, match="a socket at most 100; choose a data folder"),
        short_path(tmp_path / ("a" * 100)),
    ):
        pass


def test_two_names_that_look_alike_have_places_of_their_own(tmp_path: Path) -> None:
    names = ("Table 1", "Table-1", "table 1", "T" * 99 + "1", "T" * 99 + "2", "\u684c 1", "/../1")
    places = [ChannelPlace(folder=tmp_path, called=name) for name in names]
    assert len({place.socket for place in places}) == len(names)
    assert {place.socket.parent for place in places} == {tmp_path}


# --- who has no key ---------------------------------------------------------------------------


def test_a_silent_client_keeps_nobody_waiting_and_is_let_go(both: Echoing) -> None:
    silent = both.raw()
    assert echoes(both)
    while silent.recv(100):
        pass
    silent.close()
    assert echoes(both)
    wait_until(lambda: both.reported == [NO_KEY], "the line about it")


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
def test_who_proves_nothing_is_refused_by_name(both: Echoing, said: bytes) -> None:
    stranger = both.raw()
    stranger.sendall(said)
    while True:
        try:
            if not stranger.recv(100):
                break
        except ConnectionResetError:
            break
    stranger.close()
    wait_until(lambda: both.reported == [NO_KEY], "the line about it")
    assert echoes(both)


def test_a_key_of_another_start_is_refused_on_both_sides(both: Echoing) -> None:
    both.place.key.write_bytes(bytes(32))
    with pytest.raises(StationUnreachable, match="did not authenticate itself within 1 s"):
        both.connect()


def test_a_listener_without_the_key_is_not_believed(tmp_path: Path) -> None:
    """Somebody else at the socket learns nothing and can order nothing."""
    place = ChannelPlace(folder=station_folder(tmp_path), called="Table 1")
    place.key.write_bytes(bytes(32))
    imposter = listen(place)
    with pytest.raises(StationUnreachable, match="did not authenticate itself"):
        connect_to(place, encode=as_bytes)
    imposter.close()


def test_where_nobody_listens_the_reason_is_said(tmp_path: Path) -> None:
    place = ChannelPlace(folder=station_folder(tmp_path), called="Table 1")
    with pytest.raises(StationUnreachable, match="no program answers for Table 1"):
        connect_to(place, encode=as_bytes)


# --- too much ---------------------------------------------------------------------------------


def test_a_thousand_connections_touch_none_of_those_that_stand(both: Echoing) -> None:
    standing = both.connect()
    with ExitStack() as many:
        for _ in range(1000):
            many.enter_context(both.raw())
            assert both.listener.connections <= MOST_CONNECTIONS
        standing.send(b"order")
        assert standing.receive() == b"order"
    standing.close()
    wait_until(lambda: both.listener.connections == 0, "the end of all connections")
    refused = [text for text in both.reported if "beyond" in text]
    assert refused == [f"Table 1: a connection beyond {MOST_CONNECTIONS} was refused"]
    assert echoes(both)


def test_the_connection_behind_a_refused_one_waits_for_a_moment(tmp_path: Path) -> None:
    """Without that who opens them without an end takes the processor from who drives."""
    waits_s = list[float]()

    class Noting(SystemClock):
        def sleep_until(self, at_s: float) -> None:
            waits_s.append(at_s - self.now_s())

    both = Echoing(tmp_path, Noting())
    with ExitStack() as many:
        for _ in range(MOST_CONNECTIONS + 5):
            many.enter_context(both.raw())
        wait_until(lambda: len(waits_s) == 5, "a wait for each that was refused")
    both.listener.close()
    assert all(0 < each <= REFUSED_S for each in waits_s)


def test_whoever_comes_when_all_places_are_taken_is_told(both: Echoing) -> None:
    peers = [both.connect() for _ in range(MOST_CONNECTIONS)]
    with pytest.raises(StationUnreachable, match=r"Table 1 has 24 connections.*close a page"):
        both.connect()
    for peer in peers:
        peer.close()


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 10 * 1024 * 1024])
def test_a_message_that_is_too_long_is_answered_and_ends_the_connection(
    both: Echoing, size: int
) -> None:
    peer = both.connect()
    peer.send(bytes(size))
    assert peer.receive() == b"a message has more than 65536 bytes; nothing of it was read"
    with pytest.raises(EOFError):
        peer.receive()
    peer.close()
    assert echoes(both)


@contextmanager
def unread(folder: Path) -> Iterator[tuple[Peer, MessageLine]]:
    """A peer, and the line at its other end, of which nothing is read so far."""
    place = ChannelPlace(folder=station_folder(folder), called="Table 1")
    accepting = listen(place)
    line = connect(place)
    peer = Peer(accepting.accept(), as_bytes)
    try:
        yield peer, line
    finally:
        peer.close()
        line.close()
        accepting.close()


@pytest.mark.parametrize("size", [1_000, MOST_BYTES])
def test_a_reader_that_does_not_read_loses_frames_and_delays_nobody(
    tmp_path: Path, size: int
) -> None:
    """10 000 frames of 64 KiB would be 640 MB on the way."""
    with unread(tmp_path) as (peer, line):
        for number in range(10_000):
            peer.pass_on(number.to_bytes(2, "big") * (size // 2))
        peer.send(b"order")
        said = list[bytes]()
        while not {b"or", (9999).to_bytes(2, "big")} <= {*said}:
            got = line.receive()
            assert got is not None
            said.append(got[:2])
        assert len(said) < 1000


def test_messages_keep_their_order_past_one_that_has_to_wait(tmp_path: Path) -> None:
    """What is too long to be sent at once is not overtaken by what is short."""
    messages = [bytes([number]) * (MOST_BYTES if number % 3 else 10) for number in range(30)]
    with unread(tmp_path) as (peer, line):
        for message in messages:
            peer.send(message)
        assert [line.receive() for _ in messages] == messages


def test_what_is_sent_to_a_side_that_has_gone_raises_nothing_and_ends_the_connection(
    tmp_path: Path,
) -> None:
    with unread(tmp_path) as (peer, line):
        line.cut()
        peer.send(b"order")
        peer.pass_on(b"frame")
        with pytest.raises(EOFError):
            peer.receive()


def test_a_client_whose_listener_hangs_is_told_within_a_second(tmp_path: Path) -> None:
    place = ChannelPlace(folder=station_folder(tmp_path), called="Table 1")
    program = (
        "import sys, time; from pathlib import Path; from tests.support.peers import Echoing; "
        "Echoing(Path(sys.argv[1])); print('listens', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            freeze(process.pid)
            with pytest.raises(StationUnreachable, match="did not authenticate itself"):
                connect_to(place, encode=as_bytes)
            assert is_held(place.lock)
        finally:
            process.kill()
    assert not is_held(place.lock)


def test_a_refused_message_is_an_error_of_the_request() -> None:
    assert issubclass(MessageRefused, RequestRefused)


def test_a_torn_line_gives_nothing_more(tmp_path: Path) -> None:
    place = ChannelPlace(folder=station_folder(tmp_path), called="Table 1")
    accepting = listen(place)
    with short_path(place.socket) as path, socket.socket(socket.AF_UNIX) as plain:
        plain.connect(path)
        line = accepting.accept()
        plain.sendall(struct.pack("!i", 10) + b"half")
        with pytest.raises(MessageRefused, match="half a message"):
            line.receive()
        plain.sendall(b"rest!!" + struct.pack("!i", 2) + b"{}")
        with pytest.raises(EOFError):
            line.receive()
        line.close()
    accepting.close()


def test_what_goes_to_several_connections_in_a_row_is_encoded_once() -> None:
    seen: list[object] = []

    def encode(message: object) -> bytes:
        seen.append(message)
        return str(message).encode()

    once = encoded_once(encode)
    first, second = ["a"], ["a"]  # equal, and not the same
    assert [once(each) for each in (first, first, second, first)] == [b"['a']"] * 4
    assert len(seen) == 3
