"""The author of the register of sessions, and when it may wait."""

from __future__ import annotations

from controller.errors import JournalError
from records.clinic.session_register import note_seals
from records.keys.key_folder import key_history
from records.keys.signing import SigningKey
from records.store.author import Author
from workstation.login import login_name
from workstation.session.workplace import Workplace


def program_author(workplace: Workplace, key: SigningKey) -> Author:
    """Returns the account that runs the session, now."""
    user = login_name()
    return Author(
        by=user,
        user=user,
        at_utc_ms=workplace.clock.utc_ms(),
        key=key,
        key_records=key_history(workplace.folder).head,
    )


def note_new_seals(workplace: Workplace, key: SigningKey) -> None:
    """Note new seals in the register; what fails now is noted by the next writer of clinic.db."""
    try:
        note_seals(workplace.folder, program_author(workplace, key))
    except JournalError as error:
        workplace.warn(f"the seal is not noted in clinic.db yet: {error.message}")
