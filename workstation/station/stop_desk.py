"""Decides about a request to the stop door: stop, show, or refuse. It knows no sockets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from controller.ports import Clock
from controller.words import NAME_CHARACTERS, one_line
from workstation.station.sparing_log import SparingLog
from workstation.station.stop_page import PageAnswer, SaidOfUnit, page, stop_path
from workstation.station.stop_request import Head, HeadInvalid, Neighbours, parsed
from workstation.station.stop_target import (
    Press,
    StopResult,
    StopTarget,
    StopWording,
    present_text,
    stop_lines,
)

ANSWER_S: Final = 0.25
"""After a press the page is sent within this time, with or without an answer."""
SHOWN_S: Final = 120.0
"""How long a page shows the outcome of the last press."""
KEPT_PRESSES: Final = 20
"""Per unit: a viewer's page shows the press that ordered the release."""
ORIGIN_CHARACTERS: Final = 60
"""Characters of a foreign origin in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A press on a unit."""

    press: Press
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An answer that waits for the processes that were told to stop, at most until ``due_s``."""

    presses: Sequence[Press]
    due_s: float
    content: Callable[[], PageAnswer]

    def is_ready(self, now_s: float) -> bool:
        """Returns True when there is nothing more to wait for."""
        return now_s >= self.due_s or all(press.answer() is not None for press in self.presses)


class StopDesk:
    """The units that can be stopped, and the recent presses on each."""

    def __init__(
        self,
        targets: Sequence[StopTarget],
        neighbours: Neighbours,
        *,
        words: StopWording,
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        self._targets = {target.called: target for target in targets}
        self._neighbours = neighbours
        self._words = words
        self._clock = clock
        self._log = SparingLog(clock, report)
        self._pressed: dict[str, deque[Pressed]] = {
            called: deque(maxlen=KEPT_PRESSES) for called in self._targets
        }

    def handle(self, head_bytes: bytes, source: str) -> Pending:
        """Do what a request asks for. ``source`` is the address that it came from."""
        try:
            head = parsed(head_bytes)
        except HeadInvalid as error:
            return self._refused("400 Bad Request", f"This is not a request of a browser: {error}.")
        return self.answer(head, source)

    def answer(self, head: Head, source: str) -> Pending:
        """Do what a request asks for that was read elsewhere."""
        if not self._neighbours.knows_hosts(head.hosts):
            self._log.say("host", f"STOP under another name than this door's, from {source}")
            return self._refused(
                "421 Misdirected Request", "This stop door is not served under that name."
            )
        if head.method == "POST":
            return self._stop(head, source)
        if head.method == "GET":
            return self._show(head)
        return self._refused("405 Method Not Allowed", "Press the button, or send a POST.")

    def too_long(self) -> PageAnswer:
        """Returns the answer to a head that is longer than any browser's."""
        return self._refused("431 Request Header Fields Too Large", "Too long.").content()

    def _stop(self, head: Head, source: str) -> Pending:
        foreign = self._neighbours.foreign(head.origins, head.sites)
        if foreign is not None:
            return self._refuse_foreign(foreign, source)
        targets = self._meant(head)
        if not targets:
            return self._unknown(head)
        where = f"STOP from {source}, {_sender(head)}"[:NAME_CHARACTERS]
        presses = [target.order_stop(where, head.press) for target in targets]
        now_s = self._clock.now_s()
        for target, press in zip(targets, presses, strict=True):
            self._pressed[target.called].append(Pressed(press=press, at_s=now_s))
            self._log.say(f"pressed {target.called}", f"{target.called}: {where}")
        origin = next((one for one in head.origins if one != "null"), None)
        own = {target.called: press for target, press in zip(targets, presses, strict=True)}
        return Pending(
            presses=presses,
            due_s=now_s + ANSWER_S,
            content=lambda: self._page(targets, head.unit or "", origin, own),
        )

    def _show(self, head: Head) -> Pending:
        """GET never stops."""
        targets = list(self._targets.values()) if head.path == "/" else self._meant(head)
        if not targets:
            return self._unknown(head)
        ours = self._neighbours.foreign(head.origins) is None
        origin = next((one for one in head.origins if ours and one != "null"), None)
        return self._at_once(lambda: self._page(targets, head.unit or "", origin, {}))

    def _meant(self, head: Head) -> list[StopTarget]:
        if head.unit == "":
            return list(self._targets.values())
        target = self._targets.get(head.unit or "")
        return [] if target is None else [target]

    def _page(
        self,
        targets: Sequence[StopTarget],
        unit: str,
        origin: str | None,
        own: Mapping[str, Press],
    ) -> PageAnswer:
        """Returns a page: who pressed sees the ``own`` press, others the one that ordered."""
        told = [(each, own.get(each.called) or self._newest(each)) for each in targets]
        parts = [
            SaidOfUnit(
                called=target.called,
                lines=self._lines(target, press),
                is_answered=press is not None and press.answer() is not None,
            )
            for target, press in told
        ]
        settled = all(self._is_settled(target, press) for target, press in told)
        content = page(
            parts,
            [target.called for target in targets],
            is_training=self._words.is_training,
            refresh=None if settled else stop_path(unit),
        )
        return PageAnswer(status="200 OK", content=content, allowed_origin=origin)

    def _lines(self, target: StopTarget, press: Press | None) -> list[str]:
        if press is None:
            return [present_text(target.force(), self._words)]
        return stop_lines(target, press, self._words, is_late=True)

    def _is_settled(self, target: StopTarget, press: Press | None) -> bool:
        """Returns True when a page about it will not change any more by itself."""
        if press is None:
            return True
        answer = press.answer()
        if answer is None:
            return False
        return answer.result is StopResult.NOTHING_OPEN or target.released() is not None

    def _newest(self, target: StopTarget) -> Press | None:
        """Returns the newest press; of several that met one order the one that gave it."""
        after_s = self._clock.now_s() - SHOWN_S
        presses = [one.press for one in self._pressed[target.called] if one.at_s >= after_s]
        if not presses:
            return None
        answer = presses[-1].answer()
        if answer is None or answer.result is not StopResult.ALREADY_ORDERED:
            return presses[-1]
        ordered = replace(answer, result=StopResult.ORDERED)
        return next((one for one in presses if one.answer() == ordered), presses[-1])

    def _refuse_foreign(self, origin: str, source: str) -> Pending:
        shown = one_line(origin[:ORIGIN_CHARACTERS])
        text = f"a page of {shown} in a browser at {source} tried to stop a unit and was refused"
        if self._log.say("foreign", text):
            for target in self._targets.values():
                target.tell(text)
        return self._refused("403 Forbidden", "Only pages of this workstation may stop a unit.")

    def _unknown(self, head: Head) -> Pending:
        if head.unit is None:
            return self._refused("404 Not Found", "There is nothing here. STOP is below.")
        name = one_line(head.unit)
        return self._refused(
            "404 Not Found", f"NOTHING WAS STOPPED: no unit is called {name}. STOP is below."
        )

    def _refused(self, status: str, text: str) -> Pending:
        content = page(
            [SaidOfUnit(lines=[text])],
            list(self._targets),
            is_training=self._words.is_training,
        )
        return self._at_once(lambda: PageAnswer(status=status, content=content))

    def _at_once(self, content: Callable[[], PageAnswer]) -> Pending:
        return Pending(presses=(), due_s=self._clock.now_s(), content=content)


def _sender(head: Head) -> str:
    """Returns whose page it was, as far as the browser says."""
    origin = next(iter(head.origins), "")
    if origin in ("", "null"):
        return "no page named"
    return f"page of {one_line(origin[:ORIGIN_CHARACTERS])}"
