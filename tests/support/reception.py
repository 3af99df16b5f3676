"""Holds a visit in virtual time: real bytes and records, and a person with scripted answers.

Questions of the session go to an operator who confirms what a person would; both are counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from controller.ports import Clock, TractionUnit
from controller.questions import Question
from records.clinic.visit_steps import VisitBegun
from records.keys.signing import SigningKey
from records.order.planned_order import PlannedOrder
from records.standing.kinds import PatientRecord
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from simulator.device.firmware import ReferenceFirmware
from simulator.line.direct_line import DirectClock
from simulator.table.patient import Patient, PressTestPatient
from simulator.units import simulated_firmware, unit_now
from tests.support.made_once import made_once
from tests.support.sessions import BAUDRATE, SETTINGS, fixed_identifiers, fixed_key
from tests.support.standing import example, keep, patient
from workstation.session.direct import direct_connection
from workstation.session.filing import read_filed
from workstation.session.identifiers import Identifiers
from workstation.session.operators import SessionOperator
from workstation.session.session_script import parse_script
from workstation.session.treat import SessionResult, treat
from workstation.session.workplace import FiledSession, Recording, Workplace
from workstation.settings import settings_at_the_clinic
from workstation.visit.desk import TreatedSession, VisitDesk, VisitHolder
from workstation.visit.dialogue import Dialogue

SIGNER = VisitHolder(name="Pat Jones", credentials="PT, DPT", initials="PJ")
TABLE = "Table 1"
Answer = str | Callable[[], str]
FINDINGS: Mapping[str, str] = {
    "symptoms": "left arm pain to the elbow",
    "rationale": "arm pain centralised with manual distraction",
    "pain_before": "6",
    "pain_after": "3",
    "patient_response": "less arm pain after the third hold",
    "tolerance": "1",
    "plan_next": "again in two days",
    "stop_comment": "patient asked for a pause",
    "adjustment_comment": "patient asked for less",
}
"""Items that are found or judged on the day."""
OTHERWISE: Mapping[str, str] = {
    "changes": "",
    "diagnosis": "y",
    "positioning": "y",
    "harness": "y",
    "angle_of_pull": "y",
    "minutes": "0 25",
    "patient_notice": "-",
    "signature": "PJ",
    "further session": "n",
}
FIRST_TIME: Mapping[str, str] = {
    "preset": "Cervical mild",
    "diagnosis": "M50.120",
    "positioning": "supine, knees supported",
    "harness": "two-piece head halter",
    "angle_of_pull": "20 deg",
}
NEW_PATIENT: Mapping[str, str] = {
    "add patient": "y",
    "last name": "Poe",
    "first name": "Mary",
    "birth date": "1971-02-28",
    "payer": "commercial",
    "payer name": "Example Health",
    "member id": "W123",
}
"""The questions about a patient who is not on file, in order."""


class Left(Exception):
    """The program was killed at this question."""


class AnsweringDialogue(Dialogue):
    """Answers by the name of the question; ``asked`` holds each with its answer."""

    def __init__(self, answers: Mapping[str, Answer], kill_at: str = "") -> None:
        super().__init__(lambda: "", self._hear)
        self.heard: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self._answers, self._kill_at = answers, kill_at
        self._again: dict[str, deque[str]] = {}

    def _hear(self, text: str) -> None:
        self.heard.append(text)

    def ask(self, name: str, text: str) -> str:
        """Returns the scripted answer; of several "a|b|c" the next one each time."""
        self.heard.append(text)
        if name == self._kill_at:
            raise Left(name)
        answer = self._of(name)
        self.asked.append((name, answer))
        return answer

    def _of(self, name: str) -> str:
        said = self._answers.get(name)
        if said is None:
            if name.startswith("identified") or name.startswith("accept "):
                return "y"
            if name.startswith("screen"):
                return "n"
            raise AssertionError(f"nobody answers {name}: {self.heard[-1]}")
        if callable(said):
            return said()
        waiting = self._again.setdefault(name, deque(said.split("|")))
        if not waiting:
            raise AssertionError(f"{name} was asked again: {self.heard[-2:]}")
        return waiting.popleft()


class CountingOperator(SessionOperator):
    """Confirms every question, and keeps which were asked."""

    def __init__(self, script: str = "") -> None:
        steps = parse_script(script, "script") if script else None
        super().__init__(scripted=True, show=lambda snapshot: None, script=steps)
        self.questions: list[Question] = []

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        """Keep the question and confirm it."""
        self.questions.append(question)
        super().ask(question, text, person_only=False)
        del person_only


def kinds_of(
    asked: Iterable[tuple[str, str]], questions: Iterable[Question]
) -> Mapping[str, list[str]]:
    """Sort every answer of a visit into its kind, each exactly once."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name, _ in asked:
        kind = "answer"
        if name.startswith("identified"):
            kind = "identification"
        elif name.startswith("screen"):
            kind = "screen"
        elif name in FINDINGS:
            kind = "finding"
        found[kind].append(name)
    for question in questions:
        found[QUESTIONS.get(question, "answer")].append(question.value)
    return found


