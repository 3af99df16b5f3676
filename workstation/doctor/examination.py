"""All facts of a workstation, in the order in which they are shown. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.errors import TractionError
from records.clinic.audit import accesses
from records.store.record_folder import RecordFolder
from workstation.doctor import certificate_facts, device_facts, records_facts, system_facts
from workstation.doctor.fact import WorkstationFact, not_checked, not_well
from workstation.settings import Settings

Look = Callable[[], Iterator[WorkstationFact]]


def examine(folder: RecordFolder, settings: Settings, utc_ms: int) -> tuple[WorkstationFact, ...]:
    """Check everything; takes some seconds, because loudspeaker, sleep and rights are tried."""
    looks: dict[str, Look] = {
        "ports": lambda: device_facts.ports(folder),
        "permissions": lambda: _one(records_facts.permissions(folder, settings)),
        "clock": lambda: _one(system_facts.clock(utc_ms, _last_record(folder), settings)),
        "disk": lambda: _one(records_facts.disk(folder)),
        "real-time rights": lambda: _one(system_facts.realtime_rights()),
        "key": lambda: _one(records_facts.key(folder)),
        "backup": lambda: records_facts.backup(folder, settings),
        "database": lambda: _one(records_facts.database(folder)),
        "disk encryption": lambda: _one(system_facts.disk_encryption(folder.path)),
        "loudspeaker": lambda: _one(device_facts.loudspeaker()),
        "sound heard": lambda: _one(_heard(folder, settings, utc_ms)),
        "certificate": lambda: certificate_facts.certificate(settings, utc_ms),
        "browser": lambda: _one(system_facts.browser()),
        "sleep": lambda: _one(system_facts.sleep()),
        "system restarts": lambda: _one(system_facts.own_restarts()),
    }
    return tuple(fact for name, look in looks.items() for fact in _kept_going(name, look))


def _kept_going(name: str, look: Look) -> Iterator[WorkstationFact]:
    """Report a check that failed as not possible, and continue with the next one."""
    try:
        yield from look()
    except TractionError as error:
        yield not_well(name, error.message, "correct that, then run it again")
    except OSError as error:
        yield not_checked(name, str(error), "correct that, then run it again")


def _one(fact: WorkstationFact) -> Iterator[WorkstationFact]:
    yield fact


def _heard(folder: RecordFolder, settings: Settings, utc_ms: int) -> WorkstationFact:
    day = settings.day_at(utc_ms)
    return device_facts.sound_heard(folder, day)


def _last_record(folder: RecordFolder) -> int | None:
    """Returns when the newest row of clinic.db was written; None without one."""
    return max((row.at_utc_ms for row in accesses(folder)), default=None)
