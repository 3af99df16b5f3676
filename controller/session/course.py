"""The state of a session according to its own logic, for displays."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One moment; the fields are those of ``Snapshot``, which explains them."""

    phase: str
    planned_s: float
    stage: str = ""
    hold_number: int = 0
    hold_count: int = 0
    elapsed_s: float = 0.0
    since_start_s: float | None = None
    phase_left_s: float | None = None
    pause_left_s: float | None = None
    check_in_s: float | None = None
    ceiling_n: float | None = None
    increase_n: float = 0.0