KINDS = ("answer", "identification", "screen", "tick", "finding")
QUESTIONS = {
    Question.PATIENT_AND_ORDER: "identification",
    Question.LIFT_LOCKED: "tick",
    Question.QUICK_RELEASE_IN_REACH: "tick",
    Question.CALL_BELL_IN_HAND: "tick",
    Question.PRETENSION_LOOKS_RIGHT: "tick",
}
"""Questions of the session for lift, harness, release and bell are confirmed on a checklist;
every other question is an answer.
"""


@dataclass
class Reception:
    """A clinic with one simulated table, its clock and its visits."""

    folder: RecordFolder
    clock: DirectClock
    documents: Path
    key: SigningKey
    identifiers: Identifiers
    body: str = "cervical_sliding"
    unit: int = 1
    visits: Iterator[int] = field(default_factory=count)
    questions: list[Question] = field(default_factory=list)
    dialogue: AnsweringDialogue = field(default_factory=lambda: AnsweringDialogue({}))
    on_the_table: Callable[[], Patient] = PressTestPatient
    script: str = ""
    switched_on: int = 0
    verified: bool = False
    ended: list[str] = field(default_factory=list)

    def desk(self, answers: Mapping[str, Answer], kill_at: str = "") -> VisitDesk:
        """A desk whose person gives these answers."""
        self.dialogue = AnsweringDialogue(answers, kill_at)
        held = read_standing(self.folder)
        settings = settings_at_the_clinic(SETTINGS, held)
        number = next(self.visits)
        return VisitDesk(
            workplace=Workplace(
                folder=self.folder,
                settings=settings,
                clock=self.clock,
                warn=self.dialogue.heard.append,
            ),
            dialogue=self.dialogue,
            signer=SIGNER,
            treat=self._treat,
            close_left_open=self._close_left_open,
            documents=self.documents,
            new_id=lambda: f"visit-{number}",
        )

    def _treat(self, uri: str, planned: PlannedOrder, begun: VisitBegun) -> TreatedSession:
        operator = CountingOperator(self.script)
        done = self._session(uri, planned, operator, replace(self.recording, begun=begun))
        self.questions += operator.questions
        self.ended.append(str(done.ending.outcome))
        return TreatedSession(
            session_id=done.session_id,
            refused=False,
            early=done.ending.outcome != "completed",
        )

    def _session(
        self,
        uri: str,
        planned: PlannedOrder,
        operator: SessionOperator,
        recording: Recording,
    ) -> SessionResult:
        self.switched_on += 1  # a unit that is switched on again for each patient
        unit = simulated_firmware(
            self.body,
            self.on_the_table(),
            seed=1,
            powered_on_at_s=self.clock.now_s(),
            described=replace(unit_now(self.body, number=self.unit), boot_count=self.switched_on),
        )
        return treat(
            uri,
            planned,
            workplace=Workplace(folder=self.folder, settings=SETTINGS, clock=self.clock),
            operator=operator,
            connect=self._connecting(unit),
            recording=recording,
        )

    def treat_filed(self, filed: FiledSession, address: str) -> SessionResult:
        """Run a session whose order was filed by somebody else, as the program of a table does."""
        workplace = Workplace(folder=self.folder, settings=SETTINGS, clock=self.clock)
        planned, begun = read_filed(workplace, filed)
        recording = replace(self.recording, begun=begun, filed=filed)
        return self._session(address, planned, CountingOperator(self.script), recording)

    def _connecting(self, firmware: ReferenceFirmware) -> Callable[[str, Clock], TractionUnit]:
        """Use a direct line; with ``verified`` to a unit with a profile for patients."""
        connect = direct_connection(firmware, BAUDRATE)

        def connected(uri: str, clock: Clock) -> TractionUnit:
            unit = connect(uri, clock)
            unit.verified = unit.verified or self.verified  # type: ignore[misc]
            return unit

        return connected

    @property
    def recording(self) -> Recording:
        """Record with the folder's key and short identifiers."""
        return Recording(
            key=self.key,
            identifiers=self.identifiers,
            commit_interval_s=1.0,
        )

    def _close_left_open(self, uri: str) -> None:
        raise AssertionError(f"nothing was left open at {uri}")


