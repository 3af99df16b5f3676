"""The head of a request to the stop door: what is asked for, and who may ask.

A body is never needed and never waited for. An unreadable request is refused; it never stops a unit
and never delays another request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

MOST_HEAD_BYTES: Final = 16_384
END_OF_HEAD: Final = (b"\r\n\r\n", b"\n\n")
STOP_PATH: Final = "/stop"
SITE_HEADER: Final = "sec-fetch-site"
ANOTHER_SITE: Final = "another site"
_PRESS: Final = re.compile(r"(?:^|&)press=([0-9A-Za-z_-]{8,40})(?:&|$)")


class HeadInvalid(ValueError):
    """Raised for bytes that are not a request; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Method, path without its query, and every value of three headers.

    ``sites`` is what the browser says about the origin of a request (Sec-Fetch-Site). ``press`` is
    the id that a page has given to a press, so that one that arrives on two ways is one; "" without
    one.
    """

    method: str
    path: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    sites: tuple[str, ...] = ()
    press: str = ""

    @property
    def unit(self) -> str | None:
        """Returns the unit that the path names; "" for all of them, None for another path."""
        return unit_in(self.path)


def unit_in(path: str) -> str | None:
    """Returns the unit that a path of STOP names; "" for all of them, None for another path."""
    if path.rstrip("/") == STOP_PATH:
        return ""
    start = f"{STOP_PATH}/"
    return path.removeprefix(start) if path.startswith(start) else None


def whole_head(received: bytes | bytearray) -> bytes | None:
    """Returns what is before the first empty line; None until there is one."""
    ends = [place for end in END_OF_HEAD if (place := received.find(end)) >= 0]
    return bytes(received[: min(ends)]) if ends else None


def parsed(head: bytes) -> Head:
    """Read a head; raises HeadInvalid."""
    lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise HeadInvalid("the first line is not an HTTP/1 request")
    named = [_header(line) for line in lines[1:]]
    return Head(
        method=words[0],
        path=_path(words[1]),
        press=press_named(words[1].partition("?")[2]),
        hosts=tuple(value for name, value in named if name == "host"),
        origins=tuple(value for name, value in named if name == "origin"),
        sites=tuple(value for name, value in named if name == SITE_HEADER),
    )


def press_named(query: str) -> str:
    """Returns the id of a press in a query; "" for an invalid one."""
    found = _PRESS.search(query)
    return found[1] if found else ""


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise HeadInvalid("a header has no colon")
    return name.strip().lower(), value.strip()


def _path(target: str) -> str:
    """Returns the path of a target, which some programs write with the whole address in front."""
    try:
        path = urlsplit(target).path if "://" in target else target.partition("?")[0]
        return unquote(path, errors="strict")
    except ValueError as error:
        raise HeadInvalid("the path is not text") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Whose pages may press: those of the console and of the door itself, at ``names``.

    At ``tls_names`` they are encrypted: without encryption anybody between two machines can make a
    page of such a name.
    """

    names: frozenset[str]
    ports: frozenset[int]
    tls_names: frozenset[str] = frozenset()

    def knows_hosts(self, hosts: Iterable[str]) -> bool:
        """Returns True unless a name is not ours: another name may lead here (DNS rebinding).

        Browsers always send one; a client that sends none is not a browser.
        """
        known = self.names | self.tls_names
        return all(_host_of(f"//{host}") in known for host in hosts)

    def foreign(self, origins: Sequence[str], sites: Iterable[str] = ()) -> str | None:
        """Returns the first foreign origin; None where all are ours, or there is none.

        The console's own pages send null to the door, because of their referrer policy. Any page
        can do so: without an origin of ours, the browser's own header tells that it is another
        site's.
        """
        foreign = next((one for one in origins if one != "null" and not self._is_ours(one)), None)
        if foreign is not None or any(self._is_ours(one) for one in origins):
            return foreign
        return ANOTHER_SITE if "cross-site" in sites else None

    def _is_ours(self, origin: str) -> bool:
        try:
            parts = urlsplit(origin)
            port = parts.port
        except ValueError:
            return False
        names = {"http": self.names, "https": self.tls_names}.get(parts.scheme, frozenset())
        return _host_of(origin) in names and port in self.ports


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
