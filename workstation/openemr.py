"""Upload of a document into OpenEMR: its REST endpoint for documents of a patient.

As published: POST {base}/apis/{site}/api/patient/{pid}/document?path=..., multipart field
"document", bearer token with the scopes api:oemr and user/document; the patient is OpenEMR's
number, not its UUID; the path has small letters and "_" for blanks; the answer is "true".
Not tried with a live OpenEMR.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from controller.errors import UploadRefused

TIMEOUT_S = 30.0
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_MEANINGS = {
    400: "the patient's number is not known there",
    401: "the token is not valid or has expired",
    403: "the token's scopes do not allow it (api:oemr, user/document)",
    404: "address or site is wrong, or its API is not switched on",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEndpoint:
    """Where a patient's documents are stored; raises UploadRefused for an unencrypted address."""

    base_url: str
    patient: int
    site: str = "default"
    category: str = "Medical Record"

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        encrypted = parts.scheme == "https"
        local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
        if not parts.hostname or parts.username or not (encrypted or local):
            raise UploadRefused(
                f"openemr={_without_user(self.base_url)!r} is not an https address; "
                "patients' documents are sent over TLS only (http is for this computer "
                "itself)"
            )
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", self.site):
            raise UploadRefused(f"site={self.site!r} is not a name of an OpenEMR site; correct it")
        if self.patient < 1:
            raise UploadRefused(
                f"patient={self.patient} is not a number that OpenEMR gives (1, 2, ...); "
                "look it up in the patient's chart"
            )

    @property
    def url(self) -> str:
        """Returns the endpoint without its query."""
        base = self.base_url.rstrip("/")
        return f"{base}/apis/{self.site}/api/patient/{self.patient}/document"

    @property
    def path(self) -> str:
        """Returns the category as the endpoint needs it."""
        return "/" + self.category.strip("/ ").lower().replace(" ", "_")


def token_from(variable: str) -> str:
    """Returns the token in an environment variable; raises UploadRefused. It is never shown."""
    token = os.environ.get(variable, "").strip()
    if not token:
        raise UploadRefused(
            f"the environment variable {variable} holds no token; set it to one from OpenEMR's "
            "OAuth2 with the scopes api:oemr and user/document"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UploadRefused(
            f"what the environment variable {variable} holds is not a token (it contains "
            "blanks or unexpected characters); copy it again"
        )
    return token


def upload_document(
    endpoint: DocumentEndpoint,
    file_name: str,
    content: bytes,
    token: str,
    transport: httpx.BaseTransport | None = None,
) -> None:
    """Upload a PDF; raises UploadRefused with the answer. Nothing is sent twice.

    Redirects are not followed: the token goes only to the address that a person gave.
    """
    try:
        with httpx.Client(timeout=TIMEOUT_S, transport=transport, trust_env=False) as client:
            answer = client.post(
                endpoint.url,
                params={"path": endpoint.path},
                files={"document": (file_name, content, "application/pdf")},
                headers={"Authorization": f"Bearer {token}"},
            )
    except httpx.HTTPError as error:
        raise UploadRefused(
            f"{endpoint.url} was not reached ({type(error).__name__}); whether the document "
            "arrived is not known: look into the patient's documents before trying again"
        ) from error
    _check(endpoint, answer)


def _check(endpoint: DocumentEndpoint, answer: httpx.Response) -> None:
    if answer.status_code in (200, 201) and answer.text.strip() not in ("", "false", "null"):
        return
    meaning = _MEANINGS.get(answer.status_code, "see OpenEMR's log")
    if answer.status_code in (200, 201):
        meaning = f"it did not store the document; does the category {endpoint.path} exist there?"
    result = (
        "nothing was uploaded"
        if answer.status_code < 500
        else "look into the patient's documents before trying again"
    )
    raise UploadRefused(f"{endpoint.url} answered {answer.status_code}: {meaning}; {result}")


def _without_user(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//...@", url)
