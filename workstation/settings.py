"""Settings of the workstation: where records live and the clinic's time zone.

Read from environment variables (``TRACTION_DATA``, ``TRACTION_TIME_ZONE``, ``TRACTION_CLINIC``) and
from ``settings.toml`` in the user's configuration folder; the environment wins.
"""

# No string annotations: pydantic would compile each of them when the program is loaded.
import os
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from controller.words import ADDRESS_CHARACTERS, NAME_CHARACTERS, fault_of, visible
from records.checked_data import known_zone
from records.store.private_files import HAS_MODES
from records.times_in_words import moment_in_words
from records.toml_text import toml_of
from workstation.hosts import listened_on_fault, machines_fault

if TYPE_CHECKING:
    from records.standing.versions import StandingData

APPLICATION = "traction"
PREFIX = "TRACTION_"
"""Beginning of the environment variables' names; a key follows, in upper or lower case."""
SYSTEM_ZONE = Path("/etc/localtime")
"""The link to the zone's file on POSIX systems."""
PATH_CHARACTERS = 4096
"""The longest path that Linux takes."""
SHOWN_CHARACTERS = 60
"""How much of a wrong value a message repeats, in characters."""


class Settings(BaseModel):
    """All values have a default, so that a new workstation works without settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))
    """Folder where records live."""
    time_zone: str = ""
    """IANA name; empty means the system's zone."""
    clinic: str = ""
    """Name of the clinic."""
    force_unit: ForceUnit | None = None
    """The unit of force that leads; not set: pounds in the United States, else newtons."""
    retention_years: int = Field(default=0, ge=0, le=100)
    """Whole years that a session is kept; 0: nothing is ever removed."""
    checkpoint_copy: str = ""
    """File or folder in a second place that every checkpoint is added to; empty: none."""
    timestamp_certificates: str = ""
    """PEM file with the roots of a time-stamp authority."""
    timestamp_url: str = ""
    """Address of that RFC 3161 authority; empty: none."""
    readers_group: str = ""
    """Group whose members may read the records; empty: only the account that keeps them."""
    console_port: int = Field(default=8720, ge=1, le=65535)
    """Where the console is served on this machine."""
    stop_port: int = Field(default=8721, ge=1, le=65535)
    """Where the stop door listens."""
    station_certificate: str = ""
    """PEM file with certificate and key, for pages on other machines; empty: none."""
    console_addresses: str = ""
    """Host names or addresses of this machine that console and stop door listen on beside loopback,
    with spaces between them."""
    console_acting_addresses: str = ""
    """Addresses of other machines whose pages may act; all others may watch and stop."""
    stop_addresses: str = ""
    """Host names or addresses of this machine that the stop door alone listens on as well."""
    backup_days: int = Field(default=7, ge=0, le=366)
    """Days after which the newest backup counts as too old; 0: never."""
    paper_days: int = Field(default=7, ge=0, le=366)
    """Days after which a downtime sheet is no longer entered; 0: however old it is."""
    console_lost: int = Field(default=15, ge=5, le=60)
    """Seconds without the console after which a session releases."""
    sign_out_minutes: int = Field(default=10, ge=2, le=30)
    """Minutes without a touch after which the console signs a person out."""
    backup_recipients: str = ""
    """age recipients, with spaces between them; empty: backups are not encrypted."""

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        return known_zone(name)

    @field_validator("clinic")
    @classmethod
    def _clinic_is_a_name(cls, name: str) -> str:
        if fault := fault_of(name, NAME_CHARACTERS):
            raise ValueError(fault)
        return name

    @field_validator("stop_port")
    @classmethod
    def _ports_differ(cls, port: int, info: ValidationInfo) -> int:
        if port == info.data.get("console_port"):
            raise ValueError("console_port is the same; the stop door needs a port of its own")
        return port

    @field_validator("console_addresses", "stop_addresses")
    @classmethod
    def _other_machines_use_tls(cls, addresses: str, info: ValidationInfo) -> str:
        if fault := fault_of(addresses, ADDRESS_CHARACTERS) or listened_on_fault(addresses):
            raise ValueError(fault)
        if addresses.strip() and not info.data.get("station_certificate"):
            raise ValueError("it needs station_certificate as well")
        return addresses

    @field_validator("console_acting_addresses")
    @classmethod
    def _machines_are_addresses(cls, addresses: str, info: ValidationInfo) -> str:
        if fault := fault_of(addresses, ADDRESS_CHARACTERS) or machines_fault(addresses):
            raise ValueError(fault)
        if addresses.strip() and not info.data.get("console_addresses"):
            raise ValueError("it needs console_addresses as well")
        return addresses

    @field_validator("checkpoint_copy", "timestamp_certificates", "station_certificate")
    @classmethod
    def _place_is_a_whole_path(cls, place: str) -> str:
        if fault := fault_of(place, PATH_CHARACTERS):
            raise ValueError(fault)
        if place and not Path(place).is_absolute():
            raise ValueError("not an absolute path; begin it at the root of a disk")
        return place

    @field_validator("timestamp_url")
    @classmethod
    def _address_is_of_the_web(cls, url: str, info: ValidationInfo) -> str:
        if fault := fault_of(url, ADDRESS_CHARACTERS):
            raise ValueError(fault)
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("not a web address; it begins with http:// or https://")
        for needed in ("checkpoint_copy", "timestamp_certificates"):
            if url and not info.data.get(needed):
                raise ValueError(f"it needs {needed} as well")
        return url

    @field_validator("readers_group")
    @classmethod
    def _group_is_a_name(cls, name: str) -> str:
        if fault := fault_of(name, NAME_CHARACTERS):
            raise ValueError(fault)
        if name and not HAS_MODES:
            raise ValueError("this system has no modes; leave it empty and share the folder itself")
        return name

    @field_validator("backup_recipients")
    @classmethod
    def _recipients_are_keys(cls, text: str) -> str:
        if text.strip():
            from records.keeping.backup_encryption import parse_recipients

            parse_recipients(text)
        return text

    @field_validator("data")
    @classmethod
    def _folder_is_text(cls, folder: Path) -> Path:
        if fault := fault_of(str(folder), PATH_CHARACTERS):
            raise ValueError(fault)
        return folder

    @property
    def unit_of_force(self) -> ForceUnit:
        """Returns the unit of force that leads wherever a force is shown."""
        if self.force_unit is not None:
            return self.force_unit
        name = self.time_zone or _zone_of_the_system()
        return ForceUnit.POUND if _is_american(name) else ForceUnit.NEWTON

    def of_the_clinic(self, name: str, time_zone: str, force_unit: str | None) -> Self:
        """Returns the settings with the name, zone and unit of force of the clinic's record.

        What the record leaves open stays as set. A unit that was set for this workstation leads
        here, whatever the record says.
        """
        said: dict[str, Any] = {"clinic": name, "time_zone": time_zone}
        if self.force_unit is None and force_unit is not None:
            said["force_unit"] = ForceUnit(force_unit)
        return self.model_copy(update={key: value for key, value in said.items() if value})

    def zone_at(self, utc_ms: int) -> tzinfo:
        """Returns the clinic's zone; a system zone is fixed at its offset of that moment."""
        if self.time_zone:
            return ZoneInfo(self.time_zone)
        offset = datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone().utcoffset()
        return timezone(offset or timedelta())

    def moment_text(self, utc_ms: int) -> str:
        """Returns a moment in the clinic's time, to the second."""
        return moment_in_words(datetime.fromtimestamp(utc_ms // 1000, self.zone_at(utc_ms)))

    def day_at(self, utc_ms: int) -> date:
        """Returns the clinic's day of a moment."""
        return datetime.fromtimestamp(utc_ms / 1000, self.zone_at(utc_ms)).date()


def _zone_of_the_system() -> str:
    """Returns the IANA name of the system's zone; empty where the system does not name it."""
    if name := os.environ.get("TZ", ""):
        return name.removeprefix(":")
    _, marker, name = str(SYSTEM_ZONE.resolve()).partition("/zoneinfo/")
    return name if marker else ""


def _is_american(zone: str) -> bool:
    """Returns True for a zone of the United States, by the time zone database's own table."""
    if zone.startswith("US/"):
        return True
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return any(row[0] == "US" and row[2] == zone for row in rows)


def settings_file() -> Path:
    """Returns where the optional settings file is looked for."""
    return Path(platformdirs.user_config_dir(APPLICATION, appauthor=False)) / "settings.toml"


def _short(value: object) -> str:
    """Returns the beginning of what was set, safe for a message."""
    shown = visible(repr(value))
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}..."


def load_settings() -> Settings:
    """Read the settings; raises RequestRefused naming key, value and source."""
    try:
        return Settings.model_validate({**_in_the_file(), **_in_the_environment()})
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise RequestRefused(
            f"setting {key}={_short(fault['input'])}: {fault['msg']}; correct the environment or "
            f"{settings_file()}"
        ) from error


def _in_the_file() -> dict[str, Any]:
    """Returns the settings file's values; nothing when there is none. An empty value is not set."""
    known = Settings.model_fields
    path = settings_file()
    try:
        said = toml_of(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestRefused(f"settings {path} cannot be read ({reason}); correct it") from error
    return {key: value for key, value in said.items() if value != "" or key not in known}


def _in_the_environment() -> dict[str, str]:
    """Returns the environment's values of known keys; variables with other names are ignored.

    An empty variable is not set.
    """
    said = {name.upper(): value for name, value in os.environ.items()}
    names = {key: f"{PREFIX}{key.upper()}" for key in Settings.model_fields}
    return {key: said[name] for key, name in names.items() if said.get(name)}


def setting_sources() -> dict[str, str]:
    """Returns each setting's source by its key: environment, settings file, or "default".

    Raises RequestRefused where the settings file cannot be read.
    """
    said, environment = _in_the_file(), _in_the_environment()
    return {
        key: f"environment variable {PREFIX}{key.upper()}"
        if key in environment
        else f"settings file {settings_file()}"
        if key in said
        else "default"
        for key in Settings.model_fields
    }


def settings_at_the_clinic(settings: Settings, held: "StandingData") -> Settings:
    """Returns the settings with the clinic's record applied over them."""
    if held.clinic is None:
        return settings
    clinic = held.clinic.record
    return settings.of_the_clinic(clinic.name, clinic.time_zone, clinic.force_unit)
