"""One drawn patient on the reference unit: the whole program over a direct line."""

from __future__ import annotations

import random
from pathlib import Path

from controller.events import EventKind
from controller.order.planner import plan
from controller.questions import Answer, Question
from records.evidence.reader import SessionRecord, read_session
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from simulator.device.firmware import CLOCK_PPM, ReferenceFirmware
from simulator.line.direct_line import DirectClock
from simulator.table.plant import TractionPlant
from tests.campaigns.figures import Figures, Span, spans_of, take_figures
from tests.campaigns.population import DrawnPatient
from tests.campaigns.treatment import PRETENSION_N, Treatment
from tests.campaigns.truth import Watch, WatchedPatient
from tests.support.memory import memory_folder
from tests.support.sessions import SETTINGS, fixed_identifiers
from workstation.session.direct import direct_connection
from workstation.session.operators import SessionOperator
from workstation.session.treat import treat
from workstation.session.workplace import Recording, Workplace


class Examiner(SessionOperator):
    """A person who confirms everything: the campaign checks forces, not questions."""

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        self._answers[question] = Answer(accepted=True, answered_by="examiner")


def treat_on_device(patient: DrawnPatient, treatment: Treatment, *, seed: int) -> Figures:
    """Run one whole session and judge it by the truth at the cord."""
    clock = DirectClock()
    started_s, utc_ms = clock.now_s(), clock.utc_ms()
    watch = Watch(patient, stop_at_s=treatment.stop_at_s, pretension_n=PRETENSION_N)
    source = random.Random(seed)
    firmware = ReferenceFirmware(
        TractionPlant(patient.body, source),
        random=source,
        patient=WatchedPatient(watch),
        powered_on_at_s=started_s,
    )
    with memory_folder() as folder:
        result = treat(
            "direct line",
            PlannedOrder.of(treatment.order()),
            workplace=Workplace(folder=RecordFolder(Path(folder)), settings=SETTINGS, clock=clock),
            operator=Examiner(scripted=True, show=lambda snapshot: None),
            connect=direct_connection(firmware),
            recording=Recording(identifiers=fixed_identifiers(), commit_interval_s=1.0),
        )
        record = read_session(RecordFolder(Path(folder)), result.session_id)
    return take_figures(
        watch.truth(),
        _spans(record, opened_s=(record.head.started_utc_ms - utc_ms) / 1000),
        ordered=plan(treatment.order().prescription).profile,
        ramp_up_n_per_s=treatment.ramp_up_n_per_s,
        ending=f"{result.ending.outcome}: {result.ending.reason}",
    )


def _spans(record: SessionRecord, *, opened_s: float) -> list[Span]:
    """The session's phases on the unit's own, slower clock."""
    speed_of_clock = 1.0 - CLOCK_PPM * 1e-6
    phases = []
    for event in record.of_kind(EventKind.PHASE_CHANGED):
        target_dn = event.detail["target_dn"]
        assert isinstance(target_dn, int), "a phase names the force that it aims at"
        at_s = (opened_s + event.at_ms / 1000) * speed_of_clock
        phases.append((at_s, str(event.detail["to"]), target_dn / 10))
    return spans_of(phases)
