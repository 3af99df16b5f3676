"""Whether other machines can trust the station's pages, and until when."""

from __future__ import annotations

from collections.abc import Iterator

from controller.errors import RequestRefused
from workstation.certificate import StationCertificate, certificate_faults
from workstation.doctor.fact import WorkstationFact, not_well, well
from workstation.hosts import hosts_in
from workstation.settings import Settings
from workstation.tls import tls_of

NAME = "certificate"


def certificate(settings: Settings, utc_ms: int) -> Iterator[WorkstationFact]:
    """Yields everything that a browser on another machine would see; one fact for each fault."""
    file = settings.station_certificate
    hosts = hosts_in(f"{settings.console_addresses} {settings.stop_addresses}")
    if not hosts:
        yield well(NAME, "not needed: no other machine reaches console and stop door")
        return
    todo = "put a certificate for every address into the file, then start the station again"
    try:
        tls_of(file)
        faults = [*certificate_faults(file, hosts, utc_ms, settings.day_at)]
    except RequestRefused as refusal:
        yield not_well(NAME, refusal.message, todo)
        return
    for fault in faults:
        yield not_well(NAME, fault, todo)
    if not faults:
        last_day = settings.day_at(StationCertificate.of_file(file).ends_utc_ms)
        yield well(NAME, f"for {', '.join(hosts)}, until {last_day}")
