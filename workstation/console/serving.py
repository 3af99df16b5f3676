"""The console's process: connects to every unit's program and serves pages until it is ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from controller.errors import TractionError
from controller.ports import Clock
from records.accounts.accounts import SignInDesk
from records.standing.kinds import UnitRecord
from records.store.author import Author
from records.store.record_folder import RecordFolder
from workstation.author_now import author_now
from workstation.console.application import make_application
from workstation.console.browsers import FormTokens
from workstation.console.clinic_words import ClinicWords
from workstation.console.kept_accounts import KeptAccounts
from workstation.console.kept_board import KeptBoard, KeptExamination
from workstation.console.kept_certificate import KeptCertificate
from workstation.console.kept_sign_ins import KeptSignIns, key_in
from workstation.console.listening import (
    HOST,
    PageServer,
    console_address,
    listening_elsewhere,
    listening_here,
)
from workstation.console.live_frames import LiveFrames
from workstation.console.live_pages import LivePages
from workstation.console.people import People, PeopleRules
from workstation.console.session_reader import SessionReader
from workstation.console.site import Site
from workstation.console.units import KeptUnit
from workstation.hosts import LOOPBACK, hosts_in
from workstation.settings import Settings
from workstation.settings_on_record import note_settings
from workstation.station.control_link import ControlLink
from workstation.station.messages import PeerRole
from workstation.station.place import ChannelPlace, Held, console_lock, station_folder
from workstation.station.stop_desk import StopDesk
from workstation.station.stop_request import Neighbours

LAST_ANSWERS_S: Final = 1
"""Time for answers in progress when the console is ended; the streams of pages end at once."""
ENDING: Final = (signal.SIGTERM, signal.SIGINT)


def serve(
    folder: RecordFolder,
    settings: Settings,
    tables: Iterable[UnitRecord],
    *,
    clock: Clock,
    report: Callable[[str], None],
) -> None:
    """Serve the console until a signal ends it.

    Raises StationBusy where another console serves these records, or its port is taken.
    """
    station = station_folder(folder.path)
    with ExitStack() as stack:
        held = Held(console_lock(station), "another console serves these records; use that one")
        stack.callback(held.release)
        here = stack.enter_context(listening_here(settings.console_port))
        elsewhere = listening_elsewhere(settings, report)
        stack.callback(elsewhere.close)
        pages = LivePages(clock)
        units = connected_units(station, tables, pages, clock=clock, report=report)
        for unit in units:
            stack.callback(unit.link.close)
        site = make_site(folder, settings, units, pages, clock=clock, report=report)
        _note_settings(site)
        site.reader.start()
        stack.callback(site.reader.close)
        site.examination.start()
        stack.callback(site.examination.close)
        config = uvicorn.Config(
            make_application(site, report, _give_up),
            log_config=None,
            access_log=False,
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=LAST_ANSWERS_S,
        )
        report(f"console at {console_address(HOST, settings.console_port)}")
        for number in ENDING:
            signal.signal(number, _has_ended)
        PageServer(config, pages, elsewhere).run(sockets=[here])


def _note_settings(site: Site) -> None:
    """Record the settings; pages are served even where the row cannot be kept."""
    try:
        note_settings(site.folder, site.settings, site.author(""))
    except TractionError as error:
        site.report(f"the settings in use could not be recorded: {error.message}")


def _give_up() -> None:
    signal.raise_signal(signal.SIGTERM)


def _has_ended(_number: int, _frame: FrameType | None) -> None:
    """Ignore the signal that the server raises once more when it has ended."""


def connected_units(
    station: Path,
    tables: Iterable[UnitRecord],
    pages: LivePages,
    *,
    clock: Clock,
    report: Callable[[str], None],
) -> list[KeptUnit]:
    """Returns the units, each connected in a thread of its own that ``link.close`` waits for."""
    units = []
    for table in tables:
        place = ChannelPlace(folder=station, called=table.name)
        link = ControlLink(
            place,
            clock,
            report,
            manual_release=table.manual_release or "",
            role=PeerRole.CONSOLE,
            heartbeat=pages.heartbeat,
        )
        units.append(KeptUnit(table, place, link, clock))
    return units


def make_site(
    folder: RecordFolder,
    settings: Settings,
    kept: Iterable[KeptUnit],
    pages: LivePages,
    *,
    clock: Clock,
    report: Callable[[str], None],
) -> Site:
    """Returns everything that the pages of these units use."""
    units = {unit.name: unit for unit in kept}
    words = ClinicWords(folder, settings, clock)
    neighbours = Neighbours(
        names=LOOPBACK,
        ports=frozenset({settings.console_port, settings.stop_port}),
        tls_names=frozenset(hosts_in(f"{settings.console_addresses} {settings.stop_addresses}")),
    )
    frames, key = LiveFrames(units, words, clock), key_in(station_folder(folder.path))
    return Site(
        folder=folder,
        settings=settings,
        clock=clock,
        units=units,
        words=words,
        frames=frames,
        board=KeptBoard(folder, words, units, clock),
        examination=KeptExamination(
            folder, words, clock, is_treating=lambda: frames.may_be_treating
        ),
        certificate=KeptCertificate(settings.station_certificate, words, clock),
        reader=SessionReader(folder, units, clock, report),
        pages=pages,
        people=_people(folder, settings, units, key, clock=clock, report=report),
        tokens=FormTokens(key),
        stop_desk=StopDesk(
            [*units.values()],
            neighbours,
            words=words.wording,
            clock=clock,
            report=report,
        ),
        report=report,
    )


def _people(
    folder: RecordFolder,
    settings: Settings,
    units: Mapping[str, KeptUnit],
    key: bytes,
    *,
    clock: Clock,
    report: Callable[[str], None],
) -> People:
    def author(by: str, account: str) -> Author:
        return author_now(folder, by, clock.utc_ms(), account)

    rules = PeopleRules(
        idle_s=settings.sign_out_minutes * 60,
        stays=lambda name: any(name in each.held_by for each in units.values()),
        report=report,
    )
    desk = SignInDesk(folder, author, clock.utc_ms)
    return People(KeptSignIns(folder, key, report), KeptAccounts(folder, clock), clock, desk, rules)
