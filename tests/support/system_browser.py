"""The system's browser, in which pages are opened; nothing is downloaded."""

from __future__ import annotations

import shutil

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is Chromium without windows: the same pages with less overhead."""
NO_BROWSER = f"no browser is installed: {', '.join(BROWSERS)}"


def system_browser() -> str | None:
    """Returns the first browser that is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)
