"""The scripts, styles and pictures of pages: a browser caches them while they are the same."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from workstation.console.page_version import page_version

KEPT: Final = "public, max-age=31536000, immutable"
"""For a year, the longest useful time; another version of the program has other addresses."""


def static_path() -> str:
    """Returns where this program's files are."""
    return f"/static/{page_version()}"


def static_files() -> Mount:
    """Returns the files for the address of any version, so that older pages get scripts too."""
    files = _LastingFiles(packages=[("workstation.console", "static")])
    return Mount("/static/{program}", files)


class _LastingFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Returns a file; only one under this program's own address may be cached."""
        response = await super().get_response(path, scope)
        if scope["path_params"]["program"] == page_version() and response.status_code == 200:
            response.headers["Cache-Control"] = KEPT
        return response
