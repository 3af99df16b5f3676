"""The page of the stop door: few words, no script, a button for each unit."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import quote

REFRESH_S: Final = 1
TRAINING: Final = "SIMULATED: training with invented patients. Nobody is treated here."
STYLE: Final = (
    "body{font:22px/1.5 sans-serif;margin:2em;max-width:40em;background:#fff;color:#111}"
    "h2,p{margin:.5em 0;font-size:22px}"
    "button{font:bold 28px sans-serif;min-width:220px;min-height:72px;"
    "margin:.5em 0;background:#b00020;color:#fff;border:0}"
)
_STYLE_HASH: Final = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def stop_path(called: str) -> str:
    """Returns the path that stops a unit; "" for all of them."""
    return f"/stop/{quote(called, safe='')}" if called else "/stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfUnit:
    """A message about one unit; ``called`` is "" for one about none.

    ``is_answered``: the unit's process answered a press with it.
    """

    called: str = ""
    lines: Sequence[str]
    is_answered: bool = False


def page(
    parts: Iterable[SaidOfUnit],
    units: Sequence[str],
    *,
    is_training: bool,
    refresh: str | None = None,
) -> bytes:
    """Returns a page with a button for each unit; ``refresh`` is the path to load next."""
    again = (
        f'<meta http-equiv="refresh" content="{REFRESH_S};url={escape(refresh)}">'
        if refresh
        else ""
    )
    training = f"<p><strong>{TRAINING}</strong></p>" if is_training else ""
    said = "".join(map(_said, parts))
    buttons = "".join(_button(called) for called in units)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width"><title>STOP</title>'
        f"<style>{STYLE}</style></head><body>{training}<main>{said}{buttons}</main></body></html>"
    ).encode()


def _said(part: SaidOfUnit) -> str:
    called = f"<h2>{escape(part.called)}</h2>" if part.called else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in part.lines)
    answered = " data-answered" if part.is_answered else ""
    return f"<section{answered}>{called}{lines}</section>"


def _button(called: str) -> str:
    return (
        f'<form method="post" action="{escape(stop_path(called))}">'
        f"<button>STOP {escape(called)}</button></form>"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAnswer:
    """A page with its status line; a script of a page at ``allowed_origin`` may read it."""

    status: str
    content: bytes
    allowed_origin: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Returns the headers that a browser needs, except the length."""
        said = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Vary": "Origin",
        }
        if self.allowed_origin is not None:
            said["Access-Control-Allow-Origin"] = self.allowed_origin
        return said

    def as_bytes(self) -> bytes:
        """Returns the whole answer on a connection that ends after it."""
        headers = {
            **self.headers,
            "Content-Length": str(len(self.content)),
            "Connection": "close",
        }
        lines = [f"{name}: {value}" for name, value in headers.items()]
        return (
            "\r\n".join([f"HTTP/1.1 {self.status}", *lines, "", ""]).encode("latin-1")
            + self.content
        )
