"""The phases of a session and the one table of allowed transitions."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """The number is the phase code of a recorded sample (u8)."""

    IDLE = 0
    CHECKING = 1
    ARMED = 2
    TAKING_UP_SLACK = 3
    PRETENSIONING = 4
    RAMPING_UP = 5
    HOLDING = 6
    RAMPING_DOWN = 7
    RESTING = 8
    PAUSED = 9
    RELEASING = 10
    COMPLETED = 11
    STOPPED = 12
    FAULTED = 13
    OBSERVING = 14

    @property
    def label(self) -> str:
        """Returns the name in records and for people, for instance ``taking_up_slack``."""
        return self.name.lower()


class Stage(IntEnum):
    """The part of the treatment that a segment belongs to."""

    PREPARATION = 0
    PROGRESSIVE = 1
    TREATMENT = 2
    REGRESSIVE = 3


TREATING_PHASES = frozenset({Phase.RAMPING_UP, Phase.HOLDING, Phase.RAMPING_DOWN, Phase.RESTING})

TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.IDLE: frozenset({Phase.CHECKING}),
    Phase.CHECKING: frozenset({Phase.ARMED, Phase.STOPPED, Phase.FAULTED}),
    Phase.ARMED: frozenset({Phase.TAKING_UP_SLACK, Phase.RELEASING, Phase.FAULTED}),
    Phase.TAKING_UP_SLACK: frozenset({Phase.PRETENSIONING, Phase.RELEASING, Phase.FAULTED})
    | TREATING_PHASES,
    Phase.PRETENSIONING: frozenset({Phase.RELEASING, Phase.FAULTED}) | TREATING_PHASES,
    Phase.RAMPING_UP: frozenset({Phase.PAUSED, Phase.RELEASING, Phase.FAULTED}) | TREATING_PHASES,
    Phase.HOLDING: frozenset({Phase.PAUSED, Phase.RELEASING, Phase.FAULTED}) | TREATING_PHASES,
    Phase.RAMPING_DOWN: frozenset({Phase.PAUSED, Phase.RELEASING, Phase.FAULTED}) | TREATING_PHASES,
    Phase.RESTING: frozenset({Phase.PAUSED, Phase.RELEASING, Phase.FAULTED}) | TREATING_PHASES,
    Phase.PAUSED: frozenset({Phase.RELEASING, Phase.FAULTED}) | TREATING_PHASES,
    Phase.RELEASING: frozenset({Phase.COMPLETED, Phase.STOPPED, Phase.FAULTED}),
    Phase.COMPLETED: frozenset(),
    Phase.STOPPED: frozenset(),
    Phase.FAULTED: frozenset(),
    Phase.OBSERVING: frozenset(),
}

FORCE_PHASES = TREATING_PHASES | {Phase.TAKING_UP_SLACK, Phase.PRETENSIONING, Phase.PAUSED}
FINAL_PHASES = frozenset({Phase.COMPLETED, Phase.STOPPED, Phase.FAULTED})
