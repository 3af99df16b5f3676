"""What the console's server is measured against: Starlette that sends constant bytes.

python -m tests.support.constant_server BYTES_OF_A_FRAME BYTES_OF_A_PAGE
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.stops import free_port

FRAME_S = 0.05


def main(frame_bytes: str, page_bytes: str) -> None:
    """Serve until killed."""
    frame = b"data: " + b"x" * (int(frame_bytes) - 8) + b"\n\n"
    page = "x" * int(page_bytes)

    async def frames() -> AsyncIterator[bytes]:
        while True:
            yield frame
            await asyncio.sleep(FRAME_S)

    async def events(_request: Request) -> Response:
        return StreamingResponse(frames(), media_type="text/event-stream")

    async def static(_request: Request) -> Response:
        return HTMLResponse(page)

    port = free_port()
    print(f"http://127.0.0.1:{port}", flush=True)
    app = Starlette(routes=[Route("/events", events), Route("/", static)])
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, ws="none")


if __name__ == "__main__":
    main(*sys.argv[1:])
