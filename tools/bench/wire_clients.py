"""The clients of `make bench`: ours, a raw one, and those of libraries, for the same exchange."""

from __future__ import annotations

import asyncio
import ctypes
import os
import select
import socket
from collections.abc import Callable
from contextlib import ExitStack
from ctypes.util import find_library
from dataclasses import replace

import minimalmodbus
import serial
from fastcrc import crc16
from pymodbus.client import (
    AsyncModbusSerialClient,
    AsyncModbusTcpClient,
    ModbusSerialClient,
    ModbusTcpClient,
)
from umodbus.client import tcp as umodbus_tcp
from umodbus.client.serial import rtu as umodbus_rtu

from controller.runtime.clock import SystemClock
from firmware_bridge.connect import unit_profile
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.tcp_socket import TcpSocket
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.line.uri import SerialAddress, TcpAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import Framing, ModbusLink, RtuFraming, TcpFraming
from firmware_bridge.modbus.registers import bytes_to_words

BAUDRATE = 115200
TIMEOUT_S = 0.5
READ = (0x100, 20)
WRITE = (0x200, [1, 2, 3, 4, 5, 6, 7, 8])
Call = Callable[[], object]


def raw(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    """About twenty lines: send, poll and read until complete, check the CRC."""
    write = b"".join(value.to_bytes(2, "big") for value in WRITE[1])
    pdu = bytes([function]) + READ[0].to_bytes(2, "big") + READ[1].to_bytes(2, "big")
    if function == 23:
        pdu += WRITE[0].to_bytes(2, "big") + (8).to_bytes(2, "big") + b"\x10" + write
    if kind == "tcp":
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", int(place))))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number, length = connection.fileno(), 49
        request = b"\x00\x01\x00\x00" + (len(pdu) + 1).to_bytes(2, "big") + b"\x01" + pdu
    else:
        port = stack.enter_context(serial.Serial(place, BAUDRATE, timeout=0))
        number, length = port.fileno(), 45
        request = b"\x01" + pdu
        request += crc16.modbus(request).to_bytes(2, "little")
    poll = select.poll()
    poll.register(number, select.POLLIN)

    def exchange() -> list[int]:
        os.write(number, request)
        data = b""
        while len(data) < length:
            if not poll.poll(500):
                raise TimeoutError
            data += os.read(number, 512)
        if kind == "rtu" and crc16.modbus(data[:-2]) != int.from_bytes(data[-2:], "little"):
            raise ValueError("CRC")
        body = data[9:] if kind == "tcp" else data[3:-2]
        return [int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body), 2)]

    return exchange