@contextmanager
def reception(folder: RecordFolder, documents: Path) -> Iterator[Reception]:
    """A clinic on file with its people, a table, a preset and one patient."""
    yield Reception(folder, DirectClock(), documents, fixed_key(folder), fixed_identifiers())


@contextmanager
def first_patient(folder: RecordFolder, documents: Path) -> Iterator[Reception]:
    """The same with one patient of Medicare, whose plan of care began a week ago."""
    with reception(folder, documents) as opened:
        open_clinic(folder)
        day = datetime.fromtimestamp(opened.clock.utc_ms() / 1000).date() - timedelta(days=7)
        keep(folder, medicare_patient(day.isoformat()))
        yield opened


@made_once()
def open_clinic(folder: RecordFolder) -> None:
    """Standing data of an invented clinic that can write claims."""
    keep(folder, example("clinic", **CLINIC_OF_CLAIMS))
    keep(folder, example("person", taxonomy="225100000X"))
    keep(folder, example("unit"))
    keep(folder, example("preset", dose=DOSE))


DOSE = {
    "mode": "static",
    "hold_force": "60 N",
    "maximum_force": "80 N",
    "treatment_time": "1 min",
}
CLINIC_OF_CLAIMS = {
    "npi": "1234567893",
    "taxonomy": "225100000X",
    "phone": "5555550100",
    "address": {
        "line_1": "1 Main Street",
        "city": "Springfield",
        "state": "IL",
        "zip": "62701-0001",
    },
    "traction_line": {"charge": "22.00", "pos": "11", "technique": "mechanical"},
    "submitter_id": "TIN000001",
    "receiver_id": "PAYER01",
}


def medicare_patient(day: str, reference: str = "TEST-1", **changes: Any) -> PatientRecord:
    """An invented patient with a plan of care valid on a day, and all that a claim needs."""
    return patient(
        reference=reference,
        **{
            "sex": "F",
            "member_id": "1EG4TE5MK73",
            "address": {
                "line_1": "2 Oak Avenue",
                "city": "Springfield",
                "state": "IL",
                "zip": "62702-0002",
            },
            "payer": {
                "kind": "medicare_b",
                "profile": "medicare_b",
                "name": "Medicare Part B",
                "payer_id": "06102",
            },
            "plan": {
                "established": day,
                "discipline": "GP",
                "includes_traction": True,
                "certified_on": day,
                "cert_through": "2099-12-31",
                "treatment_days_since_progress_report": 4,
            },
            "referring": {"last_name": "Smith", "first_name": "Alan", "npi": "1003000126"},
            "initial_treatment_date": day,
            "prior_auth_required": False,
            "accept_assignment": True,
            "benefits_assigned": True,
            "release_of_information": True,
            "related_causes": ["none"],
            "other_insurance_first": False,
            "threshold_check": {"checked_on": day, "by": "A. Example", "result": "below"},
            **changes,
        },
    )
