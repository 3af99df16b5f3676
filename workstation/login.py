"""Who runs this program, as far as the operating system knows."""

from __future__ import annotations

import getpass
import os

from controller.words import NAME_CHARACTERS, fault_of


def login_name() -> str:
    """Return the account's name; its number where the system has no name that a record could hold.

    A container has accounts without a name, and the variables that are read first (LOGNAME, USER)
    may contain anything.
    """
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = ""
    if name.strip() and not fault_of(name, NAME_CHARACTERS):
        return name
    return f"user {os.getuid()}" if hasattr(os, "getuid") else "user without a name"
