"""Certificates for the station, issued by a certificate authority of the tests."""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
ENDS = datetime(2040, 1, 1, tzinfo=UTC)
SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCertificate:
    """``file`` has certificate and key, in the form that the setting expects."""

    file: Path
    key: ec.EllipticCurvePrivateKey
    pem: bytes
    authority: x509.Certificate

    @property
    def spki(self) -> str:
        """Its public key, in the form in which a browser is told to trust it."""
        told = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64encode(hashlib.sha256(told).digest()).decode()

    def trusting(self) -> ssl.SSLContext:
        """A client that trusts the authority and verifies everything."""
        authority = self.authority.public_bytes(Encoding.PEM).decode()
        return ssl.create_default_context(cadata=authority)


def made_certificate(
    file: Path, names: Sequence[str], *, begins: datetime = BEGINS, ends: datetime = ENDS
) -> MadeCertificate:
    """A certificate for these names and addresses, with its own authority."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in ("Authority of the tests", "station")
    )
    builder = x509.CertificateBuilder()
    authority = (
        builder.not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .subject_name(ca_name)
        .issuer_name(ca_name)
        .public_key(ca_key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), False)
        .add_extension(SIGNS, critical=True)
        .sign(ca_key, SHA256())
    )
    made = (
        builder.not_valid_before(begins)
        .not_valid_after(ends)
        .subject_name(name)
        .issuer_name(ca_name)
        .public_key(key.public_key())
        .serial_number(2)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False
        )
        .sign(ca_key, SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    file.write_bytes(pem + key_pem(key))
    return MadeCertificate(file=file, key=key, pem=pem, authority=authority)


def key_pem(key: ec.EllipticCurvePrivateKey, password: str = "") -> bytes:
    """A key in the form of a file."""
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(password.encode()) if password else NoEncryption()
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
