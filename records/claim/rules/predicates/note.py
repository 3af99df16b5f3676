"""The note and the device's record (N-01 to N-15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found
from records.claim.rules.predicates.registry import predicate

NOT_TOLERATED = "not tolerated"


@predicate
def device_is_not_named(facts: Facts) -> Iterator[Found]:
    """N-01."""
    if facts.note is not None and facts.word("device_type") is None:
        yield Found("device_type", facts.told("device_type"))


@predicate
def force_is_missing(facts: Facts) -> Iterator[Found]:
    """N-02."""
    if facts.note is None:
        return
    if facts.word("hold_force") is None and facts.word("mean_hold_force") is None:
        yield Found("hold_force", facts.told("hold_force", "mean_hold_force"))


@predicate
def positioning_is_missing(facts: Facts) -> Iterator[Found]:
    """N-03."""
    if facts.note is not None and facts.word("positioning") is None:
        yield Found("positioning", facts.told("positioning"))


def _missing(facts: Facts, *names: str) -> list[str]:
    if facts.note is None:
        return []
    return [name for name in names if facts.word(name) is None]


def _listed(names: list[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


@predicate
def response_is_missing(facts: Facts) -> Iterator[Found]:
    """N-04."""
    missing = _missing(facts, "patient_response", "tolerance")
    if missing:
        yield Found(missing[0], facts.told(*missing), {"missing": _listed(missing)})


@predicate
def adjustment_is_not_explained(facts: Facts) -> Iterator[Found]:
    """N-05. The log has the change, who made it and when; why is the clinician's word."""
    changed = facts.note is not None and facts.note.adjustments
    if changed and facts.word("adjustment_comment") is None:
        yield Found("adjustment_comment", facts.told("adjustments", "adjustment_comment"))


@predicate
def angle_is_missing(facts: Facts) -> Iterator[Found]:
    """N-06."""
    if facts.note is not None and facts.word("angle_of_pull") is None:
        yield Found("angle_of_pull", facts.told("angle_of_pull"))


@predicate
def patient_stop_is_not_told(facts: Facts) -> Iterator[Found]:
    """N-07. "Not tolerated" tells it in its own way."""
    stop = facts.patient_stop
    told = facts.word("stop_comment") is not None or facts.word("tolerance") == NOT_TOLERATED
    if stop is not None and not told:
        at = facts.patient_stop_time
        evidence = (stop, *facts.told("stop_comment", "tolerance"))
        yield Found("stop_comment", evidence, {"at": f" at {at}" if at else ""})


@predicate
def stopped_before_the_hold(facts: Facts) -> Iterator[Found]:
    """N-08."""
    stop = facts.patient_stop
    if stop is not None and facts.line is not None and facts.dose and not facts.dose.hold_samples:
        yield Found("lines", (stop, *facts.told("hold_time"), facts.line_evidence(facts.line)))


@predicate
def note_is_not_signed(facts: Facts) -> Iterator[Found]:
    """N-09."""
    if facts.note is None:
        return
    signature = facts.signature
    if signature is None:
        yield Found("signature", facts.told("performed_by"), {"what": "nobody has signed it"})
    elif not signature.credentials:
        evidence = (facts.signed_by(signature),)
        yield Found("signature", evidence, {"what": "the credentials are missing"})


@predicate
def signed_before_the_end(facts: Facts) -> Iterator[Found]:
    """N-10."""
    signature, ended = facts.signature, facts.ended
    if signature is None or ended is None:
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


@predicate
def log_was_changed(facts: Facts) -> Iterator[Found]:
    """N-11. By the walk over log and words, or because the note cites another seal."""
    if facts.log_altered:
        yield Found("seal", facts.told("outcome"), {"what": facts.log_altered})
        return
    sealed = facts.sealed_digest()
    if facts.note is not None and facts.note.seal and sealed and sealed != facts.note.seal:
        yield Found("seal", facts.told("outcome"), {"what": "the note cites another seal"})


@predicate
def words_are_last_visit_s(facts: Facts) -> Iterator[Found]:
    """N-12. The note has compared its texts with the last visit's."""
    repeated = facts.note.repetitions if facts.note else ()
    if repeated:
        names = tuple(each.name for each in repeated)
        share = f"{max(each.permille for each in repeated) / 10:.0f} %"
        words = {"names": _listed(list(names)), "share": share}
        yield Found(names[0], facts.told(*names), words)


@predicate
def calibration_was_over(facts: Facts) -> Iterator[Found]:
    """N-13."""
    due = facts.calibration_due
    if due is not None and due < facts.day:
        yield Found("calibration", facts.told("calibration"), {"due": due})


@predicate
def screening_is_not_attested(facts: Facts) -> Iterator[Found]:
    """N-14."""
    if facts.note is not None and facts.word("screening") is None:
        yield Found("screening", facts.told("screening"))


@predicate
def supervision_is_not_recorded(facts: Facts) -> Iterator[Found]:
    """N-15."""
    missing = _missing(facts, "set_up_by", "supervised_by")
    if missing:
        yield Found(missing[0], facts.told(*missing), {"missing": _listed(missing)})
