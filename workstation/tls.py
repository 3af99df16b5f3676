"""The encryption of connections from other machines, and what is wrong with its file."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from controller.errors import RequestRefused
from records.store.plain_files import read_plain

OF_ANOTHER_KEY: Final = "KEY_VALUES_MISMATCH"
"""OpenSSL's reason for a key that does not belong to the certificate."""
NO_PASSWORD: Final = ""
"""A key with a password is refused: nobody could type it when the system starts the station."""


def tls_of(certificate: str) -> ssl.SSLContext:
    """Returns it for a PEM file with certificate and key, expired or not; raises RequestRefused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        read_plain(Path(certificate))  # the library would block at a named pipe
        context.load_cert_chain(certificate, password=NO_PASSWORD)
    except (OSError, ValueError) as error:
        raise RequestRefused(
            f"the setting station_certificate={certificate} cannot be used: "
            f"{_reason(Path(certificate), error)}. Name a PEM file with the certificate and its "
            "key, or leave console_addresses and stop_addresses empty"
        ) from error
    return context


def _reason(file: Path, error: OSError | ValueError) -> str:
    if not isinstance(error, ssl.SSLError):
        return str(getattr(error, "strerror", None) or error)
    if error.reason == OF_ANOTHER_KEY:
        return "its key is not the key of its certificate"
    text = file.read_text(encoding="latin-1")
    if "BEGIN CERTIFICATE" not in text:
        return "there is no certificate in it"
    if "PRIVATE KEY" not in text:
        return "there is no key in it"
    if "ENCRYPTED" in text:
        return "its key has a password; store it without one, readable for this account alone"
    return "certificate or key in it is damaged"
