"""Sessions that people steer while they run: what they asked for is what was pulled."""

from __future__ import annotations

from controller.events import EventKind, Outcome
from controller.order.phases import Phase
from controller.questions import Answer, Question
from controller.snapshot import Snapshot
from records.evidence.integrity import verify
from records.store.record_folder import RecordFolder
from tests.support.independent_dose import independent_dose
from tests.support.sessions import SHORT_CERVICAL, staged
from workstation.session.operators import SessionOperator
from workstation.session.session_script import parse_script

STEERED = """
step = [
  { at = "10 s",  do = "pause",      by = "A. Example, PT",  reason = "head turned" },
  { at = "20 s",  do = "check B. Example, PTA", by = "B. Example, PTA" },
  { at = "30 s",  do = "-6 N",       by = "A. Example, PT",  reason = "pain" },
  { at = "80 s",  do = "resume",     by = "A. Example, PT" },
  { at = "92 s",  do = "+5 N",       by = "A. Example, PT",  reason = "tolerates it" },
  { at = "93 s",  do = "+5 N",       by = "A. Example, PT",  reason = "too soon" },
  { at = "100 s", do = "remark",     by = "B. Example, PTA", reason = "asleep" },
]
"""


def test_pause_adjust_resume_check_and_remark(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        result = stage.treat(SHORT_CERVICAL + 'maximum_force = "66 N"\n', script=STEERED)
        record = stage.visit(result.session_id).record
        dose = stage.visit(result.session_id).note.dose
    assert result.ending.outcome == Outcome.COMPLETED

    def details(kind: EventKind) -> list[dict[str, object]]:
        return [dict(event.detail) for event in record.of_kind(kind)]

    assert [(d["by"], d["reason"]) for d in details(EventKind.PAUSED)] == [
        ("A. Example, PT", "head turned")
    ]
    assert [
        (d["by"], d["reason"], d["old_force_dn"], d["new_force_dn"])
        for d in details(EventKind.FORCE_ADJUSTED)
    ] == [
        ("A. Example, PT", "pain", 600, 540),
        ("A. Example, PT", "tolerates it", 540, 590),
    ]
    assert [d["by"] for d in details(EventKind.CHECK_IN_RECORDED)] == ["B. Example, PTA"]
    assert details(EventKind.REMARK_RECORDED) == [{"by": "B. Example, PTA", "text": "asleep"}]
    assert "wait 2 s" in str(details(EventKind.REQUEST_REFUSED)[0]["reason"])
    (resumed,) = details(EventKind.RESUMED)
    assert (resumed["from_dn"], resumed["to_dn"]) == (150, 540)
    assert str(resumed["confirmed_by"]).startswith("script")

    # The treatment is as long as ordered, and the pause with the way back is left out of it.
    assert dose.traction_ms in range(60_000, 60_050)
    # 70 s of pause and 3.9 s of ramp from the pretension back to 54 N.
    assert dose.paused_ms in range(73_900, 74_000)
    expected = independent_dose(record.events, record.samples.tobytes())
    assert {name: getattr(dose, name) for name in expected} == expected
    samples = record.samples
    paused = samples[samples["phase"] == int(Phase.PAUSED)]
    assert (paused["force_1_dn"] < 680).all()
    assert paused["force_1_dn"].min() < 200
    assert not verify(folder).alterations


CYCLIC = SHORT_CERVICAL.replace("intermittent", "cyclic") + "progressive_steps = 1\n"
END = 'step = [{ at = "55 s", do = "end", by = "A. Example, PT", reason = "time is up" }]'


def test_a_cyclic_treatment_with_a_step_is_ended_early(folder: RecordFolder) -> None:
    with staged(folder, wire="direct") as stage:
        result = stage.treat(CYCLIC, script=END)
        visit = stage.visit(result.session_id)
    record = visit.record
    assert result.ending.outcome == Outcome.STOPPED
    assert result.ending.reason == "ended early by A. Example, PT: time is up"
    changes = [(e.detail["stage"], e.detail["to"]) for e in record.of_kind(EventKind.PHASE_CHANGED)]
    assert changes[2:7] == [
        ("progressive", "ramping_up"),
        ("progressive", "ramping_down"),
        ("treatment", "ramping_up"),
        ("treatment", "ramping_down"),
        ("preparation", "releasing"),
    ]
    # It turned at its force, so there is a charge line, though it never held a force.
    assert record.reached_holding
    assert visit.note.dose.hold_time_ms == 0
    assert visit.charge().values["minutes"] == "0"
    moving = record.samples[record.samples["phase"] == int(Phase.RAMPING_UP)]
    assert abs(int(moving["force_1_dn"].max()) - 600) < 50


class LateOperator(SessionOperator):
    """Answers everything at once but the end, which is acknowledged 70 s after it was shown."""

    def __init__(self, now_s: object) -> None:
        self.tones_at_s: list[float] = []
        self.alarms: set[str] = set()
        self._now_s = now_s
        self._ended_at_s: float | None = None
        super().__init__(
            scripted=True,
            show=self._listen,
            script=parse_script('step = [{ at = "5 s", do = "end", by = "P. Jones" }]', "script"),
        )

    def _listen(self, snapshot: Snapshot) -> None:
        if snapshot.phase == "stopped":
            now_s = self._now_s()  # type: ignore[operator]
            self._ended_at_s = self._ended_at_s or now_s
            self.alarms |= {kind.code for kind in snapshot.alarms}
            if snapshot.tone:
                self.tones_at_s.append(now_s - self._ended_at_s)

    def answer(self, question: Question) -> Answer | None:
        ended_s = self._ended_at_s
        waits = ended_s is None or self._now_s() < ended_s + 70.0  # type: ignore[operator]
        late = question is Question.END_ACKNOWLEDGED and waits
        return None if late else super().answer(question)


def test_the_end_is_a_tone_every_30_s_until_somebody_acknowledges_it(folder: RecordFolder) -> None:
    with staged(folder, wire="direct") as stage:
        operator = LateOperator(stage.clock.now_s)
        result = stage.treat(operator=operator)
        record = stage.visit(result.session_id).record
    assert [round(at_s) for at_s in operator.tones_at_s] == [0, 30, 60]
    assert operator.alarms == {"treatment_done"}
    (raised,) = record.of_kind(EventKind.ALARM_RAISED)
    (taken,) = record.of_kind(EventKind.ALARM_ACKNOWLEDGED)
    assert raised.detail["code"] == "treatment_done"
    assert taken.detail["codes"] == ["treatment_done"]
    assert 69_000 < taken.at_ms - raised.at_ms < 71_000
