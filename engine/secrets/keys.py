"""What is a key to a venue, and which ones cannot be right?

Nothing that this file says of a key holds a letter of it, but for its fingerprint.
"""

import re
from typing import NoReturn

from engine.core import digest_of_bytes
from engine.errors import Refused

HMAC, ED25519 = KINDS = ("hmac", "ed25519")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
VISIBLE = re.compile(r"[!-~]{8,256}")
PEM = re.compile(r"-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{40,400}-----END PRIVATE KEY-----")
# What is often given in its place, and what to do then.
OTHER_PEMS = {
    "BEGIN PUBLIC KEY": "that is the public half: the venue has it, the secret is the other file",
    "ENCRYPTED": "take off its own passphrase first: openssl pkey -in FILE -out PLAIN",
    "BEGIN RSA": "RSA keys are not supported: make an Ed25519 one at the venue",
    "BEGIN OPENSSH": "make it with: openssl genpkey -algorithm ed25519",
}


class Keys:
    """An API key and its secret, for one venue; they show themselves to nobody.

    The secret is the text the venue gave for `hmac`, an unencrypted PKCS8 PEM for `ed25519`.
    """

    __slots__ = ("api_key", "kind", "name", "secret", "venue")

    def __init__(self, name: str, venue: str, kind: str, pair: tuple[str, str]) -> None:
        self.name, self.venue, self.kind = name, venue, kind
        self.api_key, self.secret = pair

    def __repr__(self) -> str:
        return f"<{self.kind} keys {self.name} of {self.venue}, {fingerprint(self.api_key)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are written down by engine.secrets alone")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def _fields(self) -> tuple[str, ...]:
        return self.name, self.venue, self.kind, self.api_key, self.secret


def fingerprint(api_key: str) -> str:
    """How an API key is told from another one: the first 16 hex digits of its SHA-256."""
    return digest_of_bytes(api_key.encode()).hex()[:16]


def plausible(keys: Keys) -> Keys:
    """The keys; Refused, without a letter of them, when they cannot be right."""
    named(keys.name, "the name")
    named(keys.venue, "the venue")
    if keys.kind not in KINDS:
        raise Refused("--kind is none that is known", f"use {' or '.join(KINDS)}")
    if not VISIBLE.fullmatch(keys.api_key):
        raise Refused(
            "what was given as API key is none: 8 to 256 visible letters without spaces",
            "the first line is the API key, the secret follows it",
        )
    if keys.secret == keys.api_key:
        raise Refused("API key and secret are the same", "give each its own")
    (plausible_text if keys.kind == HMAC else plausible_pem)(keys.secret)
    return keys


def named(word: str, what: str) -> str:
    """A word that may be a file's name; Refused otherwise, unsaid: it may be a secret."""
    if not NAME.fullmatch(word):
        raise Refused(
            f"{what} is none: up to 32 of a-z, 0-9, - and _", "for example: supreme keys add main"
        )
    return word


def plausible_text(secret: str) -> None:
    """Refused when it is no secret of an HMAC key."""
    if "BEGIN" in secret:
        raise Refused("the secret is a key file (PEM)", "add --kind ed25519")
    if not VISIBLE.fullmatch(secret):
        raise Refused(
            "what was given as secret is none: 8 to 256 visible letters without spaces",
            "the first line is the API key, the second the secret",
        )


def plausible_pem(secret: str) -> None:
    """Refused when it has not the form of an unencrypted private key."""
    if PEM.fullmatch(secret):
        return
    fixes = [fix for mark, fix in OTHER_PEMS.items() if mark in secret]
    raise Refused(
        "the secret is no unencrypted private key in PEM (PKCS8)",
        [*fixes, "the first line is the API key, the PEM follows it; or leave out --kind"][0],
    )
