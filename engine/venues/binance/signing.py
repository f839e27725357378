"""Who asks? The signature of a request, over exactly what is sent.

REST: parameters in their order, percent-encoded, query and body one after the other. WebSocket API:
sorted by name, not encoded. Source: rest-api.md and web-socket-api.md, "SIGNED".
"""

import base64
import hmac
from typing import Any, Protocol

from engine.errors import Refused

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
Parameters = dict[str, str | int]  # True and False are ints too


class Key(Protocol):
    """An API key: its public id, and what signs with its secret part."""

    id: str

    def sign(self, payload: bytes) -> str:
        """The signature of a payload, as it is sent before any encoding."""


class HmacKey:
    """A key whose secret is shared with the venue."""

    def __init__(self, id_: str, secret: str) -> None:
        self.id, self._secret = id_, secret.encode()

    def __repr__(self) -> str:
        return f"HmacKey({self.id[:4]}...)"

    def sign(self, payload: bytes) -> str:
        """HMAC-SHA256, hexadecimal."""
        return hmac.digest(self._secret, payload, "sha256").hex()


class Ed25519Key:
    """A key whose secret stays here; loads `cryptography`."""

    def __init__(self, id_: str, pem: str) -> None:
        self.id = id_
        self._private = private_key(pem)

    def __repr__(self) -> str:
        return f"Ed25519Key({self.id[:4]}...)"

    def sign(self, payload: bytes) -> str:
        """Ed25519, base64."""
        return base64.b64encode(self._private.sign(payload)).decode()


def private_key(pem: str) -> Any:
    """The Ed25519 private key of a PEM text without passphrase; Refused for anything else."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise Refused(
            "an Ed25519 key needs the package cryptography, which is not installed.",
            "Install it (.venv/bin/pip install '.[exchange]'), or use an HMAC key.",
        ) from None
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise Refused(
            f"the private key cannot be read: {type(error).__name__}.",
            "Give an Ed25519 private key as PKCS#8 PEM without passphrase.",
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(
            "the private key is not an Ed25519 key.", "Give an Ed25519 key, or an HMAC secret."
        )
    return key


def key_of(id_: str, secret: str) -> Key:
    """The key that a secret makes: a PEM private key is Ed25519, anything else HMAC."""
    if secret.lstrip().startswith("-----BEGIN"):
        return Ed25519Key(id_, secret)
    return HmacKey(id_, secret)


def value_text(value: str | int) -> str:
    """A parameter's value as JSON and the venue write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def percent_encoded(text: str) -> str:
    """The text with every byte beyond the unreserved ones as %XX."""
    raw = text.encode()
    if UNRESERVED.issuperset(raw):
        return text
    return "".join(chr(one) if one in UNRESERVED else f"%{one:02X}" for one in raw)


def encoded(parameters: Parameters) -> str:
    """Parameters as a query string or a form, in their order."""
    return "&".join(
        f"{name}={percent_encoded(value_text(value))}" for name, value in parameters.items()
    )


def sorted_payload(parameters: Parameters) -> str:
    """What the WebSocket API wants signed: sorted by name, not encoded."""
    return "&".join([f"{name}={value_text(value)}" for name, value in sorted(parameters.items())])


def signed_for_rest(query: str, body: str, key: Key) -> str:
    """The parameter to append to what is already encoded, behind an `&`."""
    return "signature=" + percent_encoded(key.sign((query + body).encode()))


def signed_for_ws(parameters: Parameters, key: Key) -> Parameters:
    """The parameters with `apiKey` and `signature`."""
    whole = {**parameters, "apiKey": key.id}
    whole["signature"] = key.sign(sorted_payload(whole).encode())
    return whole
