"""`make vulnerabilities`: known vulnerabilities of the locked packages, from osv.dev.

    python -m tools.vulnerabilities [RECORDS]

RECORDS is a saved file of OSV records instead of the network: the ``all.zip`` that osv.dev offers
for PyPI, or a JSON list. Status 1: a vulnerability is known that
docs/explanations/software-classification.md does not judge. Status 2: NOT CHECKED, because nothing
answered.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from packaging.version import InvalidVersion, Version

from tools.locked import LockedPackage, locked_packages, shipped
from tools.software_page import software_of_others

SERVICE: Final = "https://api.osv.dev/v1"
WAIT_S: Final = 30.0
UNKNOWN, NOT_CHECKED = 1, 2

Record = Mapping[str, Any]


class NotChecked(Exception):
    """Raised without an answer, or for one in another form."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one package; ``names`` are its id and its aliases."""

    package: LockedPackage
    names: tuple[str, ...]
    summary: str


def main(arguments: list[str], client: httpx.Client | None = None) -> int:
    """Check and report; returns the exit status."""
    packages = locked_packages()
    try:
        if arguments:
            findings = list(known_in(saved_records(Path(arguments[0])), packages))
        else:
            with client or httpx.Client(timeout=WAIT_S) as asking:
                findings = list(known_to_the_service(asking, packages))
    except NotChecked as error:
        print(f"vulnerabilities: NOT CHECKED: {error}")
        return NOT_CHECKED
    return _told(findings, packages)


def _told(findings: list[Finding], packages: list[LockedPackage]) -> int:
    judged = {name: row.anomalies for name, row in software_of_others().items()}
    in_use = set(shipped(packages))
    unknown = 0
    for one in findings:
        is_judged = any(name in judged.get(one.package.name, "") for name in one.names)
        unknown += not is_judged
        use = "in use" if one.package in in_use else "for development"
        state = "judged on the page" if is_judged else "NOT JUDGED"
        where = f"{one.package.name} {one.package.version} ({use})"
        print(f"{state}: {where}: {', '.join(one.names)}: {one.summary}")
    print(f"vulnerabilities: {len(packages)} packages, {len(findings)} known, {unknown} not judged")
    return UNKNOWN if unknown else 0


# --- the service -------------------------------------------------------------------------------


def known_to_the_service(client: httpx.Client, packages: list[LockedPackage]) -> Iterator[Finding]:
    """Returns what the service knows of each package; raises NotChecked."""
    asked = {"queries": [{"package": {"purl": one.purl}} for one in packages]}
    answer = _answer(client, "POST", "querybatch", asked)
    results = answer.get("results")
    if not isinstance(results, list) or len(results) != len(packages):
        raise NotChecked(f"{SERVICE} did not answer for each of {len(packages)} packages")
    for package, result in zip(packages, results, strict=True):
        if "next_page_token" in result:
            raise NotChecked(f"{SERVICE} has more of {package.name} than one page")
        for known in result.get("vulns", ()):
            yield _finding(package, _answer(client, "GET", f"vulns/{known['id']}"))


def _answer(client: httpx.Client, method: str, path: str, asked: object = None) -> dict[str, Any]:
    try:
        response = client.request(method, f"{SERVICE}/{path}", json=asked).raise_for_status()
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NotChecked(f"{SERVICE}/{path}: {error or type(error).__name__}") from error
    if not isinstance(answer, dict):
        raise NotChecked(f"{SERVICE}/{path} answered without a JSON object")
    return answer


# --- a saved file ------------------------------------------------------------------------------


def saved_records(path: Path) -> Iterator[Record]:
    """The records of a file; raises NotChecked."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield json.loads(archive.read(name))
        else:
            yield from json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise NotChecked(f"{path} has no OSV records ({error})") from error


def known_in(records: Iterable[Record], packages: list[LockedPackage]) -> Iterator[Finding]:
    """Returns what the records say of each package, without withdrawn ones."""
    by_name: dict[str, list[LockedPackage]] = {}
    for one in packages:
        by_name.setdefault(one.name, []).append(one)
    for record in records:
        for affected in record.get("affected", ()) if "withdrawn" not in record else ():
            said = affected.get("package", {})
            for one in by_name.get(_as_locked(str(said.get("name"))), ()):
                if said.get("ecosystem") == "PyPI" and is_affected(one.version, affected):
                    yield _finding(one, record)


def is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """Returns True when a version is listed, or is in a range of versions."""
    if version in affected.get("versions", ()):
        return True
    ranges = [one for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM"]
    return any(_is_within(Version(version), one.get("events", ())) for one in ranges)


def _is_within(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    """Judge events in the order of their versions; the last one that applies decides."""
    inside = False
    for event in events:
        ((kind, said),) = event.items()
        try:
            limit = Version(said)
        except InvalidVersion as error:
            raise NotChecked(
                f"a record has the version {said!r}, which is not a version"
            ) from error
        if kind == "introduced" and version >= limit:
            inside = True
        elif (kind == "fixed" and version >= limit) or (
            kind == "last_affected" and version > limit
        ):
            inside = False
    return inside


def _finding(package: LockedPackage, record: Record) -> Finding:
    names = (str(record.get("id", "?")), *map(str, record.get("aliases", ())))
    summary = str(record.get("summary") or record.get("details", ""))
    return Finding(package, names, " ".join(summary.split())[:160])


def _as_locked(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
