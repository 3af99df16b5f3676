"""The note and the device's record (N-01 to N-15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Told
from records.claim.rules.predicates.gates import noted
from records.claim.rules.predicates.registry import predicate

NOT_TOLERATED = "not tolerated"


@predicate(noted)
def device_is_not_named(facts: Facts) -> Iterator[Told]:
    """N-01."""
    if facts.word("device_type") is None:
        yield Found("device_type", facts.told("device_type"))


@predicate(noted)
def force_is_missing(facts: Facts) -> Iterator[Told]:
    """N-02."""
    if facts.word("hold_force") is None and facts.word("mean_hold_force") is None:
        yield Found("hold_force", facts.told("hold_force", "mean_hold_force"))


@predicate(noted)
def positioning_is_missing(facts: Facts) -> Iterator[Told]:
    """N-03."""
    if facts.word("positioning") is None:
        yield Found("positioning", facts.told("positioning"))


def _missing(facts: Facts, *names: str) -> list[str]:
    return [name for name in names if facts.word(name) is None]


def _listed(names: list[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


@predicate(noted)
def response_is_missing(facts: Facts) -> Iterator[Told]:
    """N-04."""
    missing = _missing(facts, "patient_response", "tolerance")
    if missing:
        yield Found(missing[0], facts.told(*missing), {"missing": _listed(missing)})


@predicate(noted)
def adjustment_is_not_explained(facts: Facts) -> Iterator[Told]:
    """N-05. The log has the change, who made it and when; the clinician must say why."""
    if facts.note is None or not facts.note.adjustments:
        yield NotApplicable("the log holds no change of force")
    elif facts.word("adjustment_comment") is None:
        yield Found("adjustment_comment", facts.told("adjustments", "adjustment_comment"))


@predicate(noted)
def angle_is_missing(facts: Facts) -> Iterator[Told]:
    """N-06."""
    if facts.word("angle_of_pull") is None:
        yield Found("angle_of_pull", facts.told("angle_of_pull"))


@predicate(noted)
def patient_stop_is_not_told(facts: Facts) -> Iterator[Told]:
    """N-07. "Not tolerated" tells it too."""
    stop = facts.patient_stop
    told = facts.word("stop_comment") is not None or facts.word("tolerance") == NOT_TOLERATED
    if stop is None:
        yield NotApplicable("the log holds no stop by the patient")
    elif not told:
        at = facts.patient_stop_time
        evidence = (stop, *facts.told("stop_comment", "tolerance"))
        yield Found("stop_comment", evidence, {"at": f" at {at}" if at else ""})


@predicate(noted)
def note_is_not_signed(facts: Facts) -> Iterator[Told]:
    """N-09."""
    signature = facts.signature
    if signature is None:
        yield Found("signature", facts.told("performed_by"), {"what": "nobody has signed it"})
    elif not signature.credentials:
        evidence = (facts.signed_by(signature),)
        yield Found("signature", evidence, {"what": "the credentials are missing"})


@predicate(noted)
def signed_before_the_end(facts: Facts) -> Iterator[Told]:
    """N-10."""
    signature, ended = facts.signature, facts.ended
    if signature is None:
        yield NotApplicable("nobody has signed the note")
        return
    if ended is None:
        yield NotJudged("ended_at", "the log holds no treatment")
        return
    signed = datetime.fromtimestamp(signature.signed_at_utc_ms / 1000, UTC)
    if signed < ended:
        yield Found(
            "signature",
            (facts.signed_by(signature), *facts.told("ended_at")),
            {
                "signed": f"{signed.astimezone(ended.tzinfo):%Y-%m-%d %H:%M:%S}",
                "ended": f"{ended:%Y-%m-%d %H:%M:%S}",
            },
        )


@predicate(noted)
def log_was_changed(facts: Facts) -> Iterator[Told]:
    """N-11. By verifying log and entries, or because the note cites another seal."""
    sealed, cited = facts.sealed_digest(), facts.note.seal if facts.note else ""
    if facts.beside.log_altered:
        yield Found("seal", facts.told("outcome"), {"what": facts.beside.log_altered})
    elif cited and sealed and sealed != cited:
        yield Found("seal", facts.told("outcome"), {"what": "the note cites another seal"})
    elif facts.beside.log_altered is None:
        yield NotJudged("seal", "nobody has walked the record's chain")
    elif not sealed:
        yield NotJudged("seal", "the record is not sealed")


@predicate(noted)
def words_are_last_visit_s(facts: Facts) -> Iterator[Told]:
    """N-12. The note has compared its texts with the last visit's."""
    repeated = facts.note.repetitions if facts.note else ()
    if facts.note is not None and not (repeated or facts.note.proposed_by_session):
        yield NotApplicable("no earlier visit of this patient is on file")
    elif repeated:
        names = tuple(each.name for each in repeated)
        share = f"{max(each.permille for each in repeated) / 10:.0f} %"
        words = {"names": _listed(list(names)), "share": share}
        yield Found(names[0], facts.told(*names), words)


@predicate(noted)
def calibration_was_over(facts: Facts) -> Iterator[Told]:
    """N-13."""
    due = facts.calibration_due
    if due is None:
        yield NotJudged("calibration", "the unit reported no calibration date")
    elif due < facts.day:
        yield Found("calibration", facts.told("calibration"), {"due": due})


@predicate(noted)
def screening_is_not_attested(facts: Facts) -> Iterator[Told]:
    """N-14."""
    if facts.word("screening") is None:
        yield Found("screening", facts.told("screening"))


@predicate(noted)
def supervision_is_not_recorded(facts: Facts) -> Iterator[Told]:
    """N-15."""
    missing = _missing(facts, "set_up_by", "supervised_by")
    if missing:
        yield Found(missing[0], facts.told(*missing), {"missing": _listed(missing)})
