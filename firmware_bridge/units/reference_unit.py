"""A unit that speaks reference map v1: identification, arming, the tick's exchange, events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from controller.errors import (
    FrameCorrupt,
    LinkError,
    LinkLost,
    OutcomeUncertain,
    RequestRefused,
    UnitFaulted,
    UnitNotVerified,
    UnitRejected,
)
from controller.ports import (
    RELEASING_KINDS,
    ArmingRequest,
    CommandKind,
    ForceCommand,
    UnitCapabilities,
    UnitIdentity,
)
from controller.telemetry import Telemetry, UnitEvent, UnitFault, UnitState, UnitStatus
from firmware_bridge.modbus_link import ModbusLink
from firmware_bridge.profiles import DeviceProfile
from firmware_bridge.registers import RegisterBlock, RegisterValue, words_to_bytes
from firmware_bridge.units.freshness import (
    SEQUENCE_MODULUS,
    SequenceEcho,
    UptimeGuard,
    next_sequence,
)

MODES = {
    CommandKind.RELEASE: 1,
    CommandKind.FOLLOW: 2,
    CommandKind.HOLD: 3,
    CommandKind.RELEASE_FAST: 5,
    CommandKind.CUT_POWER: 6,
}
KEEP_ALIVE = 0
TOKENLESS = 0xFFFF_FFFF
SERVICE_ACKNOWLEDGE = 4
SERVICE_DISARM = 6
SAFE_ACTION_RAMP_NOW = 1
SECOND_CHANNEL_FEATURE = 0x0004
CONNECT_ATTEMPTS = 3
EPOCH = date(2000, 1, 1)
REFUSAL_REASONS = (
    "patient switch absent",
    "patient switch pressed",
    "emergency stop open",
    "force channel not valid",
    "force above 20 N",
    "stop test due",
    "stop latched, not acknowledged",
    "not idle",
    "value out of range",
)
"""Bits of 0x30C from bit 0 on, as our simulator sets them; the map leaves them to the maker."""


class ReferenceUnit:
    """Implements controller.ports.TractionUnit. Made by ``identify_unit``."""

    def __init__(
        self,
        link: ModbusLink,
        profile: DeviceProfile,
        profile_digest: str,
        *,
        identity: UnitIdentity,
        capabilities: UnitCapabilities,
        tick_s: float,
        may_arm: bool,
    ) -> None:
        self._link = link
        self._profile = profile
        self._measurement = profile.block("measurement")
        self._command = profile.block("command")
        self._may_arm = may_arm
        self.profile_name = profile.name
        self.profile_digest = profile_digest
        self.verified = profile.verified
        self.identity = identity
        self.capabilities = capabilities
        self.tick_s = tick_s
        self.reading_after_refusal: Telemetry | None = None
        self._token = 0
        self._sequence = 0
        self._service_sequence = 0
        self._echo = SequenceEcho()
        self._uptime = UptimeGuard()

    # --- the tick -----------------------------------------------------------------------------

    def exchange(self, command: ForceCommand) -> Telemetry:
        """One FC03 (OBSERVE) or one FC23 with the next sequence; raises LinkError."""
        if command.kind is CommandKind.OBSERVE:
            return self._observe()
        previous = self._sequence
        values = self._command_values(MODES[command.kind], command)
        telemetry = self._command_exchange(values, urgent=command.kind in RELEASING_KINDS)
        self._echo.check(self._sequence, previous, telemetry.sequence_accepted)
        return telemetry

    def find_order(self, ceiling_n: float) -> Telemetry:
        """Two keep-alives, twice if need be; raises OutcomeUncertain when the echo is neither."""
        for _ in range(2):
            try:
                first, _ = self._keep_alive(ceiling_n)
                second, telemetry = self._keep_alive(ceiling_n)
            except LinkLost:
                raise
            except LinkError:
                continue
            if self._echo.learn(first, second):
                return telemetry
        raise OutcomeUncertain(
            "the unit echoes sequences in no known order; it lets go by its watchdog, "
            "have its firmware checked"
        )

    def _keep_alive(self, ceiling_n: float) -> tuple[tuple[int, int], Telemetry]:
        hold = ForceCommand(kind=CommandKind.HOLD, ceiling_n=ceiling_n)
        telemetry = self._command_exchange(self._command_values(KEEP_ALIVE, hold), urgent=False)
        return (self._sequence, telemetry.sequence_accepted), telemetry

    def _command_values(self, mode: int, command: ForceCommand) -> list[int]:
        self._sequence = next_sequence(self._sequence)
        following = command.kind is CommandKind.FOLLOW
        return self._command.encode(
            {
                "token": self._token,
                "sequence": self._sequence,
                "mode": mode,
                "set_point": _tenths(command.force_n) if following else 0,
                "rate": _tenths(command.rate_n_per_s),
                "ceiling": _tenths(command.ceiling_n),
            }
        )

    def _command_exchange(self, values: list[int], *, urgent: bool) -> Telemetry:
        block = self._measurement
        self.reading_after_refusal = None
        try:
            words = self._link.read_write_registers(
                block.address, block.count, self._command.address, values, urgent=urgent
            )
        except UnitRejected:
            # Nothing of a refused command was applied, so its sequence is still free.
            self._sequence = (self._sequence - 2) % SEQUENCE_MODULUS + 1
            self.reading_after_refusal = self._reading_or_none()
            raise
        return self._telemetry(words)

    def _observe(self) -> Telemetry:
        block = self._measurement
        return self._telemetry(self._link.read_registers(block.address, block.count))

    def _reading_or_none(self) -> Telemetry | None:
        try:
            return self._observe()
        except LinkLost:
            raise
        except LinkError:
            return None

    def _telemetry(self, words: list[int]) -> Telemetry:
        values = numbers(self._measurement, words)
        sent_at_s = self._link.sent_at_s
        uptime_s = values["uptime"] / 1000
        self._uptime.check(sent_at_s, uptime_s)
        faults = UnitFault(values["faults"])
        age_s = values["sample_age"] / 1000
        return Telemetry(
            taken_at_s=sent_at_s - age_s,
            sequence_accepted=values["sequence"],
            command_result=values["result"],
            unit_state=_state(values["state"]),
            status=UnitStatus(values["status"]),
            faults=faults,
            first_fault_code=values["first_fault"],
            force_n=values["force_1"] / 10 if faults & UnitFault.CHANNEL_1_VALID else None,
            second_force_n=_second_force(values, faults),
            gross_force_n=values["gross_force"] / 10,
            setpoint_in_effect_n=values["set_point"] / 10,
            extension_mm=values["position"] / 10,
            speed_mm_per_s=values["speed"] / 10,
            motor_current_a=values["motor_current"] / 100,
            sample_number=values["sample_number"],
            sample_age_s=age_s,
            watchdog_left_s=values["watchdog_left"] / 1000,
            uptime_s=uptime_s,
            newest_event=values["newest_event"],
        )

    # --- arming, disarming, service -----------------------------------------------------------

    def arm(self, request: ArmingRequest) -> None:
        """Write 0x300 and take the token; raises UnitFaulted (refused) or OutcomeUncertain."""
        if not self._may_arm:
            raise RequestRefused(
                "at 9600 Bd a unit may be observed, never armed; set unit and address to 19200 Bd "
                "or more"
            )
        block = self._profile.block("arming")
        try:
            self._link.write_registers(block.address, block.encode(self._arming_values(request)))
        except UnitRejected as error:
            raise UnitFaulted(
                f"unit {self.identity.unit_id} refused to arm: {self._refusal()}; "
                "clear it and start again"
            ) from error
        except LinkLost:
            raise
        except LinkError:
            self._check_armed_after_silence()
        self._take_token()

    def _arming_values(self, request: ArmingRequest) -> dict[str, RegisterValue]:
        return {
            "key": self._profile.arming_key,
            "region": self._profile.region_codes[request.region],
            "force_limit": _tenths(request.force_limit_n),
            "rate_up": _tenths(request.rate_up_n_per_s),
            "rate_down": _tenths(request.rate_down_n_per_s),
            "watchdog": round(request.watchdog_s * 1000),
            "safe_action": SAFE_ACTION_RAMP_NOW,
            "safe_ramp_rate": self._profile.safe_ramp_rate_dn_per_s[request.region],
            "hold_time": 0,
        }

    def _check_armed_after_silence(self) -> None:
        """The answer to the arming was lost: only a reading tells whether it took effect."""
        reading = self._reading_or_none()
        if reading is None or reading.unit_state is not UnitState.ARMED:
            raise OutcomeUncertain(
                "the answer to the arming was lost and the unit does not show that it is armed; "
                "if it is, it lets go by its watchdog; start again"
            )

    def _take_token(self) -> None:
        """0x30A answers the token to the first read only; without it the watchdog must expire."""
        try:
            token = self._read("token")["token"]
        except LinkLost:
            raise
        except LinkError:
            token = TOKENLESS
        if token in (0, TOKENLESS):
            raise OutcomeUncertain(
                "the unit is armed but its token was lost; it lets go by its watchdog: "
                "acknowledge it and start again"
            )
        self._token, self._sequence = token, 0
        self._echo = SequenceEcho()

    def _refusal(self) -> str:
        try:
            bits = self._read("refusal")["reasons"]
        except LinkError:
            return "reason unknown (it could not be read)"
        named = [text for bit, text in enumerate(REFUSAL_REASONS) if bits & 1 << bit]
        return ", ".join(named) or f"reason bits 0x{bits:04X}"

    def disarm(self) -> None:
        """Service 6; raises OutcomeUncertain when the answer was lost, LinkError when refused."""
        self._service(SERVICE_DISARM, "disarming")

    def acknowledge(self) -> None:
        """Service 4; raises OutcomeUncertain when the answer was lost, LinkError when refused."""
        self._service(SERVICE_ACKNOWLEDGE, "acknowledgement")

    def _service(self, opcode: int, what: str) -> None:
        self._service_sequence = next_sequence(self._service_sequence)
        block = self._profile.block("service")
        values = block.encode({"opcode": opcode, "sequence": self._service_sequence})
        try:
            self._link.write_registers(block.address, values)
        except (UnitRejected, LinkLost):
            raise
        except LinkError as error:
            raise OutcomeUncertain(
                f"the answer to the {what} was lost ({error.message}); the unit's state shows "
                "whether it took effect"
            ) from error

    def release_without_token(self) -> None:
        """Fast release by whoever comes: mode 5 with the token that is no token."""
        values = self._command.encode({"token": TOKENLESS, "mode": MODES[CommandKind.RELEASE_FAST]})
        self._link.write_registers(self._command.address, values)

    # --- reading ------------------------------------------------------------------------------

    def seconds_since_arming(self) -> int:
        """0x30D-0x30E, read alone."""
        return self._read("arming_age")["seconds"]

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        """Entries ``first`` to ``first + count - 1``; one FC03, two across the ring's end.

        The event of sequence n stands in slot (n - 1) modulo the ring's size. Raises FrameCorrupt
        when another event stands there: it was overwritten or never written.
        """
        ring = self._profile.events
        slot = (first - 1) % ring.entries
        at_once = min(count, ring.entries - slot)
        words = self._link.read_registers(
            ring.first_entry + slot * ring.entry_words, at_once * ring.entry_words
        )
        entries = [
            self._event(words[i * ring.entry_words :], (first + i) & 0xFFFF) for i in range(at_once)
        ]
        if at_once == count:
            return entries
        return [*entries, *self.read_events(first + at_once, count - at_once)]

    def _event(self, words: list[int], sequence: int) -> UnitEvent:
        if words[0] != sequence:
            raise FrameCorrupt(
                f"event {sequence} was expected, {words[0]} stands in its slot; "
                "the entry was refused"
            )
        return UnitEvent(
            boot_count=self.identity.boot_count,
            sequence=sequence,
            code=words[1],
            uptime_ms=words[2] << 16 | words[3],
            value_1=_signed(words[4]),
            value_2=_signed(words[5]),
        )

    def _read(self, name: str) -> dict[str, int]:
        block = self._profile.block(name)
        return numbers(block, self._link.read_registers(block.address, block.count))

    def close(self) -> None:
        """Close the line."""
        self._link.close()


def identify_unit(
    link: ModbusLink, profile: DeviceProfile, profile_digest: str, *, tick_s: float, may_arm: bool
) -> ReferenceUnit:
    """Read who is there and what it can do; raises UnitNotVerified or LinkError. Writes nothing."""
    identity_words = _read_patiently(link, profile.block("identity"))
    identity = _identity(profile, identity_words)
    capability_words = _read_patiently(link, profile.block("capabilities"))
    return ReferenceUnit(
        link,
        profile,
        profile_digest,
        identity=identity,
        capabilities=_capabilities(profile, capability_words),
        tick_s=tick_s,
        may_arm=may_arm,
    )


def _read_patiently(link: ModbusLink, block: RegisterBlock) -> list[int]:
    """A read may be repeated; a refusal by the unit is an answer and is not."""
    for attempt in range(CONNECT_ATTEMPTS):
        try:
            return link.read_registers(block.address, block.count)
        except LinkLost:
            raise
        except UnitRejected as error:
            raise UnitNotVerified(
                f"the device at the address does not offer registers 0x{block.address:04X}-"
                f"0x{block.address + block.count - 1:04X} ({error.message}); "
                "it is no traction unit with reference map v1: check the address"
            ) from error
        except LinkError:
            if attempt == CONNECT_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _identity(profile: DeviceProfile, words: list[int]) -> UnitIdentity:
    block = profile.block("identity")
    raw = words_to_bytes(words)
    magic = raw[:4].decode("ascii", errors="replace")
    if magic != profile.magic:
        raise UnitNotVerified(
            f"the device at the address says {magic!r}, not {profile.magic!r}; "
            "it is another device: check the address"
        )
    _check_probes(profile, words)
    try:
        values = block.decode(words)
    except FrameCorrupt as error:
        raise UnitNotVerified(f"identification: {error.message}; have the unit checked") from error
    number = {name: value for name, value in values.items() if isinstance(value, int)}
    version, firmware = number["map_version"], number["firmware_version"]
    return UnitIdentity(
        unit_id=f"{number['unit_id']:016x}",
        model=str(values["model"]),
        serial_number=number["serial_number"],
        vendor_id=number["vendor_id"],
        product_id=number["product_id"],
        firmware=f"{firmware >> 8:x}.{firmware & 0xFF:02x}.{number['firmware_patch']}",
        firmware_crc=number["firmware_crc"],
        calibration_crc=number["calibration_crc"],
        calibrated_on=_day(number["calibrated_on"]),
        calibration_due=_day(number["calibration_due"]),
        boot_count=number["boot_count"],
        map_version=f"{version >> 8}.{version & 0xFF}",
        raw_block=raw,
    )


def _check_probes(profile: DeviceProfile, words: list[int]) -> None:
    """Map version, sign and word order, before anything else in the block is believed."""
    major = words[2] >> 8
    if major != profile.map_major:
        raise UnitNotVerified(
            f"the unit has map version {major}.{words[2] & 0xFF}, this program knows "
            f"{profile.map_major}.x; update the program or the unit's firmware"
        )
    order = words[4] << 16 | words[5]
    swapped = words[5] << 16 | words[4]
    if swapped == profile.order_probe:
        raise UnitNotVerified(
            "the unit's words are swapped (order probe 0x03040102 instead of 0x01020304); "
            "set its word order to high word first"
        )
    if order != profile.order_probe:
        raise UnitNotVerified(
            f"order probe 0x{order:08X} came, 0x{profile.order_probe:08X} is right; "
            "the device is no reference unit: check address and settings"
        )
    if _signed(words[3]) != profile.sign_probe:
        raise UnitNotVerified(
            f"sign probe {_signed(words[3])} came, {profile.sign_probe} is right; "
            "the unit's sign is not ours: have it checked"
        )


def _capabilities(profile: DeviceProfile, words: list[int]) -> UnitCapabilities:
    try:
        values = numbers(profile.block("capabilities"), words)
    except FrameCorrupt as error:
        raise UnitNotVerified(f"capabilities: {error.message}; have the unit checked") from error
    return UnitCapabilities(
        regions=frozenset(
            region for region, bit in profile.region_bits.items() if values["regions"] & bit
        ),
        features=values["features"],
        rated_force_n=values["rated_force"] / 10,
        cut_off_force_n=values["cut_off_force"] / 10,
        pretension_floor_n=values["pretension_floor"] / 10,
        max_rate_up_n_per_s=values["max_rate_up"] / 10,
        max_rate_down_n_per_s=values["max_rate_down"] / 10,
        fast_release_rate_n_per_s=values["fast_release_rate"] / 10,
        watchdog_min_s=values["watchdog_min"] / 1000,
        watchdog_max_s=values["watchdog_max"] / 1000,
        sample_period_s=values["sample_period"] / 1000,
        maximum_answer_time_s=values["maximum_answer_time"] / 1000,
        second_channel=bool(values["features"] & SECOND_CHANNEL_FEATURE),
        event_ring_size=values["event_ring_size"],
        days_since_stop_test=values["days_since_stop_test"],
        raw_block=words_to_bytes(words),
    )


def numbers(block: RegisterBlock, words: Sequence[int]) -> dict[str, int]:
    """A block of plain numbers; "not fitted" becomes the register's own 0x8000 (as -32768)."""
    return {
        name: -0x8000 if value is None else value
        for name, value in block.decode(words).items()
        if not isinstance(value, str)
    }


def _state(number: int) -> UnitState:
    try:
        return UnitState(number)
    except ValueError as error:
        raise FrameCorrupt(f"unit state {number} is not in the map; reading refused") from error


def _second_force(values: dict[str, int], faults: UnitFault) -> float | None:
    fitted = values["force_2"] != -0x8000
    return values["force_2"] / 10 if fitted and faults & UnitFault.CHANNEL_2_VALID else None


def _tenths(value: float) -> int:
    return round(value * 10)


def _signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


def _day(days: int) -> str:
    return (EPOCH + timedelta(days=days)).isoformat()
