"""The device's state machine: one cycle every 10 ms of the device's own time.

Source: reference map, B.5 and B.10. It does not deal with registers, tokens or sequences; it
senses, supervises and drives, and it releases by itself.
"""

from __future__ import annotations

import random
from typing import Final

from simulator.device.command_block import FAST_NOW, HOLD_THEN_RAMP, Command, SessionLimits
from simulator.device.event_ring import EventRing
from simulator.device.guards import ForceGuards, trip_n
from simulator.device.register_image import FEATURE_SWITCH_SENSED, UnitDescription, tenths
from simulator.device.regulator import CYCLE_S, ForceRegulator
from simulator.device.release import (
    CUT_LIMIT_S,
    RELEASED_N,
    ReleaseUnderWay,
    Strength,
    pay_out_speed_mm_per_s,
)
from simulator.device.sensing import FAULT_BITS, ForceChannels
from simulator.device.variants import Variants
from simulator.map_v1 import FORCE, HOLD, EventCode, State
from simulator.table.inputs import EmergencyStop, SwitchOnPlug
from simulator.table.plant import STEP_S, TractionPlant

STEPS_PER_CYCLE: Final = round(CYCLE_S / STEP_S)
DISARM_MAX_N: Final = 20.0
LINK_LOST_S: Final = 0.1
SELF_TEST_S: Final = 1.0
EXPIRY_RAMP_S: Final = 5.0
CERVICAL_SERIES_N_PER_MM: Final = 4.62
LUMBAR_SERIES_N_PER_MM: Final = 7.5
RISE_MARGIN_N = {False: 20.0, True: 40.0}

REACTIONS = {
    EventCode.SWITCH_PRESSED: Strength.FAST,
    EventCode.SWITCH_UNPLUGGED: Strength.FAST,
    EventCode.EMERGENCY_STOP_OPEN: Strength.CUT,
    EventCode.BAD_TOKEN: Strength.RAMP,
    EventCode.OVER_FORCE: Strength.FAST,
    EventCode.OVER_RATE: Strength.FAST,
    EventCode.CORD_BREAK: Strength.FAST,
    EventCode.SLACK: Strength.RAMP,
    EventCode.STROKE_END: Strength.RAMP,
    EventCode.CHANNELS_DISAGREE: Strength.RAMP,
    EventCode.CELL_OPEN: Strength.FAST,
    EventCode.CELL_STUCK: Strength.FAST,
}


