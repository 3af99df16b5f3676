"""Where a session is run: the workstation's records, settings and clock, and how it records."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from controller.ports import Clock
from records.clinic.visit_steps import VisitBegun
from records.evidence.journal import COMMIT_INTERVAL_S
from records.evidence.start_check import free_bytes_at
from records.keys.signing import SigningKey
from records.store.record_folder import RecordFolder
from workstation.session.identifiers import Identifiers, random_identifiers
from workstation.settings import Settings


def _say_nothing(text: str) -> None:
    """For sessions whose warnings nobody reads."""


def _work(text: str) -> AbstractContextManager[None]:
    """For sessions whose slow work delays nobody."""
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where sessions are run.

    ``warn`` is called with what a person should look at but does not stop a session: a disk that
    fills up, a record that was put aside. ``working`` is held around slow work while nothing pulls,
    and gets its description. ``beside_loop`` gets the thread to which the loop gives work at each
    tick.
    """

    folder: RecordFolder
    settings: Settings
    clock: Clock
    warn: Callable[[str], None] = _say_nothing
    working: Callable[[str], AbstractContextManager[None]] = _work
    beside_loop: Callable[[Thread], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledSession:
    """A session whose order is on file in clinic.db; digest in hex."""

    session_id: str
    patient_key: str
    order_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """How a session is recorded. The defaults are those of every session in real time.

    Without a ``key`` the workstation's signs. A simulated session may commit less often than every
    0.1 s, and be repeated exactly with fixed ``identifiers``. ``begun`` are the steps of the visit
    that the session is begun in; they are kept beside its order. A session that was ``filed`` by
    the requesting process is not filed again, and nothing is written to clinic.db.
    """

    key: SigningKey | None = None
    identifiers: Identifiers = field(default_factory=random_identifiers)
    commit_interval_s: float = COMMIT_INTERVAL_S
    free_bytes: Callable[[Path], int] = free_bytes_at
    begun: VisitBegun | None = None
    filed: FiledSession | None = None


AS_ALWAYS = Recording()
