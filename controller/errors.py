"""Every error that this program raises on purpose, with a stable four-digit code.

1xxx the request was wrong and nothing was sent, 2xxx the wire, 3xxx the unit, 4xxx the records,
5xxx this program.
A message names the thing, its value, the limit and the next step; no traceback reaches a user.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class TractionError(Exception):
    """The base class: ``code`` is stable, ``message`` is for people, ``detail`` is evidence.

    ``session_id`` is the session whose record contains the refusal, None before one is open.
    """

    code: ClassVar[int] = 1000
    listed: tuple[str, ...] = ()
    """What the message is about, one line each, for a person at a terminal."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.session_id: str | None = None

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class RequestRefused(TractionError):
    """The request was refused before anything was sent to a unit."""

    code = 1001


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of a number, both included, and their origin."""

    low: float
    high: float
    unit: str
    whose: str

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} {self.unit} ({self.whose})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFault:
    """One rule that an order breaks: the file's ``key``, its ``value``, and ``what`` is wrong.

    ``value`` is in newtons, seconds, N/s or kg. ``rests_on`` are the keys needed to judge the rule;
    ``bounds`` the permitted range, if the rule has one.
    """

    key: str
    value: str
    what: str
    rests_on: frozenset[str] = frozenset()
    bounds: Bounds | None = None

    @property
    def text(self) -> str:
        """Returns the fault as a sentence, with the next step."""
        return f"{self.key}={self.value} {self.what}"


class PrescriptionInvalid(RequestRefused):
    """An order or a prescription breaks a rule; the message names key, value and limit.

    ``faults`` are the rules that a prescription breaks. ``mistakes`` are sentences, one for each
    correction; the message contains them all.
    """

    code = 1002

    def __init__(
        self,
        message: str,
        *,
        faults: tuple[OrderFault, ...] = (),
        mistakes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.faults = faults
        self.mistakes = mistakes

    @classmethod
    def of_faults(cls, faults: Iterable[OrderFault]) -> PrescriptionInvalid:
        """Make the error for the broken rules, at least one."""
        all_faults = tuple(faults)
        return cls("; ".join(fault.text for fault in all_faults), faults=all_faults)


class IllegalTransition(RequestRefused):
    """The session's phase does not allow the request."""

    code = 1003


class UnitNotVerified(RequestRefused):
    """The unit at the address is not the unit that the request needs."""

    code = 1004


class AddressInvalid(RequestRefused):
    """A unit's URI does not parse."""

    code = 1005


class AnswerMissing(RequestRefused):
    """A question cannot be answered by anybody (no terminal and no ``--yes``)."""

    code = 1006


class ProfileInvalid(RequestRefused):
    """A device profile breaks its schema; the message names file, key and reason."""

    code = 1007


class CaptureInvalid(RequestRefused):
    """A capture of a line was altered or cut off; the message names file, line and reason."""

    code = 1008


class ScriptInvalid(RequestRefused):
    """A script of requests breaks its form; the message names file, step and reason."""

    code = 1021


class SelfCheckFailed(RequestRefused):
    """An item of the self-check refuses the start; the message names it and the next step."""

    code = 1020


class ClaimContextInvalid(RequestRefused):
    """A claim context breaks its schema; the message names file, key and next step."""

    code = 1030


class RulesInvalid(RequestRefused):
    """A file of rules, payers, fees, pairs or codes is invalid; file and reason are named."""

    code = 1031


class StandingInvalid(RequestRefused):
    """A standing record, or a file of them, is invalid; record, key and next step are named.

    ``rows`` names each wrong row of a file if there are several.
    """

    code = 1032

    def __init__(self, message: str, *, detail: str = "", rows: tuple[str, ...] = ()) -> None:
        super().__init__(message, detail=detail)
        self.rows = rows


class StandingChanged(RequestRefused):
    """Somebody else changed a standing record meanwhile; the message says who and when."""

    code = 1033


class SignInRefused(RequestRefused):
    """A PIN or a one-time code is wrong or missing, or the next attempt has to wait."""

    code = 1034


class RightMissing(RequestRefused):
    """An account has no role with the required right; the message names roles that have it.

    ``in_emergency``: access can be opened with a reason.
    """

    code = 1035

    def __init__(self, message: str, *, in_emergency: bool = False) -> None:
        super().__init__(message)
        self.in_emergency = in_emergency


class ExportRefused(RequestRefused):
    """An export is not written: its content is invalid, or the file belongs to another session."""

    code = 1040


