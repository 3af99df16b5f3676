"""The station's certificate as a person needs to know it: for which names, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from controller.errors import RequestRefused
from records.store.plain_files import read_plain
from records.times_in_words import DayOf
from workstation.hosts import host_of

SOON_DAYS: Final = 30
"""From so many days before its end a warning is shown, because a new one takes time to get."""
RENEW: Final = "put a new one into its file, then start the station again"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationCertificate:
    """``names`` are the hosts it is valid for, as browsers write them; one may begin with "*.".

    It is valid between two moments, UTC milliseconds.
    """

    begins_utc_ms: int
    ends_utc_ms: int
    names: frozenset[str]

    @classmethod
    def of_file(cls, file: str) -> StationCertificate:
        """Read the first certificate of a PEM file; raises RequestRefused."""
        try:
            found = x509.load_pem_x509_certificate(read_plain(Path(file)))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise RequestRefused(
                f"the station's certificate {file} cannot be read ({reason}); look at it"
            ) from error
        return cls(
            begins_utc_ms=_utc_ms(found.not_valid_before_utc),
            ends_utc_ms=_utc_ms(found.not_valid_after_utc),
            names=frozenset(_names(found)),
        )

    def is_for(self, host: str) -> bool:
        """Returns whether a browser that uses this host name accepts it."""
        return bool(self.names & {host, f"*.{host.partition('.')[2]}"})

    def due(self, utc_ms: int, day_of: DayOf) -> str:
        """Says that it ends soon, has ended, or has not begun, by the clinic's days; else ""."""
        last_day = day_of(self.ends_utc_ms)
        if utc_ms > self.ends_utc_ms:
            return (
                f"the station's certificate ended on {last_day}: other machines are warned by "
                f"their browsers; STOP and console are served all the same. To do: {RENEW}"
            )
        if utc_ms < self.begins_utc_ms:
            first_day = day_of(self.begins_utc_ms)
            return f"the station's certificate begins on {first_day}: {RENEW}"
        left = (last_day - day_of(utc_ms)).days
        if left <= SOON_DAYS:
            return f"the station's certificate ends {_in_days(left)}, on {last_day}: {RENEW}"
        return ""


def certificate_trouble(file: str, utc_ms: int, day_of: DayOf) -> str:
    """Says what to do about the certificate of a setting; "" for nothing to do or without one."""
    if not file:
        return ""
    try:
        return StationCertificate.of_file(file).due(utc_ms, day_of)
    except RequestRefused as refusal:
        return refusal.message


def certificate_faults(
    file: str, hosts: Iterable[str], utc_ms: int, day_of: DayOf
) -> Iterator[str]:
    """Returns all faults to report at a start; raises RequestRefused for an invalid file.

    ``hosts`` are the names and addresses that browsers will use.
    """
    certificate = StationCertificate.of_file(file)
    for host in hosts:
        if not certificate.is_for(host):
            names = ", ".join(sorted(certificate.names)) or "no name at all"
            yield (
                f"the station's certificate is not for {host} but for {names}: browsers warn of "
                f"https://{host} and may not send STOP; have it made for this name as well"
            )
    if due := certificate.due(utc_ms, day_of):
        yield due


def _utc_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _names(certificate: x509.Certificate) -> Iterator[str]:
    try:
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    yield from (host_of(name) for name in said.get_values_for_type(x509.DNSName))
    yield from (host_of(str(each)) for each in said.get_values_for_type(x509.IPAddress))


def _in_days(count: int) -> str:
    if count == 0:
        return "today"
    return "in 1 day" if count == 1 else f"in {count} days"
