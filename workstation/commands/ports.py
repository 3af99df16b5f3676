"""``traction ports``: lists connected serial adapters, and what to write in an address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from workstation.commands.options import JsonOption
from workstation.output import say, say_json

if TYPE_CHECKING:
    from firmware_bridge.line.ports import Port


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("ports")(ports)


def ports(*, as_json: JsonOption = False) -> None:
    """List the serial adapters of this computer; no port is opened."""
    from firmware_bridge.line.ports import NO_PORT, known_ports

    known = known_ports()
    if as_json:
        say_json("ports", {"ports": [_facts(port) for port in known]})
        return
    if not known:
        say(NO_PORT)
    for port in known:
        for line in _lines(port):
            say(line)


def _facts(port: Port) -> dict[str, object]:
    return {
        "device": port.device,
        "title": port.title,
        "vid": port.vid,
        "pid": port.pid,
        "serial_number": port.serial_number,
        "latency_timer_ms": port.latency_ms,
        "stable_path": port.stable_path,
        "adapter": str(port.adapter) if port.adapter else None,
    }


def _lines(port: Port) -> Iterator[str]:
    """Yields what is known of a port, for people."""
    yield f"{port.device}: {port.title}"
    number = f"serial number {port.serial_number}" if port.serial_number else "no serial number"
    yield f"  VID {port.vid}, PID {port.pid}, {number}"
    timer = "none" if port.latency_ms is None else f"{port.latency_ms} ms"
    yield f"  latency timer: {timer}"
    yield f"  stable path: {port.stable_path or 'none'}"
    place = f":{port.adapter}" if port.adapter else f"://{port.stable_path or port.device}"
    yield f"  address: modbus-rtu{place}?unit=1 or ascii{place}"
