"""Puts Noto Sans beside the code that embeds it, from the package that holds it packed.

    python -m tools.fonts

The files are as Google published them. A test compares them with the package.
"""

from __future__ import annotations

from pathlib import Path

from pymupdf_fonts import myfont

from records.exports.paper.fonts import BOLD, PLAIN

FOLDER = Path(__file__).resolve().parent.parent / "records" / "exports" / "paper" / "noto"
PACKAGED_AS = {PLAIN: "notos", BOLD: "notosbo"}


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(exist_ok=True)
    for font in PACKAGED_AS:
        target = FOLDER / f"{font}.ttf"
        target.write_bytes(packaged(font))
        print(f"{target.name}: {target.stat().st_size} bytes")


def packaged(font: str) -> bytes:
    """A font as unpacked from the package."""
    return bytes(myfont(PACKAGED_AS[font]))


if __name__ == "__main__":
    main()
