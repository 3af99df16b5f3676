"""Holds a first visit that many tests start from: once for the same records, then copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from records.store.record_folder import RecordFolder
from simulator.line.direct_line import DirectClock
from tests.support.made_once import made_once
from tests.support.reception import FINDINGS, FIRST_TIME, OTHERWISE, Reception, reception
from workstation.visit.flow import AskedVisit, begin_visit

FIRST: Mapping[str, str] = {**FINDINGS, **OTHERWISE, **FIRST_TIME}
LONGEST_S = 3600.0


def visit_held(clinic: Reception, **answers: str) -> None:
    """Hold a first visit of TEST-1 at the terminal.

    ``answers`` are given among the usual ones. Nobody has heard its questions here, and its claim
    is stored elsewhere.
    """
    began_ms = clinic.clock.utc_ms()
    _hold(clinic.folder, began_ms, clinic.identifiers.patient_key(), {**FIRST, **answers})
    clinic.clock.sleep_until(clinic.clock.now_s() + LONGEST_S)
    clinic.identifiers.session_id(began_ms)
    next(clinic.visits)
    clinic.switched_on += 1


@made_once()
def _hold(
    folder: RecordFolder, began_ms: int, patient_key: str, answers: Mapping[str, str]
) -> None:
    with TemporaryDirectory() as documents, reception(folder, Path(documents)) as clinic:
        clinic.clock = DirectClock(utc_origin_ms=began_ms)
        clinic.identifiers = replace(clinic.identifiers, patient_key=lambda: patient_key)
        begin_visit(clinic.desk(answers), AskedVisit(reference="TEST-1"))
        assert clinic.clock.utc_ms() <= began_ms + LONGEST_S * 1000
