"""The pictures that ``make looks`` takes of every page."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.support.camera import Camera


def test_a_picture_shows_the_window_or_the_whole_page(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 600, "height": 300})
    page.set_content("<div style='height: 1000px'>Table 1</div>")
    camera = Camera(page=page, folder=tmp_path)
    camera.take("/units/Table%201", "desk")
    camera.take("{begun}/identify", "dark", whole=True)
    page.close()
    assert size_of(tmp_path / "units-Table-1-desk.jpg") == (600, 300)
    width, height = size_of(tmp_path / "begun-identify-dark.jpg")
    assert width == 600
    assert height >= 1000


def size_of(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as opened:
        return opened.size
