"""`make sbom`: the third-party software that is shipped, as a CycloneDX document.

    python -m tools.sbom [FILE]

Names, versions and SHA-256 are from requirements.lock, licences and safety classes from
docs/explanations/software-classification.md. The document is checked against the schema of
CycloneDX 1.6 before it is written.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from tools.locked import ROOT, LockedPackage, declared, locked_packages, shipped
from tools.session_modules import loaded_distributions
from tools.software_page import OthersSoftware, software_of_others

PLACE: Final = ROOT / "dist" / "sbom.cdx.json"
SCHEMA: Final = SchemaVersion.V1_6
LOADED: Final = "traction:loaded_before_a_unit_moves"
CLASS: Final = "traction:safety_class"
WHERE: Final = "traction:installed_where"


def main(arguments: list[str]) -> int:
    """Write the document; returns the exit status."""
    place = Path(arguments[0]) if arguments else PLACE
    text = sbom_text()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    print(f"sbom: {len(shipped(locked_packages()))} components in {place}")
    return 0


def sbom_text() -> str:
    """The document; raises ValueError where the schema refuses it."""
    text = make_outputter(_document(), OutputFormat.JSON, SCHEMA).output_as_string(indent=2)
    if fault := JsonStrictValidator(SCHEMA).validate_str(text):
        raise ValueError(f"the document breaks the schema of CycloneDX: {fault}")
    return text


def _document() -> Bom:
    packages = shipped(locked_packages())
    rows, loaded = software_of_others(), loaded_distributions()
    bom = Bom()
    program = bom.metadata.component = _program()
    made = {one: _component(one, rows[one.name], loaded) for one in packages}
    for component in made.values():
        bom.components.add(component)
    bom.register_dependency(program, _named(made, declared()))
    for one, component in made.items():
        needed = {other.name for other in packages if one.name in other.asked_by}
        bom.register_dependency(component, _named(made, needed))
    return bom


def _program() -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )


def _component(one: LockedPackage, row: OthersSoftware, loaded: Collection[str]) -> Component:
    marks = [Property(name=LOADED, value="yes" if one.name in loaded else "no")]
    if row.safety_class:
        marks.append(Property(name=CLASS, value=row.safety_class))
    if one.marker:
        marks.append(Property(name=WHERE, value=one.marker))
    return Component(
        name=one.name,
        version=one.version,
        type=ComponentType.LIBRARY,
        scope=ComponentScope.REQUIRED,
        bom_ref=one.purl,
        purl=PackageURL.from_string(one.purl),
        licenses=[LicenseFactory().make_from_string(row.licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in one.hashes],
        properties=marks,
    )


def _named(made: dict[LockedPackage, Component], names: Collection[str]) -> list[Component]:
    return [component for one, component in made.items() if one.name in names]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
