"""Injections of the matrix that need more than one call."""

from __future__ import annotations

from records.evidence.journal import SqliteJournal
from simulator.map_v1 import COMMAND, FORCE, RegisterRefused, crc16_of_registers
from tests.safety.matrix_stage import CellStage


def foreign_command(h: CellStage, *, ahead: int, token: int | None = None) -> None:
    """A second host sends a command of its own."""
    words = [*divmod(h.firmware.token if token is None else token, 0x10000)]
    words += [h.firmware.machine.sequence + ahead, FORCE, 400, 0, 0]
    try:
        h.firmware.write_registers(COMMAND, [*words, crc16_of_registers(words)])
    except RegisterRefused:
        h.refusals += 1


def three_foreign_tokens(h: CellStage) -> None:
    """A second host that does not know the token."""
    for _ in range(3):
        foreign_command(h, ahead=1, token=0x1234)


def block(h: CellStage) -> None:
    """The host is blocked for 0.4 s."""
    h.clock.sleep_until(h.clock.now_s() + 0.4)


def suspend(h: CellStage) -> None:
    """The boot clock advances while the monotonic one is stopped: 10 s of sleep."""
    now_s = h.clock.now_s
    h.set(h.clock, "boot_s", lambda: now_s() + 10.0)


def step_wall_clock(h: CellStage) -> None:
    """The workstation's clock is set back by an hour."""
    utc_ms = h.clock.utc_ms
    h.set(h.clock, "utc_ms", lambda: utc_ms() - 3_600_000)


def dead_journal(h: CellStage) -> None:
    """No record becomes durable any more, as far as the journal can tell."""
    dead_s = h.clock.now_s()
    h.set(SqliteJournal, "age_s", lambda self, now_s: now_s - dead_s)


def jump(h: CellStage) -> None:
    """A cough that is stronger than those of the population, or as strong as the strongest."""
    h.firmware.body.jump({"cervical": 8.0, "lumbar": 12.0}[h.region])


def hunt(h: CellStage) -> None:
    """The regulator's gain is far too high, and a cough starts the oscillation."""
    h.firmware.machine.loop.gain_factor = 30.0
    h.firmware.body.jump(3.0)


def brake(h: CellStage) -> None:
    """The unit reports a release without power but does not release: a brake is closed."""
    h.firmware.keeps_force_without_power = True


def cut_with_brake(h: CellStage) -> None:
    """Mains power fails, and a brake keeps the force."""
    brake(h)
    h.firmware.cut_power()


def restart_with_brake(h: CellStage) -> None:
    """Mains power fails for 0.2 s, and a brake keeps the force."""
    brake(h)
    h.firmware.power_cycle(0.2)


def panel(h: CellStage, *, announced: bool) -> None:
    """Somebody sets a force at the unit's panel."""
    force_n = {"cervical": 106.0, "lumbar": 300.0}[h.region]
    h.firmware.machine.set_at_panel(force_n, announced=announced)


def spasm(h: CellStage) -> None:
    """Muscles pull, and keep pulling."""
    h.firmware.body.spasm({"cervical": 90.0, "lumbar": 180.0}[h.region])


def echo_nothing(h: CellStage) -> None:
    """The unit echoes no watchdog."""
    h.firmware.watchdog.echo_ms = 0


def cut_line(h: CellStage) -> None:
    """The cable is disconnected."""
    h.line.cut = True


def unplug_adapter(h: CellStage) -> None:
    """The adapter is unplugged, and its port is gone."""
    h.line.gone = True


def spoilt(h: CellStage) -> bool:
    """True if the line corrupted at least one answer."""
    return h.line.faults.done > 0


def unpowered(h: CellStage) -> bool:
    """True if the supply was lost."""
    return not h.firmware.powered or h.firmware.unit.boot_count > 1
