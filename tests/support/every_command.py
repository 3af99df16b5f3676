"""The names of the commands that write; a test compares them with the program."""

from __future__ import annotations

STANDING = ("clinic", "people", "units", "presets", "patients", "accounts")
WRITING = {
    *(f"{group} {what}" for group in STANDING for what in ("add", "change", "import")),
    "patients flag",
    "patients end-flag",
    "accept",
    "accounts code",
    "accounts pin",
    "appointments import",
    "archive",
    "codes import",
    "commission",
    "demo",
    "forms day",
    "forms sheet",
    "key accept",
    "key revoke",
    "key rotate",
    "move-years",
    "observe",
    "quarantine accept",
    "quarantine put",
    "repack",
    "restore",
    "console",
    "control",
    "watch",
    "run",
    "simulate",
    "sound-check",
    "station",
    "training",
    "stop-test",
    "upload",
    "claims",
    "visit",
}
ALL_WRITING = WRITING | {"backup", "export", "hold", "note", "retention", "update"}
"""Including commands that read or write depending on their arguments."""
