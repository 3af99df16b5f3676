"""Questions of a visit to the person at the terminal, one line each; nothing has a hidden default.

While a session runs the session's own screen asks (``workstation.terminal``), not this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from controller.errors import RequestRefused
from controller.words import check_text

ReadLine = Callable[[], str]
Tell = Callable[[str], None]
YES, NO = ("y", "yes"), ("n", "no")
NO_OTHER: Final[Mapping[str, str]] = MappingProxyType({})


class VisitLeft(Exception):
    """Raised when the person leaves: what is on record stays, and the visit can be continued."""


class Dialogue:
    """Asks by ``tell`` and reads by ``read_line`` (raises EOFError when nobody can answer)."""

    def __init__(self, read_line: ReadLine, tell: Tell) -> None:
        self._read_line, self.tell = read_line, tell

    def ask(self, name: str, text: str) -> str:
        """Returns the answer, stripped of blanks; a refusal calls it ``name``."""
        while True:
            self.tell(text)
            try:
                return check_text(name, self._read_line().strip())
            except EOFError as error:
                raise VisitLeft from error
            except RequestRefused as refusal:
                self.tell(refusal.message)

    def yes(self, name: str, text: str) -> bool:
        """Returns a yes or a no; anything else is asked again."""
        while True:
            answer = self.ask(name, f"{text} [y/n]").lower()
            if answer in (*YES, *NO):
                return answer in YES
            self.tell("answer y or n")

    def words(self, name: str, text: str) -> str:
        """Returns a text; nothing is asked again."""
        while not (answer := self.ask(name, text)):
            self.tell(f"{name} is empty; say it in words")
        return answer

    def one_of(
        self, name: str, text: str, choices: Sequence[str], *, else_: Mapping[str, str] = NO_OTHER
    ) -> str:
        """Returns one of several, by its number or its text; ``else_`` names other answers."""
        told = ", ".join(f"{number} {choice}" for number, choice in enumerate(choices, start=1))
        others = f"; {', '.join(else_.values())}" if else_ else ""
        while True:
            answer = self.ask(name, f"{text} ({told}){others}")
            if answer in choices or answer in else_:
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return choices[int(answer) - 1]
            self.tell(f"{answer!r} is not one of them; answer with a number, 1 to {len(choices)}")
