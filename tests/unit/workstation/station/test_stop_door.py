"""Over real sockets: whatever else callers do, the next press stops."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controller.errors import RequestRefused, StationBusy
from tests.support.certificates import BEGINS, ENDS, made_certificate
from tests.support.real_time import wait_until
from tests.support.stops import OpenDoor, Table, open_door, read_all
from workstation.station.stop_door import MOST_CONNECTIONS, DoorAddress, listening
from workstation.tls import tls_of


@pytest.fixture
def table() -> Table:
    return Table("Table 1")


@pytest.fixture
def door(table: Table) -> Iterator[OpenDoor]:
    with open_door(table, Table("Table 2")) as opened:
        yield opened


def still_stops(door: OpenDoor, table: Table) -> None:
    before = len(table.presses)
    assert "STOP was ordered at 14:03:22" in door.post()
    assert len(table.presses) == before + 1
    assert door.door.is_open


def test_a_press_stops_and_a_look_does_not(door: OpenDoor, table: Table) -> None:
    assert door.post().startswith("HTTP/1.1 200 OK\r\n")
    assert "STOP Table 2" in door.get("/")
    assert len(table.presses) == 1


def test_a_body_that_never_comes_delays_nothing(door: OpenDoor, table: Table) -> None:
    with closing(door.connect()) as caller:
        caller.sendall(b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n")
        assert "STOP was ordered" in read_all(caller)
    assert len(table.presses) == 1


@pytest.mark.parametrize("body", [b"x", b"x" * 60_000, bytes(2_000_000)], ids=len)
def test_any_body_is_taken_and_the_answer_arrives(
    door: OpenDoor, table: Table, body: bytes
) -> None:
    head = f"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with closing(door.connect()) as caller:
        sender = threading.Thread(target=_send, args=(caller, head.encode() + body))
        sender.start()
        assert "STOP was ordered" in read_all(caller)
        sender.join()
    assert len(table.presses) == 1


def _send(caller: socket.socket, content: bytes) -> None:
    with suppress(OSError):  # the door does not read 2 MB
        caller.sendall(content)


def test_a_press_of_an_old_program_stops(door: OpenDoor, table: Table) -> None:
    assert "200 OK" in door.say(b"POST /stop HTTP/1.0\n\n")
    assert len(table.presses) == 1


def test_a_press_counts_although_its_sender_has_gone(door: OpenDoor, table: Table) -> None:
    with closing(door.connect()) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.sendall(b"POST /stop HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: bool(table.presses), "the press")
    still_stops(door, table)


def test_a_press_in_single_bytes_stops_once(door: OpenDoor, table: Table) -> None:
    with closing(door.connect()) as caller:
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"POST /stop/Table%201 HTTP/1.1\r\nHost: localhost\r\n\r\n":
            assert not table.presses
            caller.sendall(bytes([byte]))
        assert "STOP was ordered" in read_all(caller)
    assert len(table.presses) == 1


# --- attacks ----------------------------------------------------------------------------------


def silent(_: socket.socket) -> None:
    """Says nothing."""


def half(caller: socket.socket) -> None:
    caller.sendall(b"POST /stop HTTP/1.1\r\nHost: loc")


def huge(caller: socket.socket) -> None:
    caller.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000)


def garbage(caller: socket.socket) -> None:
    caller.sendall(b"\x16\x03\x01\x02\x00\x01\xff\n\n")


@pytest.mark.parametrize("manners", [silent, half, huge, garbage], ids=lambda one: one.__name__)
def test_a_thousand_connections_keep_no_press_out(
    door: OpenDoor, table: Table, manners: Callable[[socket.socket], None]
) -> None:
    with ExitStack() as crowd:
        for number in range(1000):
            caller = crowd.enter_context(closing(door.connect()))
            with suppress(OSError):  # it had to make room already
                manners(caller)
            if number % 200 == 199:
                still_stops(door, table)
    still_stops(door, table)
    full = f"more than {MOST_CONNECTIONS} connections to the stop door"
    assert [text for text in door.reported if "connections" in text] in ([full], [])


def test_a_head_without_an_end_is_refused(door: OpenDoor, table: Table) -> None:
    answer = door.say(b"POST /stop HTTP/1.1\r\nX: " + b"x" * 20_000)
    assert answer.startswith("HTTP/1.1 431 ")
    assert not table.presses
    still_stops(door, table)


def test_a_caller_that_never_reads_keeps_no_press_out(door: OpenDoor, table: Table) -> None:
    with ExitStack() as crowd:
        for _ in range(50):
            caller = crowd.enter_context(closing(door.connect()))
            caller.sendall(b"POST /stop HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: len(table.presses) == 50, "the presses")
        still_stops(door, table)


def test_a_unit_that_fails_ends_its_answer_and_not_the_door() -> None:
    class Broken(Table):
        def released(self) -> None:
            raise ValueError("broken")

    broken, sound = Broken("Table 1"), Table("Table 2")
    with open_door(broken, sound) as door:
        assert door.post() == ""
        assert "STOP was ordered" in door.post("/stop/Table%202")
        assert any("the stop door failed with 127.0.0.1" in text for text in door.reported)
    assert (len(broken.presses), len(sound.presses)) == (1, 1)


def test_a_port_that_is_taken_is_refused_with_the_setting(door: OpenDoor) -> None:
    with pytest.raises(StationBusy, match=rf"the port {door.port} of 127\.0\.0\.1 is in use"):
        listening(DoorAddress(host="127.0.0.1", port=door.port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "2001:db8::1"])
def test_an_address_of_elsewhere_is_refused_with_its_settings(host: str) -> None:
    with pytest.raises(
        RequestRefused, match=rf"cannot listen at {host}, port 1024 .*stop_addresses"
    ):
        listening(DoorAddress(host=host, port=1024))


# --- from another machine ---------------------------------------------------------------------


@pytest.mark.parametrize("ends", [ENDS, BEGINS + timedelta(days=1)], ids=["valid", "ended"])
def test_behind_tls_a_press_stops_beside_those_who_do_not_shake_hands(
    tmp_path: Path, table: Table, ends: datetime
) -> None:
    """One that has ended is served all the same: whoever goes on past the warning can stop."""
    made = made_certificate(tmp_path / "station.pem", ["127.0.0.1"], ends=ends)
    client = made.trusting()
    if ends < ENDS:
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with open_door(table, tls=tls_of(str(made.file))) as door, ExitStack() as crowd:
        for manners in (silent, half, garbage) * 30:
            manners(crowd.enter_context(closing(door.connect())))
        for number in range(3):
            with client.wrap_socket(door.connect(), server_hostname="127.0.0.1") as caller:
                caller.sendall(b"POST /stop HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert "STOP was ordered" in read_all(caller)
            assert len(table.presses) == number + 1
        with suppress(ConnectionResetError):
            assert door.say(b"POST /stop HTTP/1.1\r\n\r\n") == ""
    assert len(table.presses) == 3
