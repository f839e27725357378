"""Is a request signed by the holder of this key? HMAC-SHA-256, or Ed25519.

REST signs query and body as they were sent, the signature left out; the WebSocket API signs its
parameters sorted by name, not encoded (rest-api.md and web-socket-api.md, SIGNED).
"""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

PEM = "-----BEGIN"


class Key(NamedTuple):
    """An API key: its public name, how its signatures are checked, and whether it may log on."""

    name: str
    is_signature: Callable[[bytes, str], bool]
    may_log_on: bool


def key_of(name: str, secret: str) -> Key:
    """A key of a secret: an Ed25519 key in PEM (the public one is enough), else HMAC's own text.

    ValueError for PEM that holds no Ed25519 key.
    """
    if secret.startswith(PEM):
        return Key(name, ed25519_check(secret.encode()), may_log_on=True)
    return Key(name, hmac_check(secret.encode()), may_log_on=False)


def hmac_check(secret: bytes) -> Callable[[bytes, str], bool]:
    """Small or capital hexadecimal digits both hold."""

    def is_signature(payload: bytes, said: str) -> bool:
        due = hmac.digest(secret, payload, "sha256").hex()
        return hmac.compare_digest(due.encode(), said.lower().encode())

    return is_signature


def ed25519_check(pem: bytes) -> Callable[[bytes, str], bool]:
    """Base64, as it is; imports `cryptography`, which only such keys need."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    try:
        is_public = b"PUBLIC" in pem.partition(b"\n")[0]
        key: Any = load_pem_public_key(pem) if is_public else load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("is no key in PEM, or is locked by a passphrase") from error
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    if not isinstance(public, Ed25519PublicKey):
        raise ValueError("is no Ed25519 key")  # noqa: TRY004  the text is wrong, not its type

    def is_signature(payload: bytes, said: str) -> bool:
        try:
            public.verify(b64decode(said, validate=True), payload)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    return is_signature


def without_signature(part: str) -> tuple[str, str]:
    """A query or body without its signature, wherever that stands in it, and the signature."""
    pairs = part.split("&") if part else []
    rest = [pair for pair in pairs if not pair.startswith("signature=")]
    if len(rest) == len(pairs):
        return part, ""
    signed = next(pair for pair in pairs if pair.startswith("signature="))
    return "&".join(rest), unquote(signed.partition("=")[2])


def rest_payload(query: str, body: str) -> tuple[bytes, str]:
    """What a REST request has signed, and its signature, empty if there is none."""
    asked, of_query = without_signature(query)
    sent, of_body = without_signature(body)
    return (asked + sent).encode(), of_query or of_body


def socket_payload(params: Mapping[str, Any]) -> bytes:
    """What a request of the WebSocket API has signed."""
    rows = [f"{name}={told(params[name])}" for name in sorted(params) if name != "signature"]
    return "&".join(rows).encode()


def told(value: Any) -> str:
    """A JSON value as it stands in the text that is signed."""
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)
