"""The meaning of each exit status, and which error ends with which."""

from __future__ import annotations

from controller.errors import (
    AddressInvalid,
    AnswerMissing,
    JournalError,
    PrescriptionInvalid,
    ProfileInvalid,
    ProgramFailed,
    RecordNotFound,
    RequestRefused,
    TractionError,
    UnitNotVerified,
)

COMPLETED, WRONG, REFUSED, RECORD_BAD, ENDED_EARLY = 0, 2, 3, 4, 5


def exit_status(error: TractionError, *, session_opened: bool = False) -> int:
    """Returns the exit status of an error; once a session is open, a refusal is 3 of any kind."""
    if isinstance(error, RecordNotFound):
        return WRONG
    if isinstance(error, JournalError):
        return RECORD_BAD
    if isinstance(error, ProgramFailed):
        return ENDED_EARLY
    usage = (PrescriptionInvalid, AddressInvalid, AnswerMissing, ProfileInvalid)
    plain_refusal = isinstance(error, RequestRefused) and not isinstance(error, UnitNotVerified)
    if not session_opened and (isinstance(error, usage) or plain_refusal):
        return WRONG
    return REFUSED