def ours(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    """The project's exchange with every check: it ends in the measurement block, CRC included."""
    if kind == "tcp":
        socket_ = TcpSocket(TcpAddress(host="127.0.0.1", port=int(place), unit=1))
        line = Line(socket_, SystemClock(), NO_WIRE, numbered=True)
        framing: Framing = TcpFraming()
    else:
        port = SerialPort(
            SerialAddress(port=place, unit=1, baudrate=BAUDRATE),
            SerialSettings(baudrate=BAUDRATE, parity="N", stopbits=1),
        )
        # The silence between frames belongs to the wait for the next tick; there is none here.
        line = Line(port, SystemClock(), replace(serial_times(BAUDRATE), silence_s=0.0))
        framing = RtuFraming()
    link = ModbusLink(line, framing, unit=1, functions=FUNCTIONS, timeout_s=TIMEOUT_S)
    stack.callback(link.close)
    block = unit_profile()[0].block("measurement")
    link.write_registers(16, block.address, block.encode({"sequence": 1}))
    if function == 3:
        return lambda: block.unpack(bytes_to_words(link.read_registers(3, *READ)))
    return lambda: block.unpack(bytes_to_words(link.read_write_registers(*READ, *WRITE)))


def pymodbus_sync(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    client: ModbusTcpClient | ModbusSerialClient
    if kind == "tcp":
        client = ModbusTcpClient("127.0.0.1", port=int(place), retries=0)
    else:
        client = ModbusSerialClient(place, baudrate=BAUDRATE, retries=0)
    client.connect()
    stack.callback(client.close)
    if function == 3:
        return lambda: client.read_holding_registers(READ[0], count=READ[1], device_id=1)
    return lambda: client.readwrite_registers(
        read_address=READ[0],
        read_count=READ[1],
        write_address=WRITE[0],
        values=WRITE[1],
        device_id=1,
    )


def pymodbus_async(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    client: AsyncModbusTcpClient | AsyncModbusSerialClient

    async def connect() -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if kind == "tcp":
            made: AsyncModbusTcpClient | AsyncModbusSerialClient = AsyncModbusTcpClient(
                "127.0.0.1", port=int(place), retries=0
            )
        else:
            made = AsyncModbusSerialClient(place, baudrate=BAUDRATE, retries=0)
        await made.connect()
        return made

    async def close() -> None:
        client.close()
        await asyncio.sleep(0)  # the transport closes its socket in the loop's next turn

    client = loop.run_until_complete(connect())
    stack.callback(lambda: loop.run_until_complete(close()))

    async def exchange() -> object:
        if function == 3:
            return await client.read_holding_registers(READ[0], count=READ[1], device_id=1)
        return await client.readwrite_registers(
            read_address=READ[0],
            read_count=READ[1],
            write_address=WRITE[0],
            values=WRITE[1],
            device_id=1,
        )

    return lambda: loop.run_until_complete(exchange())


def minimal(kind: str, place: str, function: int, stack: ExitStack) -> Call | None:
    """minimalmodbus: serial only, without function 23."""
    if kind == "tcp" or function == 23:
        return None
    instrument = minimalmodbus.Instrument(place, 1)
    instrument.serial.baudrate = BAUDRATE
    instrument.serial.timeout = TIMEOUT_S
    stack.callback(instrument.serial.close)
    return lambda: instrument.read_registers(*READ)


def umodbus(kind: str, place: str, function: int, stack: ExitStack) -> Call | None:
    """uModbus: builds a request and sends it with one call; without function 23."""
    if function == 23:
        return None
    if kind == "tcp":
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", int(place))))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(TIMEOUT_S)
        return lambda: umodbus_tcp.send_message(
            umodbus_tcp.read_holding_registers(1, *READ), connection
        )
    port = stack.enter_context(serial.Serial(place, BAUDRATE, timeout=TIMEOUT_S))
    return lambda: umodbus_rtu.send_message(umodbus_rtu.read_holding_registers(1, *READ), port)


def libmodbus(kind: str, place: str, function: int, stack: ExitStack) -> Call | None:
    """The C library libmodbus, if installed, called without a wrapper."""
    name = find_library("modbus")
    if name is None:
        return None
    library = ctypes.CDLL(name, use_errno=True)
    library.modbus_new_tcp.restype = library.modbus_new_rtu.restype = ctypes.c_void_p
    if kind == "tcp":
        client = ctypes.c_void_p(library.modbus_new_tcp(b"127.0.0.1", int(place)))
    else:
        client = ctypes.c_void_p(
            library.modbus_new_rtu(place.encode(), BAUDRATE, ctypes.c_char(b"N"), 8, 1)
        )
    library.modbus_set_slave(client, 1)
    if library.modbus_connect(client):
        raise OSError(ctypes.get_errno(), "libmodbus does not connect", place)
    stack.callback(library.modbus_close, client)
    values = (ctypes.c_uint16 * READ[1])()
    written = (ctypes.c_uint16 * len(WRITE[1]))(*WRITE[1])

    def exchange() -> list[int]:
        if function == 3:
            count = library.modbus_read_registers(client, *READ, values)
        else:
            count = library.modbus_write_and_read_registers(
                client, WRITE[0], len(written), written, *READ, values
            )
        if count != READ[1]:
            raise OSError(ctypes.get_errno(), "libmodbus has no answer", place)
        return list(values)

    return exchange


MAKERS: dict[str, Callable[[str, str, int, ExitStack], Call | None]] = {
    "raw": raw,
    "ours": ours,
    "pymodbus sync": pymodbus_sync,
    "pymodbus async": pymodbus_async,
    "minimalmodbus": minimal,
    "umodbus": umodbus,
    "libmodbus": libmodbus,
}
