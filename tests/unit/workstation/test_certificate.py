"""For which names the station's certificate is, and when its end is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from tests.support.certificates import made_certificate
from tests.support.sessions import SETTINGS
from workstation.certificate import StationCertificate, certificate_trouble
from workstation.hosts import host_of, hosts_in
from workstation.tls import tls_of

ENDS = datetime(2026, 12, 30, 12, 0, tzinfo=UTC)


def utc_ms_of(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1000)


@pytest.fixture
def certificate(tmp_path: Path) -> StationCertificate:
    names = ["Desk.example", "*.clinic.example", "192.0.2.5", "2001:db8::1"]
    made = made_certificate(tmp_path / "c.pem", names, ends=ENDS)
    return StationCertificate.of_file(str(made.file))


@pytest.mark.parametrize(
    ("host", "is_for"),
    [
        ("desk.example", True),
        ("room-2.clinic.example", True),
        ("192.0.2.5", True),
        ("2001:db8::1", True),
        ("clinic.example", False),
        ("a.room-2.clinic.example", False),
        ("192.0.2.6", False),
        ("example", False),
    ],
)
def test_names_are_matched_as_browsers_do(
    certificate: StationCertificate, host: str, is_for: bool
) -> None:
    assert certificate.is_for(host) is is_for


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-29 23:59-06:00", ""),
        ("2026-11-30 00:00-06:00", "ends in 30 days, on 2026-12-30"),
        ("2026-12-29 20:00-06:00", "ends in 1 day, on 2026-12-30"),
        ("2026-12-30 05:00-06:00", "ends today, on 2026-12-30"),
        ("2026-12-30 06:01-06:00", "ended on 2026-12-30: other machines are warned by their"),
        ("2019-12-31 17:00-06:00", "begins on 2019-12-31"),
        ("2019-12-31 19:00-06:00", ""),
    ],
)
def test_its_end_is_told_from_30_of_the_clinics_days_before(
    certificate: StationCertificate, at: str, words: str
) -> None:
    told = certificate.due(utc_ms_of(at), SETTINGS.day_at)
    assert words in told
    assert bool(told) is bool(words)


def test_one_that_ends_in_the_clinics_evening_ends_on_that_day(tmp_path: Path) -> None:
    evening = datetime(2026, 12, 31, 3, 0, tzinfo=UTC)
    made = made_certificate(tmp_path / "c.pem", ["desk.example"], ends=evening)
    told = certificate_trouble(str(made.file), utc_ms_of("2026-12-30 08:00-06:00"), SETTINGS.day_at)
    assert "ends today, on 2026-12-30" in told


def test_a_file_that_is_none_is_said_and_one_that_is_not_set_is_none(tmp_path: Path) -> None:
    file = tmp_path / "c.pem"
    assert certificate_trouble("", 0, SETTINGS.day_at) == ""
    assert "cannot be read (No such file" in certificate_trouble(str(file), 0, SETTINGS.day_at)
    file.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(RequestRefused, match="cannot be read"):
        StationCertificate.of_file(str(file))


def test_hosts_are_as_browsers_write_them() -> None:
    assert hosts_in(" Desk.Example  desk.example 192.0.2.5 ") == ("desk.example", "192.0.2.5")
    assert host_of("2001:DB8:0::1") == "2001:db8::1"
    assert host_of("::ffff:192.0.2.5") == "192.0.2.5"


@pytest.mark.parametrize("read", [StationCertificate.of_file, tls_of])
def test_nobody_waits_at_a_named_pipe_in_its_place(
    tmp_path: Path, read: Callable[[str], object]
) -> None:
    os.mkfifo(tmp_path / "c.pem")
    with pytest.raises(RequestRefused, match="pem is a named pipe, not a file"):
        read(str(tmp_path / "c.pem"))
