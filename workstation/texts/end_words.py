"""How a session ended, as pages say it; the record, the note and the exports keep their words.

The record names a press of STOP by its way, "operator stop (STOP from 127.0.0.1, page of ...)", and
an outcome has its reason in brackets. People read one plain sentence.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from controller.events import Outcome

SIGNALS: Final = "SIGTERM|SIGINT|SIGHUP|SIGQUIT"
"""What ends a program from outside, by the name that the record has for who stopped."""
_PRESSED: Final = re.compile(
    r"operator stop \(STOP from (?P<host>[^\s,()]+)(?:, (?P<page>page of|no page named)[^()]*)?\)"
)
_AT_A_TERMINAL: Final = re.compile(r"operator stop \(STOP by (?P<who>[^()]+ at a terminal)\)")
_SIGNAL: Final = re.compile(rf"operator stop \((?P<signal>{SIGNALS})\)")
_BY: Final = re.compile(r"operator stop \((?P<who>[^()]+(?:\([^()]*\)[^()]*)*)\)")
_ENDED: Final = re.compile(
    rf"^(?P<outcome>(?:session \S+: )?(?:{'|'.join(Outcome)})) \((?P<why>.+)\)$", re.DOTALL
)


def end_in_words(sentence: str) -> str:
    """A sentence of the record with a press of STOP and an outcome in plain words."""
    plain = _PRESSED.sub(_pressed, sentence)
    plain = _AT_A_TERMINAL.sub(r"STOP was pressed by \g<who>", plain)
    plain = _SIGNAL.sub(r"the program was told to end (\g<signal>)", plain)
    plain = _BY.sub(r"stopped by \g<who>", plain)
    return _ENDED.sub(r"\g<outcome>: \g<why>", plain)


def _pressed(found: re.Match[str]) -> str:
    """Where somebody pressed; only another machine is named by its address."""
    where = f"on the machine {found['host']}"
    if _is_this_machine(found["host"]):
        where = "at this workstation"
    on_a_page = " on a page" if found["page"] == "page of" else ""
    return f"STOP was pressed{on_a_page} {where}"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
