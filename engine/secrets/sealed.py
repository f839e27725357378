"""How do keys lie on disk so that only their owner reads them? AES-256-GCM under a derived key.

Four lines of text: the version, the header in JSON, the sealed keys in base64, the SHA-256 of the
three. The first two are authenticated as associated bytes. The last tells a damaged file from a
wrong passphrase; it protects from accidents alone, and the seal from everybody else.
"""

import base64
import os
import unicodedata
from typing import Any, NamedTuple

from engine.core import digest_of_bytes
from engine.errors import Refused
from engine.secrets.header import (
    NONCE_BYTES,
    SALT_BYTES,
    FromFile,
    Header,
    Scrypt,
    damaged,
    parsed,
    written,
)
from engine.secrets.keys import Keys, fingerprint

KEY_BYTES = 32
# OWASP's "Password Storage Cheat Sheet" gives this as strong as n = 2^17, p = 1, in 32 MB.
N, R, P = 1 << 15, 8, 3
PURPOSE = b"supreme keys at rest"
PASSPHRASE_MIN, KEY_FILE_MIN, BYTES_MAX = 12, 32, 1 << 16


class Passphrase(NamedTuple):
    """What a person remembers."""

    text: str

    def __repr__(self) -> str:
        return "<a passphrase>"


class KeyFile(NamedTuple):
    """The bytes of a key file, and where it lies."""

    raw: bytes
    path: str

    def __repr__(self) -> str:
        return f"<the key file {self.path}>"


Lock = Passphrase | KeyFile


class Sealed(NamedTuple):
    """A file of keys, read and whole, not opened: what it says of itself, and its sealed bytes."""

    path: str
    header: Header
    associated: bytes
    sealed: bytes


def seal(keys: Keys, lock: Lock, *, added: str, now: str) -> bytes:
    """A whole file of these keys; a passphrase or key file that is too short is Refused.

    `added` and `now` are UTC times for the header.
    """
    strong_enough(lock)
    salt, nonce = os.urandom(SALT_BYTES).hex(), os.urandom(NONCE_BYTES)
    derivation: Scrypt | FromFile = Scrypt(salt, N, R, P)
    if isinstance(lock, KeyFile):
        derivation = FromFile(salt, lock.path)
    known = fingerprint(keys.api_key)
    header = Header(
        keys.name, keys.venue, keys.kind, known, added, now, nonce.hex(), derivation
    )  # fmt: skip
    opening = written(header)
    plain = f"{keys.api_key}\0{keys.secret}".encode()
    sealed = cipher(derivation, lock).encrypt(nonce, plain, opening.encode())
    whole = f"{opening}{base64.b64encode(sealed).decode()}\n"
    return f"{whole}{digest_of_bytes(whole.encode()).hex()}\n".encode()


def read(raw: bytes, path: str) -> Sealed:
    """A file of keys by its bytes, as far as it can be read without opening it.

    Refused (4) where it is cut or changed, or of another version.
    """
    whole, _, check = raw.removesuffix(b"\n").rpartition(b"\n")
    lines = whole.split(b"\n")
    if check.decode(errors="replace") != digest_of_bytes(whole + b"\n").hex():
        raise damaged(path, "it is cut or was changed")
    try:
        first, second, third = (line.decode("ascii") for line in lines)
        sealed = base64.b64decode(third, validate=True)
    except ValueError as error:
        raise damaged(path, "it has not the lines of one") from error
    opening = f"{first}\n{second}\n".encode()
    return Sealed(path, parsed(first, second, path), opening, sealed)


def opened(file: Sealed, lock: Lock) -> Keys:
    """The keys in it; Refused (4) with a wrong passphrase or key file, or where it was forged."""
    header = file.header
    if isinstance(lock, Passphrase) is not isinstance(header.derivation, Scrypt):
        raise wrong_lock(file)
    aead = cipher(header.derivation, lock)
    from cryptography.exceptions import InvalidTag

    try:
        plain: bytes = aead.decrypt(bytes.fromhex(header.nonce), file.sealed, file.associated)
    except (InvalidTag, ValueError):  # a seal shorter than its tag is a ValueError in some versions
        raise wrong_lock(file) from None
    api_key, _, secret = plain.decode().partition("\0")
    return Keys(header.name, header.venue, header.kind, (api_key, secret))


def wrong_lock(file: Sealed) -> Refused:
    """The refusal of a passphrase or key file that does not open a file."""
    if isinstance(file.header.derivation, Scrypt):
        what, fix = "passphrase", "give the one it was sealed with"
    else:
        what, fix = "key file", f"it was sealed with {file.header.derivation.path}"
    return Refused(
        f"{file.path} does not open: the {what} is wrong, or the file was changed", fix, code=4
    )


def strong_enough(lock: Lock) -> None:
    """Refused for what could be guessed."""
    if isinstance(lock, KeyFile) and len(lock.raw) < KEY_FILE_MIN:
        raise Refused(
            f"the key file {lock.path} is too short: {len(lock.raw)} bytes",
            f"make one: (umask 077; head -c {KEY_FILE_MIN} /dev/urandom > {lock.path})",
        )
    if isinstance(lock, Passphrase) and len(lock.text) < PASSPHRASE_MIN:
        raise Refused(
            f"the passphrase is too short: {len(lock.text)} letters",
            f"give at least {PASSPHRASE_MIN}; some words are easier to type than signs",
        )


def cipher(derivation: Scrypt | FromFile, lock: Lock) -> Any:
    """AES-256-GCM under the key that a lock and a salt make; Refused without the package."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise Refused(
            "keys are sealed by cryptography, which is not here",
            "install it: .venv/bin/pip install '.[exchange]'",
        ) from error
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt as Work

    salt = bytes.fromhex(derivation.salt)
    if isinstance(derivation, Scrypt) and isinstance(lock, Passphrase):
        work = Work(salt=salt, length=KEY_BYTES, n=derivation.n, r=derivation.r, p=derivation.p)
        # One passphrase has one spelling, whichever keyboard it was typed on.
        return AESGCM(work.derive(unicodedata.normalize("NFC", lock.text).encode()))
    assert isinstance(lock, KeyFile)
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, PURPOSE).derive(lock.raw))


def genuine_pem(keys: Keys) -> None:
    """Refused when the secret of Ed25519 keys is no such private key, also by its inner form."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key: object = load_pem_private_key(keys.secret.encode(), None)
    except (ValueError, TypeError):
        key = None
    except Exception as error:  # noqa: BLE001  which errors there are differs by version
        key = error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(
            "the secret is no Ed25519 private key",
            "make one: openssl genpkey -algorithm ed25519, and register its public half",
        )
