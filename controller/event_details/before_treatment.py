"""Records from before the treatment: questions, answers and checks."""

# No string annotations: the codec would compile each of them in every process.
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from controller.event_details.codec import Stored
from controller.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """A question was asked; its text is not recorded, because it may name the patient."""

    KIND: ClassVar = EventKind.QUESTION_ASKED
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRecorded:
    """A question was answered."""

    KIND: ClassVar = EventKind.QUESTION_ANSWERED
    question: str
    accepted: bool
    by: str

    @property
    def by_script(self) -> bool:
        """True if no person gave the answer; ``by`` then begins with the word for a script."""
        return self.by.startswith("script")


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
