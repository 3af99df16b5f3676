"""What came of a set of sessions, a digest each: two builds of the program must give the same.

python -m tests.campaigns.record_digests

Every hazard that can be injected, and drawn patients on every table under both force loops.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from records.evidence.reader import SessionRecord
from records.store.record_folder import RecordFolder
from tests.campaigns.acceptance import drawn_jobs, judged
from tests.safety.hazard_stage import hazard_stage
from tests.safety.test_hazards import CASES, Case
from tests.support.memory import memory_folder

REPLACING = ("30-host_suspended", "47-journal_silent")
"""Cases that replace a method of the program, which a compiled one does not allow."""
DRAWS = 2


def digests() -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of each session."""
    for case in CASES:
        if case.name not in REPLACING:
            yield f"hazard {case.name}", of_hazard(case)
    for job in drawn_jobs(DRAWS):
        name = f"{job.loop} loop, {job.table}, patient {job.patient.number}"
        yield name, _sha256(repr(judged(job).figures).encode())


def of_hazard(case: Case) -> str:
    """The whole record of a session with this hazard, and its truth."""
    with (
        memory_folder() as folder,
        hazard_stage(RecordFolder(Path(folder)), blind=case.blind, body=case.body) as stage,
    ):
        stage.run(case.inject, phase=case.phase, after_s=case.after_s)
        assert stage.record is not None, "the session was read back"
        return _sha256(_written(stage.record) + repr(stage.witness.moments).encode())


def _written(record: SessionRecord) -> bytes:
    events = [(e.sequence, e.at_ms, e.utc_ms, int(e.kind), dict(e.detail)) for e in record.events]
    return json.dumps(events, sort_keys=True).encode() + record.samples.tobytes()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    """Print one line for each session."""
    for name, digest in digests():
        print(f"{digest} {name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
