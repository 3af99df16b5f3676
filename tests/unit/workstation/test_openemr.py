"""Upload to OpenEMR, against a stand-in written from its published API (no live one was tried)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from controller.errors import UploadRefused
from workstation.openemr import DocumentEndpoint, token_from, upload_document

TOKEN = "token-of-a-test"
PDF = b"%PDF-1.4 \x00\xff\r\n--not-a-boundary"
KNOWN_PATIENT, KNOWN_CATEGORY = 7, "/medical_record"


@dataclass
class StandIn:
    """What OpenEMR would hold: (patient, path, file name, content)."""

    url: str = ""
    kept: list[tuple[int, str, str, bytes]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        address = urlsplit(self.path)
        parts = address.path.split("/")
        if parts[:2] != ["", "apis"] or parts[3:5] != ["api", "patient"] or parts[6] != "document":
            return self._answer(404, "null")
        if parts[2] == "moved":
            self.send_response(302)
            self.send_header("Location", f"{self.stand_in.url}/apis/default/elsewhere")
            self.end_headers()
            return None
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, '{"error": "access_denied"}')
        if parts[5] != str(KNOWN_PATIENT):
            return self._answer(400, '{"validationErrors": "Invalid pid"}')
        path = parse_qs(address.query)["path"][0]
        if path != KNOWN_CATEGORY:
            return self._answer(200, "false")
        name, content = self._document(body)
        self.stand_in.kept.append((int(parts[5]), path, name, content))
        return self._answer(200, "true")

    def _document(self, body: bytes) -> tuple[str, bytes]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        _whole, part = message_from_bytes(head + body).walk()
        assert part.get_param("name", header="Content-Disposition") == "document"
        name, content = part.get_filename(), part.get_payload(decode=True)
        assert name is not None
        assert isinstance(content, bytes)
        return name, content

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": made})
    server = HTTPServer(("127.0.0.1", 0), handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_document_arrives_whole_under_its_name(stand_in: StandIn) -> None:
    endpoint = DocumentEndpoint(base_url=f"{stand_in.url}/", patient=KNOWN_PATIENT)
    upload_document(endpoint, "session-1.pdf", PDF, TOKEN)
    assert stand_in.kept == [(KNOWN_PATIENT, KNOWN_CATEGORY, "session-1.pdf", PDF)]


@pytest.mark.parametrize(
    ("changes", "token", "said"),
    [
        ({"patient": 8}, TOKEN, "answered 400: the patient's number is not known"),
        ({}, "other", "answered 401: the token is not valid"),
        ({"category": "Not There"}, TOKEN, "does the category /not_there exist there?"),
        ({"site": "moved"}, TOKEN, "answered 302"),
    ],
)
def test_a_refusal_is_told_in_words_without_the_token(
    stand_in: StandIn, changes: dict[str, object], token: str, said: str
) -> None:
    given = {"base_url": stand_in.url, "patient": KNOWN_PATIENT} | changes
    endpoint = DocumentEndpoint(**given)  # type: ignore[arg-type]
    with pytest.raises(UploadRefused) as refused:
        upload_document(endpoint, "session-1.pdf", PDF, token)
    assert said in refused.value.message
    assert token not in json.dumps([refused.value.message, refused.value.detail])
    assert stand_in.kept == []


def test_a_server_that_is_not_there_leaves_the_outcome_open() -> None:
    endpoint = DocumentEndpoint(base_url="http://127.0.0.1:1", patient=1)
    with pytest.raises(UploadRefused, match=r"was not reached .* not known"):
        upload_document(endpoint, "session-1.pdf", PDF, TOKEN)


@pytest.mark.parametrize(
    "url", ["http://emr.example", "emr.example", "https://", "ftp://emr.example", "https://a:b@c"]
)
def test_only_tls_leaves_this_computer(url: str) -> None:
    with pytest.raises(UploadRefused, match="https") as refused:
        DocumentEndpoint(base_url=url, patient=1)
    assert "a:b@" not in refused.value.message


def test_site_and_patient_are_checked_before_anything_is_sent() -> None:
    with pytest.raises(UploadRefused, match="site="):
        DocumentEndpoint(base_url="https://emr.example", patient=1, site="../x")
    with pytest.raises(UploadRefused, match="patient=0"):
        DocumentEndpoint(base_url="https://emr.example", patient=0)


def test_the_token_comes_from_the_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMR_TOKEN", f" {TOKEN}\n")
    assert token_from("EMR_TOKEN") == TOKEN
    with pytest.raises(UploadRefused, match="NOT_SET holds no token"):
        token_from("NOT_SET")
    monkeypatch.setenv("EMR_TOKEN", "two words")
    with pytest.raises(UploadRefused, match="is not a token") as refused:
        token_from("EMR_TOKEN")
    assert "two words" not in refused.value.message
