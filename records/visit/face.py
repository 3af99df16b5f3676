"""The face of an export: its status, who signed, what must not be overlooked, what is not ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from records.claim.rules.report import kept_back_text, open_errors, outcomes_text
from records.note.treatment_note import TreatmentNote
from records.visit.note_status import moment_text, signer_text, status_text, version_texts

if TYPE_CHECKING:
    from records.claim.rules.scrubber import ScrubReport

NOT_A_DEVICE = "Made by an engineering system that is not a cleared medical device."
SIMULATED = "SIMULATED: the unit of this session was a simulated one; nobody was treated."
INTERRUPTED = "INTERRUPTED: the program ended during this session."


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Texts on every export of a session, in any format.

    ``signer`` and ``signed_at`` are "" for a draft; ``errors`` say in words what blocks the claim:
    findings of severity error, and ``open_n`` rules of that severity that could not be judged.
    ``outcomes`` says how many rules ended in each way; "" when none was applied.
    """

    status: str
    signer: str = ""
    signed_at: str = ""
    amendments: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    open_n: int = 0
    outcomes: str = ""

    @property
    def signature(self) -> str:
        """Returns who signed and when, in one line; "" for a draft."""
        return f"{self.signer}, {self.signed_at}" if self.signer else ""

    @property
    def verdict(self) -> str:
        """Returns one line about what blocks the claim; "" for nothing."""
        if not self.errors:
            return ""
        return f"NOT READY: {kept_back_text(len(self.errors) - self.open_n, self.open_n)}"

    @property
    def rules(self) -> tuple[str, ...]:
        """Returns the rules' result in lines: the verdict, what blocks the claim, how all ended."""
        verdict = (self.verdict,) if self.errors else ()
        return (*verdict, *self.errors, *((self.outcomes,) if self.outcomes else ()))


def face_of(
    note: TreatmentNote, report: ScrubReport | None = None, of_claim: tuple[str, ...] = ()
) -> Face:
    """Returns the face of a note; ``report`` is the rules' report on its claim.

    ``of_claim`` are alerts about a claim that left before.
    """
    alerts = (*note.warnings, *of_claim)
    newest = note.versions[-1] if note.versions else None
    return Face(
        status=status_text(note),
        signer=signer_text(newest) if newest else "",
        signed_at=moment_text(note, newest.at_utc_ms) if newest else "",
        amendments=tuple(version_texts(note)) if len(note.versions) > 1 else (),
        alerts=(
            *filter(None, (simulated_text(note), _interrupted_text(note))),
            *alerts,
        ),
        errors=errors_of(report) if report else (),
        open_n=len(open_errors(report)) if report else 0,
        outcomes=outcomes_text(report) if report else "",
    )


def simulated_text(note: TreatmentNote) -> str:
    """Returns that nobody was treated; of several sessions, in which. "" for a real unit."""
    if not note.simulated:
        return ""
    simulated = [part.session_id for part in note.parts if part.simulated]
    return f"{SIMULATED} It is session {' and '.join(simulated)}." if simulated else SIMULATED


def _interrupted_text(note: TreatmentNote) -> str:
    if not note.interrupted:
        return ""
    cut = [part.session_id for part in note.parts if part.interrupted]
    return f"{INTERRUPTED} It is session {' and '.join(cut)}." if cut else INTERRUPTED


def errors_of(report: ScrubReport) -> tuple[str, ...]:
    """Returns what blocks the claim, each in one line."""
    errors = [finding for finding in report.findings if finding.severity == "error"]
    return (
        *(f"{finding.rule_id}: {finding.message}" for finding in errors),
        *(f"{each.rule_id}: not judged, {'; '.join(each.why)}" for each in open_errors(report)),
    )
