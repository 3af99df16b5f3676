"""Two sessions of one visit, with invented data: cervical, stopped early, then lumbar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from controller.errors import TractionError
from controller.events import EventKind
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.claims import WHOLE_CLAIM
from tests.support.commands import run, said
from tests.support.made_once import made_once
from tests.support.notes import ALL_WORDS, BEGAN_MS, IDENTITY, ORDER, Happened, recorded
from tests.support.sessions import SETTINGS

NECK, BACK = "s-1", "s-2"
LATER_MS = 10 * 60_000
LUMBAR = (
    ORDER.replace('"cervical"', '"lumbar"')
    .replace("60 N", "150 N")
    .replace("M50.120", "M54.50")
    .replace("left arm pain", "low back pain")
)
STOPPED: Happened = [
    (2_500, EventKind.UNIT_ARMED, {}),
    (30_000, EventKind.UNIT_EVENT_SEEN, {"code": 10, "unit_at_ms": 30_000, "value_1": 590}),
]
"""The patient's stop switch, as the unit's own event."""
BY = ("--by", "P. Jones")
SIGNED = ("--sign", *BY, "--credentials", "PT")


@made_once(IDENTITY)
def two_sessions(folder: RecordFolder, **second: Any) -> None:
    """A cervical session of 4 min and a lumbar one of 6; ``second`` changes the second one."""
    recorded(folder, NECK, outcome="stopped", held_ms=4 * 60_000)
    later = {"order": LUMBAR, "began_ms": BEGAN_MS + LATER_MS, "held_ms": 6 * 60_000}
    recorded(folder, BACK, **{**later, **second})


def completions() -> list[str]:
    """A person's entries for every open field."""
    return [part for name, text in ALL_WORDS.items() for part in ("--complete", f"{name}={text}")]


@made_once()
def joined(folder: RecordFolder) -> None:
    """Join the two into one visit, named by the first."""
    said(folder, "note", NECK, "--with", BACK, *BY)


@made_once()
def signed(folder: RecordFolder) -> None:
    """The same visit with its note signed."""
    joined(folder)
    said(folder, "note", NECK, *completions(), *BY, *SIGNED)


def claim_file(folder: RecordFolder, **changes: Any) -> Path:
    """A claim of the visit, as the practice's system would supply it."""
    values = load_visit(folder, NECK, SETTINGS).charge().values
    line = {
        "cpt": "97012",
        "modifiers": ["GP"],
        "charge": "22.00",
        "pos": "11",
        "dx_pointers": [1, 2],
        "started_at": values["start"],
        "ended_at": values["stop"],
        "minutes": int(values["minutes"]),
        "performed_by_role": "PT",
        "technique": "mechanical",
    }
    claim = {
        "claim_id": "CLAIM-1",
        "form": "837P",
        "date_of_service": values["dos"],
        "patient_ref": "TEST-1",
        "diagnoses": ["M50120", "M5450"],
        "payer": {"kind": "commercial", "profile": "commercial", "name": "M", "payer_id": "06102"},
        "lines": [line],
        "prior_auth_required": False,
        "related_causes": ["none"],
        "other_insurance_first": False,
        "device": {"clock_offset_s": 1},
        **WHOLE_CLAIM,
        **changes,
    }
    path = folder.path / "claim.json"
    path.write_text(json.dumps(claim))
    return path


def exported(data: RecordFolder, session: str, name: str, *words: str) -> bytes:
    """The content of one export."""
    out = data.path / f"out-{name}-{session}"
    said(data, "export", session, "--format", name, "--out", str(out), *words)
    return out.read_bytes()


def refused(data: RecordFolder, *words: str) -> TractionError:
    """The message with which a command refused."""
    error = run(data, *words).exception
    assert isinstance(error, TractionError), error
    return error


def findings(data: RecordFolder, session: str, *words: str) -> dict[str, str]:
    """Severity of each rule with a finding."""
    report = json.loads(run(data, "scrub", session, "--json", *words).stdout)
    return {finding["rule"]: finding["severity"] for finding in report["findings"]}
