"""The messages of the station, to and from the process that drives a unit.

Every message is a frozen value that is checked where it is made. It is sent as one JSON object with
its kind and all of its keys, and no other key. ``docs/reference/station-messages.md`` lists them in
one table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias, get_args

from controller.errors import MessageRefused, RequestRefused
from controller.plain_values import NotPlain, from_plain, to_plain
from controller.questions import Question
from controller.requests import SessionRequest, request_name
from controller.snapshot import Said, Snapshot
from controller.words import NAME_CHARACTERS, TEXT_CHARACTERS, check_name, check_text, one_line
from records.strict_json import parse_message

VERSION: Final = 1
"""Version of the messages. Both sides run the same program, or one of them is refused."""
ID_CHARACTERS: Final = 40
"""The sender makes an id; a UUID has 36 characters."""
MOST_PAGES: Final = 1000
SHOWN_CHARACTERS: Final = 60
"""Characters of a message that a refusal repeats."""
FRESH_S: Final = 1.0
"""An older snapshot or reading is not the present."""
LAST_SAID: Final = 20
"""Number of earlier messages that are sent at Hello."""
LAST_CHECKS: Final = 100
"""Number of items of the self-check: those of the newest session, and as many again."""

_ID = re.compile(r"[0-9A-Za-z_-]+")
_HEX = re.compile(r"[0-9a-f]+")
_SESSION_ID = re.compile(r"[0-9A-Za-z._-]+")


class PeerRole(Enum):
    """The role of a client of the process that drives a unit."""

    STATION = "station"
    CONSOLE = "console"
    WATCH = "watch"


class Followed(Enum):
    """The outcome of a request: followed, refused, and for a stop two more answers."""

    FOLLOWED = "followed"
    REFUSED = "refused"
    ALREADY = "already"
    NOTHING_OPEN = "nothing_open"


# --- to the process that drives ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first message of every connection."""

    version: int
    role: PeerRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Sent once a second. ``live_pages`` are visible and have shown a frame recently.

    ``sounds`` says whether a loudspeaker answers; None from everybody but the process that sounds
    alarms.
    """

    live_pages: int
    sounds: bool | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.live_pages <= MOST_PAGES:
            raise RequestRefused(f"live_pages={self.live_pages} is not 0 to {MOST_PAGES}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Begin a session whose order is on file; it is read from clinic.db by the session's id."""

    id: str
    session_id: str
    patient_key: str
    order_digest: str
    by: str

    def __post_init__(self) -> None:
        _check_ids(self.id, self.session_id)
        _check_shape("patient_key", self.patient_key, _HEX, NAME_CHARACTERS)
        _check_shape("order_digest", self.order_digest, _HEX, 64)
        check_name("by", self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """A person's answer to an open question in a session."""

    id: str
    session_id: str
    question: Question
    accepted: bool
    by: str

    def __post_init__(self) -> None:
        _check_ids(self.id, self.session_id)
        check_name("by", self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRequest:
    """A person's request in a session."""

    id: str
    session_id: str
    request: SessionRequest

    def __post_init__(self) -> None:
        _check_ids(self.id, self.session_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedStop:
    """Release the patient in any session; it names none, so that it applies to every one."""

    id: str
    by: str
    fast: bool = False

    def __post_init__(self) -> None:
        _check_ids(self.id)
        check_name("by", self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Release the patient and end the program."""

    id: str
    by: str

    def __post_init__(self) -> None:
        _check_ids(self.id)
        check_name("by", self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """A message for everybody who watches the unit."""

    text: str

    def __post_init__(self) -> None:
        check_text("text", self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOn:
    """Capture the bytes of the line from now on."""

    id: str
    by: str

    def __post_init__(self) -> None:
        _check_ids(self.id)
        check_name("by", self.by)


# --- from the process that drives -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The answer to Hello. ``unit_id`` is "" before the unit was identified."""

    version: int
    program: str
    unit: str
    unit_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOutcome:
    """The outcome of the message with this id; for a stop when it was ordered and at which force.

    Without an open session, ``utc_ms`` and ``force_n`` are of the last reading. The force is None
    where no fresh reading has it.
    """

    id: str
    result: Followed
    reason: str
    utc_ms: int
    force_n: float | None

    def __post_init__(self) -> None:
        _check_ids(self.id)
        check_text("reason", self.reason, TEXT_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMessage:
    """Refuses a message that is invalid or comes at the wrong time; the connection may end then."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class NumberedSnapshot:
    """A snapshot that is sent with this number and these ``sounds`` instead of its own."""

    snapshot: Snapshot
    number: int
    sounds: bool | None


ToControl: TypeAlias = (
    Hello
    | Heartbeat
    | Prepare
    | GivenAnswer
    | MadeRequest
    | OrderedStop
    | Leave
    | Announce
    | TraceOn
)
FromControl: TypeAlias = Welcome | Snapshot | Said | RequestOutcome | RefusedMessage

TO_CONTROL: Final[Mapping[str, type[Any]]] = {
    "hello": Hello,
    "heartbeat": Heartbeat,
    "prepare": Prepare,
    "answer": GivenAnswer,
    "request": MadeRequest,
    "stop": OrderedStop,
    "leave": Leave,
    "announce": Announce,
    "trace_on": TraceOn,
}
FROM_CONTROL: Final[Mapping[str, type[Any]]] = {
    "welcome": Welcome,
    "snapshot": Snapshot,
    "said": Said,
    "outcome": RequestOutcome,
    "refused": RefusedMessage,
}
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_KINDS = {as_class: kind for kind, as_class in {**TO_CONTROL, **FROM_CONTROL}.items()}
_KINDS[NumberedSnapshot] = _KINDS[Snapshot]
REQUESTS: Final[Mapping[str, type[Any]]] = {
    request_name(each.__new__(each)): each for each in get_args(SessionRequest)
}
"""Requests of a session by their names in records."""


def encoded(message: object) -> bytes:
    """Returns a message in the form in which it is sent."""
    said = {"kind": _KINDS[type(message)], **_plain(message)}
    return _ENCODE(said).encode("utf-8", "replace")


def to_control(content: bytes) -> ToControl:
    """Returns a message to the process that drives.

    Raises MessageRefused saying what is wrong.
    """
    message: ToControl = _read(content, TO_CONTROL)
    return message


def from_control(content: bytes) -> FromControl:
    """Returns a message of the process that drives; raises MessageRefused saying what is wrong."""
    message: FromControl = _read(content, FROM_CONTROL)
    return message


def _read(content: bytes, known: Mapping[str, type[Any]]) -> Any:
    try:
        said = parse_message(content.decode("utf-8"))
    except ValueError as error:
        raise _refused(f"it cannot be read: {error}") from error
    kind = said.pop("kind", None)
    if not isinstance(kind, str) or kind not in known:
        raise _refused(f"the kind {kind!r:.{SHOWN_CHARACTERS}} is not known here")
    if kind in ("hello", "welcome"):
        _check_version(said.get("version"))
    try:
        if kind == "request":
            said["request"] = _request(said.get("request"))
            return MadeRequest(**_checked_around(said))
        return from_plain(known[kind], said, kind)
    except (NotPlain, RequestRefused) as error:
        raise _refused(
            error.message if isinstance(error, RequestRefused) else str(error)
        ) from error


def _check_version(version: object) -> None:
    if version != VERSION or isinstance(version, bool):
        raise _refused(
            f"the other program speaks version {version!r:.{SHOWN_CHARACTERS}}, "
            f"this one {VERSION}; start both again after an update"
        )


def _plain(message: object) -> dict[str, Any]:
    if isinstance(message, MadeRequest):
        return _plain_request(message)
    if isinstance(message, NumberedSnapshot):
        own = {"number": message.number, "sounds": message.sounds}
        return _plain(message.snapshot) | own
    plain = to_plain(message)
    assert isinstance(plain, dict)
    return plain


def _plain_request(message: MadeRequest) -> dict[str, Any]:
    plain = to_plain(message.request)
    assert isinstance(plain, dict)
    return {
        "id": message.id,
        "session_id": message.session_id,
        "request": {"name": request_name(message.request), **plain},
    }


def _request(plain: object) -> object:
    """Returns the request that a named object represents.

    Raises NotPlain, RequestRefused.
    """
    if not isinstance(plain, dict):
        raise NotPlain(f"request is {plain!r:.{SHOWN_CHARACTERS}}, not an object")
    name = plain.pop("name", None)
    if not isinstance(name, str) or name not in REQUESTS:
        raise NotPlain(f"request.name={name!r:.{SHOWN_CHARACTERS}} is not one of {[*REQUESTS]}")
    return from_plain(REQUESTS[name], plain, "request")


def _checked_around(said: dict[str, Any]) -> dict[str, Any]:
    """Returns the keys of a request's message; all but the request itself must be texts."""
    keys = {"id", "session_id", "request"}
    if unknown := said.keys() - keys:
        raise NotPlain(f"request has the unknown key {min(unknown)!r:.{SHOWN_CHARACTERS}}")
    for key in ("id", "session_id"):
        if not isinstance(said.get(key), str):
            raise NotPlain(f"request lacks the text {key!r}")
    return said


def _refused(reason: str) -> MessageRefused:
    return MessageRefused(one_line(f"the message was refused: {reason}")[:TEXT_CHARACTERS])


def _check_ids(request_id: str, session_id: str | None = None) -> None:
    _check_shape("id", request_id, _ID, ID_CHARACTERS)
    if session_id is not None:
        _check_shape("session_id", session_id, _SESSION_ID, NAME_CHARACTERS)


def _check_shape(key: str, text: str, shape: re.Pattern[str], most: int) -> None:
    if len(text) > most or not shape.fullmatch(text):
        raise RequestRefused(
            f"{key}={one_line(text[:SHOWN_CHARACTERS])!r} does not have the form of {key}"
        )
