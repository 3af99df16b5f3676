"""Passes a page's form to a handler: read whole, by a known person, outside the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.errors import RequestRefused
from workstation.console.browsers import TOKEN_FIELD, TOKEN_HEADER
from workstation.console.site import Site

MOST_FIELDS: Final = 300
SECRET: Final = frozenset({TOKEN_FIELD, "pin", "again", "code"})
"""Fields that no answer may show again."""
FOREIGN_FORM: Final = (
    "This page was loaded in another browser, or its cookies were deleted, so nothing was "
    "done. STOP works."
)
NOBODY_HERE: Final = (
    "nobody is signed in here any more, so nothing was done: say who you are ([Change "
    "person]), then send it again"
)
Handler = Callable[[Request], Awaitable[Response]]


class Form:
    """The fields of a form as text, without surrounding white space."""

    def __init__(self, data: FormData, files: Mapping[str, tuple[str, bytes]]) -> None:
        self._data, self._files = data, files

    def text(self, name: str) -> str:
        """Returns a field; "" where it was not sent."""
        value = self._data.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Returns every value of a field that may come several times."""
        return [one.strip() for one in self._data.getlist(name) if isinstance(one, str)]

    def is_ticked(self, name: str) -> bool:
        """Returns whether a box was ticked."""
        return bool(self.text(name))

    def file(self, name: str) -> tuple[str, bytes]:
        """Returns name and content of a file; ("", b"") where none was chosen."""
        return self._files.get(name, ("", b""))

    def values(self) -> dict[str, str]:
        """Returns every field that is not secret, to be shown again beside a refusal."""
        return {name: self.text(name) for name in self._data if name not in SECRET}


def site_of(request: Request) -> Site:
    """Returns what the console's pages use."""
    site: Site = request.app.state.site
    return site


def shown(handler: Callable[[Request], Response]) -> Handler:
    """Wraps a page, so that the live view does not wait while it reads records."""

    async def show(request: Request) -> Response:
        return await run_in_threadpool(handler, request)

    return show


def shown_to_person(handler: Callable[[Request, str], Response]) -> Handler:
    """Wraps a page of a patient's data: the audit row names the reader, so a name is asked first.

    ``handler`` gets the person's name.
    """

    async def show(request: Request) -> Response:
        person = site_of(request).people.named(request)
        if not person:
            return to(f"/person?back={quote(address_of(request))}")
        return await run_in_threadpool(handler, request, person)

    return show


def posted(handler: Callable[[Request, Form, str], Response], *, most_files: int = 0) -> Handler:
    """Wraps an act of a person; without a name it is asked first and leads back to the page.

    ``handler`` gets the form and the person's name.
    """

    async def act(request: Request) -> Response:
        form = await _form(request, most_files)
        person = site_of(request).people.named(request)
        if not person:
            return to(f"/person?back={quote(came_from(request))}")
        return await run_in_threadpool(handler, request, form, person)

    return act


def posted_whole(handler: Callable[[Request, Form, str], Response]) -> Handler:
    """Wraps an act whose form is stored nowhere yet: a refusing page keeps what was typed.

    Raises RequestRefused.
    """

    async def act(request: Request) -> Response:
        form = await _form(request)
        person = site_of(request).people.named(request)
        if not person:
            raise RequestRefused(NOBODY_HERE)
        return await run_in_threadpool(handler, request, form, person)

    return act


def open_to_all(handler: Callable[[Request, Form, str], Response]) -> Handler:
    """Wraps an act that frees the patient (less, pause, end, check-in), which needs no name.

    ``handler`` gets the form and the person's name, "" where there is none.
    """

    async def act(request: Request) -> Response:
        form = await _form(request)
        person = site_of(request).people.named(request)
        return await run_in_threadpool(handler, request, form, person)

    return act


def to(path: str) -> Response:
    """Returns the answer to every act that was done: a redirect to a page that can be reloaded."""
    return RedirectResponse(path, status_code=303)


def came_from(request: Request) -> str:
    """Returns the page of this console that a form was on; the overview where that is not known."""
    referer = request.headers.get("referer", "")
    own = str(request.base_url)
    return f"/{referer.removeprefix(own)}" if referer.startswith(own) else "/"


def address_of(request: Request) -> str:
    """Returns the address of a page with a query."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def own_path(text: str) -> str:
    """Returns a path of this console; the overview for anything that leads elsewhere."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if plain and text.isprintable() else "/"


async def _form(request: Request, most_files: int = 0) -> Form:
    try:
        data: Any = await request.form(max_files=most_files, max_fields=MOST_FIELDS)
    except (HTTPException, ValueError) as error:
        raise HTTPException(400, "This is not a form of the console.") from error
    form = Form(data, await _files_in(data))
    request.state.typed = form
    check_token(request, form.text(TOKEN_FIELD))
    return form


async def _files_in(data: FormData) -> dict[str, tuple[str, bytes]]:
    """Returns the chosen files, read: a form is too small for its parser to put a file on disk."""
    files = [(name, each) for name, each in data.multi_items() if isinstance(each, UploadFile)]
    read = {name: (each.filename, await each.read()) for name, each in files if each.filename}
    await data.close()
    return read


def check_token(request: Request, of_the_form: str = "") -> None:
    """Accept only what a page of this browser sends; a script sends the token as a header."""
    token = of_the_form or request.headers.get(TOKEN_HEADER, "")
    if not site_of(request).tokens.fits(request, token):
        raise HTTPException(403, FOREIGN_FORM)


def typed_in(request: Request) -> dict[str, str] | None:
    """Returns what the form of an act contained, to be sent again where the act failed.

    None: no form.
    """
    form: Form | None = getattr(request.state, "typed", None)
    return form.values() if form is not None else None
