"""Tests what a new version does with a copy of the records before it is put in use.

    python -m workstation.updating.rehearsal FOLDER

Run by the new version's own interpreter: every file is brought to the new version's schema, and
every chain and signature is checked by the new version's code. Prints one line of JSON. The copy
has no private key; it gets one of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from controller.errors import TractionError, UpdateRefused
from controller.runtime.clock import SystemClock
from records.clinic.key_life import take_over_restored
from records.evidence.migration import recording_schema
from records.keeping.backup_check import Checked, check_contents
from records.keys.key_store import NoKeyStore
from records.keys.signing import known_public_keys, load_or_create_key
from records.store.clinic_file import clinic_writing
from records.store.database import open_for_writing
from records.store.record_folder import RecordFolder
from workstation.updating.installation import finished

BY: Final = "rehearsal of an update"
REHEARSAL_S: Final = 3600
"""A folder of many years is checked in some minutes."""


def rehearse(folder: RecordFolder) -> Checked:
    """Bring a copy to this version's schemas and verify it; raises TractionError."""
    store, utc_ms = NoKeyStore(), SystemClock().utc_ms
    take_over_restored(folder, by=BY, at_utc_ms=utc_ms(), store=store)
    schema = recording_schema(load_or_create_key(folder, store=store), utc_ms)
    for path in folder.unit_databases():
        open_for_writing(path, schema).close()
    if folder.clinic_database.exists():
        with clinic_writing(folder):
            pass
    with TemporaryDirectory(dir=folder.path.parent) as aside:
        return check_contents(folder, known_public_keys(folder), aside=Path(aside))


def rehearsed_by(
    python: Path, copy: RecordFolder, sessions: int, altered: Sequence[str] = ()
) -> None:
    """Have another version rehearse on a copy with so many sessions; raises UpdateRefused.

    ``altered`` are names of findings that it may report.
    """
    command = [str(python), "-P", "-m", "workstation.updating.rehearsal", str(copy)]
    try:
        done = finished(command, REHEARSAL_S)
        said = json.loads(done.stdout or "null")
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise UpdateRefused(f"the new version could not rehearse ({error})") from error
    if done.returncode or not isinstance(said, dict):
        words = " ".join(done.stderr.split())[-400:] or f"status {done.returncode}"
        raise UpdateRefused(f"the new version failed on a copy of the records: {words}")
    found = [str(one) for one in said.get("findings", ())]
    strange = [one for one in found if not one.startswith(tuple(f"{name}: " for name in altered))]
    if strange or said.get("sessions") != sessions:
        raise UpdateRefused(
            f"the new version finds {said.get('sessions')} of {sessions} sessions in a copy of the "
            f"records, and this: {'; '.join(strange) or 'nothing else'}"
        )


def main(arguments: list[str]) -> int:
    """Rehearse and report; returns the exit status."""
    try:
        checked = rehearse(RecordFolder(Path(arguments[0])))
    except TractionError as error:
        print(error, file=sys.stderr)
        return 1
    found = [f"{one.name}: {one.what}" for one in checked.findings]
    print(json.dumps({"sessions": checked.sessions, "links": checked.links, "findings": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
