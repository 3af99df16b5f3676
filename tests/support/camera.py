"""Takes pictures of pages for people to look at, where somebody asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Takes pictures into ``folder``, or none without a folder: no test examines them."""

    page: Page
    folder: Path | None

    def take(self, path: str, how: str, *, whole: bool = False) -> None:
        """Take what the window shows, or the ``whole`` page down to its end."""
        if self.folder is None:
            return
        plain = path.replace("{", "").replace("}", "").replace("%20", "-")
        name = plain.strip("/").replace("/", "-") or "overview"
        self.page.screenshot(path=self.folder / f"{name}-{how}.jpg", full_page=whole)
