"""A local time-stamp authority that makes RFC 3161 replies in DER.

They are written here because the library under test cannot make them. A reply is SEQUENCE { status,
ContentInfo { SignedData { TSTInfo } } }; the signature is over the signed attributes, as RFC 5652
requires.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import TimeStampRequest

SEQUENCE, SET, INTEGER, OCTETS, OID, GENERALIZED_TIME, BOOLEAN = (
    0x30,
    0x31,
    0x02,
    0x04,
    0x06,
    0x18,
    0x01,
)
EXPLICIT_0 = 0xA0
BEGUN = datetime(2020, 1, 1, tzinfo=UTC)
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
_SHA256, _ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
_POLICY = "1.3.6.1.4.1.99999.1"


class TimeStampAuthority:
    """A root, and a certificate issued by it that signs time stamps."""

    def __init__(self, name: str, *, stamps: bool = True) -> None:
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate(f"{name} root", self._root_key, f"{name} root", self._root_key)
        usage = ExtendedKeyUsageOID.TIME_STAMPING if stamps else ExtendedKeyUsageOID.CODE_SIGNING
        self.certificate = _certificate(
            name, self._key, f"{name} root", self._root_key, x509.ExtendedKeyUsage([usage])
        )

    @property
    def root_pem(self) -> bytes:
        """The trusted root."""
        return self.root.public_bytes(Encoding.PEM)

    def reply(
        self,
        request: TimeStampRequest,
        at: datetime,
        *,
        nonce: int | None = None,
        embedded: tuple[x509.Certificate, ...] = (),
    ) -> bytes:
        """A granted reply; ``embedded`` certificates are included beside the signer's."""
        imprint = request.message_imprint.message
        answered = request.nonce if nonce is None else nonce
        assert answered is not None, "the program asks with a nonce"
        content = _der(
            SEQUENCE,
            _integer(1),
            _oid(_POLICY),
            _der(SEQUENCE, _der(SEQUENCE, _oid(_SHA256)), _der(OCTETS, imprint)),
            _integer(77),
            _der(GENERALIZED_TIME, at.strftime("%Y%m%d%H%M%SZ").encode()),
            _integer(answered),
        )
        token = _der(
            SEQUENCE, _oid(_SIGNED_DATA), _der(EXPLICIT_0, self._signed_data(content, embedded))
        )
        return _der(SEQUENCE, _der(SEQUENCE, _integer(0)), token)

    def _signed_data(self, content: bytes, embedded: tuple[x509.Certificate, ...]) -> bytes:
        mine = self.certificate.public_bytes(Encoding.DER)
        others = [one.public_bytes(Encoding.DER) for one in embedded]
        attributes = sorted(
            (
                _attribute(_CONTENT_TYPE, _oid(_TST_INFO)),
                _attribute(_MESSAGE_DIGEST, _der(OCTETS, hashlib.sha256(content).digest())),
                _attribute(_SIGNING_CERTIFICATE, _names_certificate(mine)),
            )
        )
        signature = self._key.sign(_der(SET, *attributes), ec.ECDSA(hashes.SHA256()))
        signer = _der(
            SEQUENCE,
            _integer(1),
            _der(
                SEQUENCE,
                self.certificate.issuer.public_bytes(),
                _integer(self.certificate.serial_number),
            ),
            _der(SEQUENCE, _oid(_SHA256)),
            _der(EXPLICIT_0, *attributes),
            _der(SEQUENCE, _oid(_ECDSA_SHA256)),
            _der(OCTETS, signature),
        )
        return _der(
            SEQUENCE,
            _integer(3),
            _der(SET, _der(SEQUENCE, _oid(_SHA256))),
            _der(SEQUENCE, _oid(_TST_INFO), _der(EXPLICIT_0, _der(OCTETS, content))),
            _der(EXPLICIT_0, *sorted([mine, *others])),
            _der(SET, signer),
        )


def refused_reply() -> bytes:
    """A reply of status 2, rejection, without a token."""
    return _der(SEQUENCE, _der(SEQUENCE, _integer(2)))


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    usage: x509.ExtendedKeyUsage | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGUN)
        .not_valid_after(BEGUN + timedelta(days=40_000))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _names_certificate(certificate: bytes) -> bytes:
    digest = _der(OCTETS, hashlib.sha256(certificate).digest())
    return _der(SEQUENCE, _der(SEQUENCE, _der(SEQUENCE, digest)))


def _attribute(kind: str, value: bytes) -> bytes:
    return _der(SEQUENCE, _oid(kind), _der(SET, value))


def _der(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def _integer(number: int) -> bytes:
    return _der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _oid(text: str) -> bytes:
    first, second, *rest = (int(part) for part in text.split("."))
    content = bytearray([40 * first + second])
    for part in rest:
        groups = [part & 0x7F]
        while part := part >> 7:
            groups.append(part & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return _der(OID, bytes(content))
