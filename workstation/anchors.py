"""Copies checkpoints to a second place and has an authority time-stamp their list.

Nothing in here happens inside a session, and no failure in here stops one: it is reported, and the
next opportunity makes up for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import JournalUnavailable, RequestRefused, TractionError, UploadRefused
from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder

if TYPE_CHECKING:
    import httpx

    from records.keeping.second_place import SecondPlace
    from records.keys.time_stamp import Stamps, TimeStamp
    from records.store.checkpoint import Checkpoint
    from workstation.settings import Settings

LIMIT_S = 20.0
"""How long a program waits for a place that does not answer, such as a share that is away."""
ANSWER_LIMIT_S = 10.0
"""How long a time-stamp authority may take."""
QUERY = {"Content-Type": "application/timestamp-query"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a verification found in the second place; ``trouble`` says why it could not look."""

    place: SecondPlace | None = None
    stamps: Stamps | None = None
    not_there_yet: int = 0
    trouble: str = ""

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The checkpoints that must match the record."""
        return self.place.checkpoints if self.place else ()

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the second place itself."""
        return self.stamps.faults if self.stamps else ()

    @property
    def basis(self) -> str:
        """Describes what was found there; "" without a second place."""
        if self.trouble:
            return f"the second place was not compared: {self.trouble}"
        if self.place is None:
            return ""
        said = f"compared with {len(self.place.checkpoints)} checkpoints of {self.place.path}"
        said += f"; newest of {self.place.newest}" if self.place.newest else ""
        if self.not_there_yet:
            said += f"; {self.not_there_yet} of this folder are not there yet"
        if self.place.unreadable:
            lines = ", ".join(map(str, self.place.unreadable[:5]))
            said += (
                f"; {len(self.place.unreadable)} of its lines are not checkpoints (line {lines})"
            )
        return said + self._stamped()

    def _stamped(self) -> str:
        if self.stamps is None:
            return ""
        if not self.stamps.sound:
            return "; no time stamp covers it"
        newest = max(self.stamps.sound, key=lambda stamp: (stamp.at, stamp.covers))
        assert self.place is not None, "stamps are read with their list"
        lines = self.place.data[: newest.covers].count(b"\n")
        return (
            f"; {len(self.stamps.sound)} time stamps, the newest of {newest.at:%Y-%m-%d %H:%M:%S} "
            f"UTC over its first {lines} lines"
        )


def has_second_place(settings: Settings, folder: RecordFolder) -> bool:
    """Returns True when a second place is set and belongs to this folder, not to a copy of it."""
    return bool(settings.checkpoint_copy) and folder.path.resolve() == settings.data.resolve()


def leave_checkpoints(
    settings: Settings, folder: RecordFolder, warn: Callable[[str], None]
) -> None:
    """Add missing checkpoints to the second place and have them stamped; report what fails."""
    if not has_second_place(settings, folder):
        return
    try:
        _within_limit(lambda: _leave(settings, folder))
    except TractionError as error:
        warn(f"traction: checkpoints were not copied to the second place: {error}")


def stamp_list(
    settings: Settings, folder: RecordFolder, transport: httpx.BaseTransport | None = None
) -> TimeStamp:
    """Have the present list stamped and keep the reply.

    Raises RequestRefused when nothing is configured or listed, UploadRefused when the authority
    does not answer, KeyUnavailable for an answer that cannot be verified.
    """
    if not (settings.timestamp_url and has_second_place(settings, folder)):
        raise RequestRefused(
            "no time-stamp authority is set for this folder; set checkpoint_copy, timestamp_url "
            "and timestamp_certificates"
        )
    from records.keeping.second_place import read_second_place
    from records.keys.time_stamp import keep_stamp, read_certificates, request_for

    place = read_second_place(Path(settings.checkpoint_copy))
    if not place.data:
        raise RequestRefused(f"{place.path} holds no checkpoint yet; there is nothing to stamp")
    certificates = read_certificates(Path(settings.timestamp_certificates))
    request = request_for(place.data)
    reply = _asked(settings.timestamp_url, request.as_bytes(), transport)
    return keep_stamp(place.path, place.data, reply, request, certificates)


def compared(settings: Settings, folder: RecordFolder) -> Compared:
    """Returns what the second place holds, for a verification."""
    if not has_second_place(settings, folder):
        return Compared()
    found: list[Compared] = []
    try:
        _within_limit(lambda: found.append(_compared(settings, folder)))
    except TractionError as error:
        return Compared(trouble=error.message)
    return found[0]


def _compared(settings: Settings, folder: RecordFolder) -> Compared:
    from records.keeping.second_place import issued_now, read_second_place
    from records.keys.time_stamp import read_certificates, read_stamps

    place = read_second_place(Path(settings.checkpoint_copy))
    there = {point.text.upper() for point in place.checkpoints}
    missing = [text for text in issued_now(folder) if text.upper() not in there]
    stamps = None
    if settings.timestamp_url:
        certificates = read_certificates(Path(settings.timestamp_certificates))
        stamps = read_stamps(place.path, place.data, certificates)
    return Compared(place=place, stamps=stamps, not_there_yet=len(missing))


def _leave(settings: Settings, folder: RecordFolder) -> None:
    from records.keeping.second_place import add_missing, issued_now

    place, now_ms = Path(settings.checkpoint_copy), SystemClock().utc_ms()
    if add_missing(place, issued_now(folder), now_ms) and settings.timestamp_url:
        stamp_list(settings, folder)


def _within_limit(work: Callable[[], object]) -> None:
    """Do ``work`` in a thread; raises what it raised, or JournalUnavailable when it does not end.

    A share that is away can block a program for minutes, and such a call cannot be interrupted.
    """
    raised: list[TractionError] = []

    def door() -> None:
        try:
            work()
        except TractionError as error:
            raised.append(error)

    thread = threading.Thread(target=door, name="second place", daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    if thread.is_alive():
        raise JournalUnavailable(
            f"the second place did not answer within {LIMIT_S:g} s; check that it is connected"
        )
    if raised:
        raise raised[0]


def _asked(url: str, query: bytes, transport: httpx.BaseTransport | None) -> bytes:
    """Returns the answer, of bounded size, to one question. The digest of a list reveals nobody."""
    import httpx

    from records.keys.time_stamp import LARGEST_REPLY

    try:
        with (
            httpx.Client(timeout=ANSWER_LIMIT_S, transport=transport, trust_env=False) as client,
            client.stream("POST", url, content=query, headers=QUERY) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise UploadRefused(f"{url} answered {answer.status_code}; nothing was stamped")
            reply = b""
            for part in answer.iter_bytes():
                reply += part
                if len(reply) > LARGEST_REPLY:
                    raise UploadRefused(f"{url} answered more than {LARGEST_REPLY} bytes")
            return reply
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UploadRefused(
            f"{url} was not reached ({type(error).__name__}); stamp later with "
            "`traction checkpoints --stamp`"
        ) from error