class UnitMachine:
    """State, session, watchdog and motion. Newtons, millimetres, seconds of the device's clock."""

    def __init__(
        self,
        plant: TractionPlant,
        unit: UnitDescription,
        random: random.Random,
        variants: Variants | None = None,
    ) -> None:
        self.plant = plant
        self.unit = unit
        self.variants = variants or Variants()
        self.channels = ForceChannels(unit, random)
        self.switch = SwitchOnPlug(senses_plug=unit.has(FEATURE_SWITCH_SENSED))
        self.emergency_stop = EmergencyStop()
        self.ring = EventRing()
        self.state = State.IDLE
        self.limits: SessionLimits | None = None
        self.ceiling_n = 0.0
        self.sequence = 0
        self.armed_at_s = 0.0
        self.watchdog_expired = False
        self.first_fault = 0
        self.latched_faults = 0
        self.loop = ForceRegulator(CERVICAL_SERIES_N_PER_MM)
        self.guards = ForceGuards(RISE_MARGIN_N[False], 0.0)
        self._release: ReleaseUnderWay | None = None
        self._tripped: set[EventCode] = set()
        self._rate_up = self._rate_down = 0.0
        self._expires_at_s = 0.0
        self._link_closed_at_s: float | None = None
        self._speed_command = 0.0
        self._cycles = 0
        self._self_test_until_s = self._latched_again_at_s = 0.0
        self.panel_force_n: float | None = None
        self.local_takeover = False
        self.uptime_s = 0.0
        self.uptime_ahead_s = 0.0
        """Added to ``uptime_s`` in 0x110 and the events; a restart begins at 0."""
        plant.clutch_closed = False
        self.log(EventCode.BOOT, unit.boot_count, 0)

    # -- what others ask -------------------------------------------------------------------------

    @property
    def motor_cut(self) -> bool:
        """True if the safety chain has cut the drive torque."""
        cut = self._release is not None and self._release.strength is Strength.CUT
        return cut or self.emergency_stop.open

    def watchdog_left_s(self, at_s: float) -> float:
        if self.limits is None or self.watchdog_expired or self.variants.watchdog.stopped:
            return 0.0
        return max(0.0, self._expires_at_s - at_s)

    def at_set_point(self) -> bool:
        loop = self.loop
        following = self.state in (State.TRACKING, State.HOLDING)
        close = abs(self.channels.force_n - loop.setpoint_n) <= 2.0
        return following and close and loop.setpoint_n == loop.target_n

    # -- what a host orders ----------------------------------------------------------------------

    def arm(self, limits: SessionLimits, at_s: float) -> None:
        """Close the clutch and start the watchdog; the motor holds and may only pay out."""
        series = LUMBAR_SERIES_N_PER_MM if limits.is_lumbar else CERVICAL_SERIES_N_PER_MM
        self.limits, self.ceiling_n, self.sequence = limits, limits.ceiling_n, 0
        self.loop = ForceRegulator(series)
        self.guards = ForceGuards(RISE_MARGIN_N[limits.is_lumbar], limits.ceiling_n)
        self.guards.disabled = self.variants.blind
        self._rate_up, self._rate_down = limits.rate_up_n_per_s, limits.rate_down_n_per_s
        self._tripped.clear()
        self._link_closed_at_s = None
        self.armed_at_s = at_s
        self.feed(at_s)
        self.plant.clutch_closed, self.plant.brake_on = True, False
        self.state = State.ARMED
        self.log(EventCode.ARMED, limits.region, tenths(limits.ceiling_n))

    def follow(self, command: Command) -> None:
        """Apply an accepted keep-alive, force or hold order from the next cycle on."""
        limits = self._session()
        rate = command.rate_n_per_s or max(limits.rate_up_n_per_s, limits.rate_down_n_per_s)
        self._rate_up = min(rate, limits.rate_up_n_per_s)
        self._rate_down = min(rate, limits.rate_down_n_per_s)
        self.ceiling_n = command.ceiling_n or limits.ceiling_n
        self.guards.trip_force_n = trip_n(self.ceiling_n)
        if command.mode == FORCE:
            panel_n = self.panel_force_n
            self.loop.target_n = command.setpoint_n if panel_n is None else panel_n
            self.state = State.TRACKING
        elif command.mode == HOLD and self.state is not State.HOLDING:
            self.loop.hold(max(0.0, min(self.channels.force_n, limits.ceiling_n)))
            self.state = State.HOLDING

    def feed(self, at_s: float) -> None:
        """Feed the watchdog for a new command; without effect after a closed connection."""
        self._expires_at_s = at_s + self._session().watchdog_s
        if self._link_closed_at_s is not None:
            self._expires_at_s = min(self._expires_at_s, self._link_closed_at_s + LINK_LOST_S)

    def close_link(self, at_s: float) -> None:
        """Handle the close of the armed connection: expiry after 100 ms (reference map, B.5)."""
        if self.limits is not None and self._link_closed_at_s is None:
            self._link_closed_at_s = at_s
            self._expires_at_s = min(self._expires_at_s, at_s + LINK_LOST_S)

    def release(
        self,
        strength: Strength,
        *,
        latching: bool = False,
        rate_n_per_s: float = 0.0,
        hold_s: float = 0.0,
    ) -> None:
        """Release, or make a release stronger. Without a session only a brake can hold."""
        if self.limits is None:
            self._release_again()
            return
        if not latching and self._is_free_already(strength):
            return
        rate = rate_n_per_s or self.limits.rate_down_n_per_s
        if self._release is None:
            force_n = max(0.0, self.channels.force_n)
            self.loop.start_release(force_n)
            self._release = ReleaseUnderWay(
                strength=strength,
                latching=latching,
                rate_n_per_s=rate,
                since_s=self.uptime_s,
                hold_until_s=self.uptime_s + hold_s,
                pay_out_mm_per_s=pay_out_speed_mm_per_s(force_n, lumbar=self.limits.is_lumbar),
            )
            self.state = State.RELEASING
        else:
            self._release.strengthen(
                strength, latching=latching, rate_n_per_s=rate, now_s=self.uptime_s
            )
        if self._release.strength is Strength.CUT:
            self._switch_motor_off()

    def _is_free_already(self, strength: Strength) -> bool:
        """True if a repeated release must start no other; hosts repeat it until state 2."""
        if self.variants.reenters_release:
            return False
        armed = self.state is State.ARMED and self._release is None
        return armed and strength is not Strength.CUT and self.channels.largest_n <= RELEASED_N

    def _release_again(self) -> None:
        """Release without a session: open what could hold, and show it if the unit does."""
        self._switch_motor_off()
        if self.variants.reenters_release and self.state is State.SAFE_LATCHED:
            self.state = State.RELEASING
            self._latched_again_at_s = self.uptime_s + CUT_LIMIT_S

    def _latch_again(self, now_s: float) -> None:
        if self.channels.largest_n <= RELEASED_N or now_s >= self._latched_again_at_s:
            self.state = State.SAFE_LATCHED

    def disarm(self, service_sequence: int) -> bool:
        """Motor off and clutch open; False above 20 N. A latching release stays latched."""
        if self.channels.magnitude_n > DISARM_MAX_N:
            return False
        if self.limits is not None:
            latching = self._release is not None and self._release.latching
            self._end_session(State.SAFE_LATCHED if latching else State.IDLE, service_sequence)
        return True

    def acknowledge(self) -> bool:
        """Return to idle from the latched state; False above 20 N."""
        if self.channels.magnitude_n > DISARM_MAX_N:
            return False
        self.state = State.IDLE
        self.watchdog_expired = False
        self.first_fault = self.latched_faults = 0
        self.channels.stuck = False
        return True

    def start_self_test(self) -> None:
        self.state = State.SELF_TEST
        self._self_test_until_s = self.uptime_s + SELF_TEST_S

    def blind(self) -> None:
        """Disable the unit's own supervision of the force permanently.

        Inputs, stroke, open cells and the watchdog keep working, and a release of its own still
        gets stronger with time.
        """
        self.variants.blind = self.guards.disabled = True

    def set_at_panel(self, force_n: float, *, announced: bool) -> None:
        """Set another force at the panel; ``announced``: the unit reports it (bit 13 of A)."""
        self.panel_force_n = force_n
        self.local_takeover = announced

    def tare(self) -> bool:
        """Zero both channels in RAM; False with force on or without rest (B.7)."""
        done = self.channels.tare()
        if done:
            self.log_here(EventCode.TARE)
        return done

    def fail(self, cause: EventCode) -> None:
        """Fail with a fault that no acknowledgement clears: state 7, motor off, clutch open."""
        self.first_fault = self.first_fault or int(cause)
        self.log_here(cause)
        if self.limits is not None:
            self._end_session(State.FAULT, 0)
        self.state = State.FAULT

    def trip(self, cause: EventCode) -> None:
        """Stop by the unit's own decision: once per cause and session, recorded, latching."""
        if self.limits is None or cause in self._tripped:
            return
        self._tripped.add(cause)
        self.log_here(cause)
        self.latched_faults |= FAULT_BITS.get(cause, 0)
        self.channels.stuck |= cause is EventCode.CELL_STUCK
        self.first_fault = self.first_fault or int(cause)
        self.release(REACTIONS[cause], latching=True)

    # -- one device cycle ------------------------------------------------------------------------

    def cycle(self) -> None:
        """Sense, supervise, drive. The speed decided here acts during the next 10 ms."""
        self._cycles += 1
        self.uptime_s = now_s = self._cycles * CYCLE_S
        releasing = self.state is State.RELEASING
        speed = self.plant.winch.speed_mm_per_s(self._speed_command, releasing=releasing)
        self.plant.advance(STEPS_PER_CYCLE, speed)
        self.channels.sample(self.plant.cell_force_n + self.plant.hung_n, now_s, CYCLE_S)
        self._watch_inputs(now_s)
        if self.limits is not None:
            self._watch_link(now_s)
            self._watch_force()
            self._drive(now_s)
        elif self.state is State.SELF_TEST and now_s >= self._self_test_until_s:
            self.state = State.IDLE
        elif releasing:
            self._latch_again(now_s)
        if self.variants.set_point_register.period_s:
            self.variants.set_point_register.take(now_s, self.loop.setpoint_n)

    def _watch_inputs(self, now_s: float) -> None:
        if (event := self.switch.sample(now_s)) is not None:
            self._react(event)
        if (event := self.emergency_stop.sample()) is not None:
            self._react(event)

    def _react(self, event: EventCode) -> None:
        if event in REACTIONS and self.limits is not None and event not in self._tripped:
            self.trip(event)
        else:
            self.log_here(event)

    def _watch_link(self, now_s: float) -> None:
        if self.watchdog_expired or now_s < self._expires_at_s or self.variants.watchdog.stopped:
            return
        limits = self._session()
        self.watchdog_expired = True
        self.log_here(EventCode.WATCHDOG_EXPIRED)
        self.first_fault = self.first_fault or int(EventCode.WATCHDOG_EXPIRED)
        self.release(
            Strength.FAST if limits.safe_action == FAST_NOW else Strength.RAMP,
            latching=True,
            rate_n_per_s=max(limits.safe_ramp_n_per_s, self.channels.force_n / EXPIRY_RAMP_S),
            hold_s=limits.safe_hold_s if limits.safe_action == HOLD_THEN_RAMP else 0.0,
        )

    def _watch_force(self) -> None:
        plant, channels = self.plant, self.channels
        following = self._release is None
        found = self.guards.check(
            force_n=channels.force_n,
            second_n=channels.second_n,
            setpoint_n=self.loop.setpoint_n,
            position_mm=plant.position_mm,
            speed_mm_per_s=plant.speed_mm_per_s,
            following=following,
        )
        if channels.any_open:
            self.trip(EventCode.CELL_OPEN)
        elif found is not None:
            self.trip(found)
        elif following and plant.position_mm >= plant.parameters.stroke_mm:
            self.trip(EventCode.STROKE_END)

    def _drive(self, now_s: float) -> None:
        force_n = self.channels.force_n
        if self._release is not None:
            self._drive_release(self._release, now_s)
        elif self.state is State.ARMED:
            self._speed_command = min(0.0, self.loop.step(force_n, 0.0, self._rate_down))
        else:
            self._speed_command = self.loop.step(force_n, self._rate_up, self._rate_down)

    def _drive_release(self, release: ReleaseUnderWay, now_s: float) -> None:
        if self.channels.largest_n <= RELEASED_N:
            self._finish_release(release)
        elif release.overdue(now_s):
            self._escalate(release)
        elif release.strength is Strength.FAST:
            self._speed_command = -release.pay_out_mm_per_s
        elif release.strength is Strength.RAMP:
            rate = 0.0 if now_s < release.hold_until_s else release.rate_n_per_s
            self._speed_command = min(0.0, self.loop.step(self.channels.force_n, 0.0, rate))

    def _escalate(self, release: ReleaseUnderWay) -> None:
        self.log_here(EventCode.FORCE_STILL_ON)
        if release.strength is Strength.CUT:
            self._finish_release(release)
        else:
            self.release(Strength(release.strength + 1), latching=True)

    def _finish_release(self, release: ReleaseUnderWay) -> None:
        if release.latching:
            self._end_session(State.SAFE_LATCHED, 0)
            return
        self._release = None
        self.loop.hold(0.0)
        self._speed_command = 0.0
        self.state = State.ARMED

    def _end_session(self, state: State, service_sequence: int) -> None:
        self._switch_motor_off()
        self._release = None
        self.limits = None
        self.loop.hold(0.0)
        self.state = state
        self.log(EventCode.DISARMED, self.sequence, service_sequence)

    def _switch_motor_off(self) -> None:
        self._speed_command = 0.0
        self.plant.clutch_closed = self.plant.brake_on = False

    def _session(self) -> SessionLimits:
        assert self.limits is not None, "only called while a session is armed"
        return self.limits

    # -- events ----------------------------------------------------------------------------------

    def log(self, code: EventCode, value_1: int, value_2: int) -> None:
        uptime_ms = round((self.uptime_s + self.uptime_ahead_s) * 1000)
        self.ring.append(code, uptime_ms=uptime_ms, value_1=value_1, value_2=value_2)

    def log_here(self, code: EventCode) -> None:
        """Log an event; value 1 is force channel 1, value 2 the position, both in tenths (B.10)."""
        self.log(code, self.channels.net_1, tenths(self.plant.position_mm))
