"""What is recorded before the treatment: questions, answers, checks, the unit armed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from controller.event_details.codec import Stored
from controller.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """A question was put; its words are not kept, they may name the patient."""

    KIND: ClassVar = EventKind.QUESTION_ASKED
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRecorded:
    """Somebody answered."""

    KIND: ClassVar = EventKind.QUESTION_ANSWERED
    question: str
    accepted: bool
    by: str

    @property
    def by_script(self) -> bool:
        """Whether no person gave the answer; a script says so at the beginning of ``by``."""
        return self.by.startswith("script")


@dataclass(frozen=True, slots=True, kw_only=True)
class PressTestSeen:
    """The patient's switch was seen pressed and open again."""

    KIND: ClassVar = EventKind.PRESS_TEST_SEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PressTestNotSeen:
    """It was not seen in time."""

    KIND: ClassVar = EventKind.PRESS_TEST_NOT_SEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheckRecorded:
    """An item of the self-check; ``numbers`` are integers with the unit in their names."""

    KIND: ClassVar = EventKind.SELF_CHECK_RECORDED
    item: str
    state: str
    value: str
    by: str
    todo: str
    numbers: Annotated[Mapping[str, int] | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockNumbers:
    """The workstation's and the unit's clock at one moment: numbers of the item ``clock``."""

    utc_ms: int
    boot_count: Annotated[int | None, Stored.UNLESS_NONE] = None
    uptime_ms: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAcknowledged:
    """A latched stop was acknowledged."""

    KIND: ClassVar = EventKind.UNIT_ACKNOWLEDGED


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitArmed:
    """The unit accepted the arming.

    ``gross_zero_dn``: channel 1 with the cord free and without the tare; None where it was not
    measured, and in older records.
    """

    KIND: ClassVar = EventKind.UNIT_ARMED
    force_limit_dn: int
    rate_up_dn_per_s: int
    rate_down_dn_per_s: int
    watchdog_ms: int
    gross_zero_dn: int | None = None