class ExportIncomplete(ExportRefused):
    """A format needs missing values; the message names all of them.

    ``missing`` lists the same names if the fault is that they are missing.
    """

    code = 1041

    def __init__(self, message: str, *, detail: str = "", missing: tuple[str, ...] = ()) -> None:
        super().__init__(message, detail=detail)
        self.missing = missing


class UploadRefused(RequestRefused):
    """A receiving system did not accept a document; the message contains its response."""

    code = 1042


class ReceiverInvalid(RequestRefused):
    """A receiver's column map breaks its schema; the message names file, key and reason."""

    code = 1043


class StationBusy(RequestRefused):
    """Another process uses the folder, the unit or the port; the message says which to use."""

    code = 1070


class MessageRefused(RequestRefused):
    """A message between the station's processes is invalid; the message says why."""

    code = 1071


class LinkError(TractionError):
    """The exchange on the wire failed; ``raw`` holds the received bytes."""

    code = 2001

    def __init__(self, message: str, *, raw: bytes = b"", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.raw = raw


class LinkLost(LinkError):
    """The port or the socket is gone; it is not opened again in this session."""

    code = 2002


class ReplyTimeout(LinkError):
    """No complete answer came before the deadline."""

    code = 2003


class FrameCorrupt(LinkError):
    """Bytes came, but they are not the answer: CRC, length, unit, function or transaction."""

    code = 2004


class StaleAnswer(FrameCorrupt):
    """A valid frame that answers another request: sequence echo or uptime does not fit."""

    code = 2005


class UnitRejected(LinkError):
    """The unit answered with a Modbus exception."""

    code = 2006

    def __init__(self, message: str, *, exception_code: int, raw: bytes = b"") -> None:
        super().__init__(message, raw=raw)
        self.exception_code = exception_code


class OutcomeUncertain(TractionError):
    """An arming, disarming or service write whose answer was lost and could not be read back."""

    code = 2007


class UnitFaulted(TractionError):
    """The unit reports a fault or refuses by its own rules."""

    code = 3001


class UnitBusy(UnitFaulted):
    """The unit is driven by another host, or another session on it is open."""

    code = 3002


class InstrumentFaulted(UnitFaulted):
    """An instrument's answer contains no force; ``fault`` is the fault's value."""

    code = 3003

    def __init__(self, message: str, *, fault: str, raw: bytes = b"") -> None:
        super().__init__(message)
        self.fault = fault
        self.raw = raw


class JournalError(TractionError):
    """The record cannot be kept or read; no new session may start."""

    code = 4001


class JournalUnavailable(JournalError):
    """The database cannot be opened or written."""

    code = 4002


class JournalCorrupt(JournalError):
    """The record was altered or is damaged; the message says what and where."""

    code = 4003


class RecordNotFound(JournalError):
    """No session, note or order of that name is on file."""

    code = 4004


class SessionAmbiguous(RecordNotFound):
    """A name matches several sessions; ``listed`` describes each."""

    code = 4005

    def __init__(self, message: str, *, listed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.listed = listed


class CheckpointInvalid(RequestRefused):
    """A checkpoint was mistyped; the message names the part that is wrong."""

    code = 1050


class KeyUnavailable(JournalError):
    """The workstation's signing key, or a public key, cannot be read, made or trusted."""

    code = 4050


class NoteRefused(RequestRefused):
    """The note's state does not allow the request; the message names field and next step."""

    code = 1060


class AuditUnavailable(JournalError):
    """The audit row of an access cannot be written, so the access is refused."""

    code = 4060


class BackupRefused(RequestRefused):
    """A backup, a restore or an archive cannot be made as requested; nothing was changed."""

    code = 1095


class UpdateRefused(RequestRefused):
    """An update or a rollback cannot be made as requested; the program in use is unchanged."""

    code = 1096


class BackupAltered(JournalError):
    """A backup, or the record in it, was altered; nothing was restored."""

    code = 4095


class ProgramFailed(TractionError):
    """The program failed while a unit was armed; the message states the outcome of the release."""

    code = 5001


class SessionLogicStuck(ProgramFailed):
    """The session logic did not end although the release was over."""

    code = 5002


class SimulationStalled(TractionError):
    """A participant of virtual time did not finish within the guard of real time."""

    code = 1090


class StationUnreachable(TractionError):
    """The process that drives a unit does not answer; the message says why."""

    code = 5010
