"""What does a file of keys say openly of what it holds? All but the keys; nothing in it is trusted.

Its two lines are authenticated together with the keys: whoever opens them knows it is true.
"""

import json
from typing import Any, NamedTuple

from engine.errors import Refused
from engine.secrets.keys import KINDS, NAME

MAGIC = "SUPREME-KEYS "
VERSION = 1
SALT_BYTES, NONCE_BYTES = 16, 12
# Beyond these a file would rather stop whoever opens it than be opened.
N_MAX, R_MAX, P_MAX, WORK_BYTES_MAX = 1 << 20, 32, 16, 256 << 20


class Scrypt(NamedTuple):
    """The key comes from a passphrase (RFC 7914); it takes 128 * n * r bytes, p times as long."""

    salt: str
    n: int
    r: int
    p: int


class FromFile(NamedTuple):
    """The key comes from the bytes of a file, by HKDF-SHA256 (RFC 5869)."""

    salt: str
    path: str


class Header(NamedTuple):
    """Whose keys they are and how they are sealed; times are UTC, salt and nonce hex."""

    name: str
    venue: str
    kind: str
    fingerprint: str
    added: str
    sealed: str
    nonce: str
    derivation: Scrypt | FromFile

    def facts(self) -> dict[str, str]:
        """What everybody may know of these keys."""
        by = "passphrase" if isinstance(self.derivation, Scrypt) else "key file"
        rows = {"name": self.name, "venue": self.venue, "kind": self.kind}
        times = {"added": self.added, "sealed": self.sealed, "sealed_by": by}
        return {**rows, "fingerprint": self.fingerprint, **times}


def written(header: Header) -> str:
    """The two lines."""
    derivation = header.derivation
    by = "scrypt" if isinstance(derivation, Scrypt) else "hkdf-sha256"
    said = {**header._asdict(), "derivation": {"by": by, **derivation._asdict()}}
    return f"{MAGIC}{VERSION}\n{json.dumps(said)}\n"


def parsed(first: str, second: str, path: str) -> Header:
    """What the two lines say, each value in its form and range; Refused (4) otherwise."""
    if not first.startswith(MAGIC):
        raise damaged(path, "it does not begin as one")
    if first != f"{MAGIC}{VERSION}":
        raise Refused(
            f"{path} is of another version: {first.removeprefix(MAGIC)[:20]!r}",
            "use the supreme that wrote it, or a later one",
            code=4,
        )
    try:
        said = json.loads(second)
        derivation = derivation_of(said.pop("derivation"))
        header = Header(**said, derivation=derivation)
        is_right = are_words(header) and header.kind in KINDS
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        is_right = False
    if not is_right:
        raise damaged(path, "its second line says something else")
    return header


def derivation_of(said: dict[str, Any]) -> Scrypt | FromFile:
    """How the key is made; ValueError, TypeError or KeyError for what is none."""
    by = said.pop("by")
    if by == "hkdf-sha256":
        made = FromFile(**said)
        if not (isinstance(made.path, str) and made.path.isprintable()):
            raise TypeError(by)
        hexadecimal(made.salt, SALT_BYTES)
        return made
    if by != "scrypt":
        raise ValueError(by)
    work = Scrypt(**said)
    hexadecimal(work.salt, SALT_BYTES)
    if any(type(number) is not int for number in work[1:]):
        raise TypeError(by)
    is_power = work.n > 1 and work.n & (work.n - 1) == 0
    in_range = work.n <= N_MAX and 0 < work.r <= R_MAX and 0 < work.p <= P_MAX
    if not (is_power and in_range and 128 * work.n * work.r <= WORK_BYTES_MAX):
        raise ValueError(by)
    return work


def are_words(header: Header) -> bool:
    """Whether all fields are short printable text, names are names, and the nonce is one."""
    words = header[:-1]
    for word in words:
        if not (isinstance(word, str) and word.isprintable() and len(word) <= 64):
            return False
    hexadecimal(header.nonce, NONCE_BYTES)
    return bool(NAME.fullmatch(header.name) and NAME.fullmatch(header.venue))


def hexadecimal(text: str, size: int) -> bytes:
    """So many bytes written as hex; ValueError for anything else."""
    raw = bytes.fromhex(text)
    if len(raw) != size:
        raise ValueError(size)
    return raw


def damaged(path: str, why: str) -> Refused:
    """The refusal of a file that is no whole file of keys."""
    return Refused(
        f"{path} is no whole file of keys: {why}",
        "add the keys again: supreme keys remove NAME, supreme keys add NAME",
        code=4,
    )
