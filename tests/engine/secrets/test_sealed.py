"""Do sealed keys open for whoever holds the lock, for nobody else, and for none once changed?"""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Refused
from engine.secrets.header import Scrypt
from engine.secrets.keys import Keys
from engine.secrets.sealed import KeyFile, Lock, Passphrase, genuine_pem, opened, read, seal
from tests.engine.secrets.sealing import API_KEY, KEYS, LOCK, NOW, PHRASE, SECRET, SIGNED

FILE = seal(KEYS, LOCK, added=NOW, now=NOW)
BY_PHRASE = seal(KEYS, PHRASE, added=NOW, now=NOW)


def checked(lines: list[bytes]) -> bytes:
    """The lines with the sum that belongs to them: a change on purpose."""
    whole = b"\n".join([*lines[:3], b""])
    return whole + hashlib.sha256(whole).hexdigest().encode() + b"\n"


def derived(header: dict, lock: Lock) -> bytes:
    """The key by the standards' own words, without our code."""
    by, salt = header["derivation"], bytes.fromhex(header["derivation"]["salt"])
    if isinstance(lock, Passphrase):
        cost = {"n": by["n"], "r": by["r"], "p": by["p"], "maxmem": 1 << 27}
        return hashlib.scrypt(lock.text.encode(), salt=salt, dklen=32, **cost)
    extracted = hmac.digest(salt, lock.raw, "sha256")
    return hmac.digest(extracted, b"supreme keys at rest\x01", "sha256")


@pytest.mark.parametrize("lock", [LOCK, PHRASE], ids=["key file", "passphrase"])
@pytest.mark.parametrize("keys", [KEYS, SIGNED], ids=["hmac", "ed25519"])
def test_the_lock_opens_what_it_sealed(keys, lock):
    """The same keys come out, of both kinds under both locks."""
    raw = seal(keys, lock, added=NOW, now=NOW)

    assert opened(read(raw, "main.key"), lock) == keys


@pytest.mark.parametrize(("raw", "lock"), [(FILE, LOCK), (BY_PHRASE, PHRASE)])
def test_the_form_is_what_it_is_said_to_be(raw, lock):
    """RFC 7914 or 5869, then AES-256-GCM over the keys with the first two lines as associated."""
    first, second, third, _, _ = raw.split(b"\n")
    header = json.loads(second)

    aead = AESGCM(derived(header, lock))
    plain = aead.decrypt(
        bytes.fromhex(header["nonce"]), base64.b64decode(third), first + b"\n" + second + b"\n"
    )

    assert plain == f"{API_KEY}\0{SECRET}".encode()


def test_nothing_of_the_keys_stands_in_the_file():
    """Neither of them, in no part of eight letters."""
    for word in (API_KEY, SECRET):
        parts = {word[at : at + 8].encode() for at in range(len(word) - 7)}
        assert not any(part in FILE for part in parts)


def test_no_two_seals_are_alike():
    """Salt and nonce are drawn each time."""
    again = seal(KEYS, LOCK, added=NOW, now=NOW)

    (one, other) = (read(raw, "main.key").header for raw in (FILE, again))
    assert one.nonce != other.nonce
    assert one.derivation.salt != other.derivation.salt


@pytest.mark.parametrize(
    ("raw", "lock"),
    [
        (BY_PHRASE, Passphrase("a horse of another colour")),
        (BY_PHRASE, LOCK),
        (FILE, KeyFile(bytes(32), "/etc/supreme/key")),
        (FILE, PHRASE),
    ],
)
def test_another_lock_does_not_open(raw, lock):
    """A wrong passphrase, a wrong key file, and each where the other belongs: refused with 4."""
    with pytest.raises(Refused, match="is wrong, or the file was changed") as refused:
        opened(read(raw, "main.key"), lock)

    assert refused.value.code == 4
    assert refused.value.__cause__ is None


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
@settings(deadline=None)
def test_any_changed_byte_is_found(at, mask):
    """Wherever it lies, before anything is opened."""
    raw = bytearray(FILE)
    raw[at] ^= mask

    with pytest.raises(Refused, match="no whole file of keys"):
        read(bytes(raw), "main.key")


@pytest.mark.parametrize("size", range(0, len(FILE) - 1, 7))
def test_a_cut_file_is_found(size):
    """At any length, down to nothing."""
    with pytest.raises(Refused, match="it is cut or was changed"):
        read(FILE[:size], "main.key")


@pytest.mark.parametrize("field", ["name", "venue", "kind", "fingerprint", "added", "nonce"])
def test_the_header_cannot_be_forged(field):
    """What stands openly is sealed with the keys: a change on purpose, its sum put right, shows."""
    lines = FILE.split(b"\n")
    header = json.loads(lines[1])
    lies = {"kind": "ed25519", "nonce": "00" * 12}
    header[field] = lies.get(field, "other")
    lines[1] = json.dumps(header).encode()

    with pytest.raises(Refused, match="is wrong, or the file was changed"):
        opened(read(checked(lines), "main.key"), LOCK)


@given(st.integers(0, 3), st.binary(max_size=200))
@settings(deadline=None)
def test_a_file_made_up_is_refused(line, text):
    """Whatever a line is replaced by, its sum put right: two lines to the person, no traceback."""
    lines = FILE.split(b"\n")
    lines[line] = text

    with pytest.raises(Refused) as refused:
        opened(read(checked(lines) if line < 3 else b"\n".join(lines), "main.key"), LOCK)

    assert refused.value.code == 4


@pytest.mark.parametrize(
    "change",
    [
        {"n": 1 << 40}, {"n": 32_767}, {"n": 0}, {"n": -2}, {"r": 1 << 20}, {"p": 1 << 20},
        {"n": 1 << 20, "r": 32}, {"n": 2.0}, {"n": True}, {"p": "1"}, {"salt": "zz"},
        {"salt": ""}, {"by": "md5"}, {"more": 1},
    ],
)  # fmt: skip
def test_a_file_cannot_make_us_work_for_ever(change):
    """Bounds on memory and rounds hold before anything is derived."""
    lines = BY_PHRASE.split(b"\n")
    header = json.loads(lines[1])
    header["derivation"] |= change
    lines[1] = json.dumps(header).encode()

    with pytest.raises(Refused, match="its second line says something else"):
        read(checked(lines), "main.key")


@pytest.mark.parametrize("path", [7, "/a\x1b[2J", None])
def test_a_key_files_path_does_no_harm_to_the_screen(path):
    """It is shown to the person who must find it."""
    lines = FILE.split(b"\n")
    header = json.loads(lines[1])
    header["derivation"]["path"] = path
    lines[1] = json.dumps(header).encode()

    with pytest.raises(Refused, match="its second line says something else"):
        read(checked(lines), "main.key")


def test_a_later_version_is_named():
    """Its reader is another program, not a repair."""
    lines = FILE.split(b"\n")
    lines[0] = b"SUPREME-KEYS 2"

    with pytest.raises(Refused, match="another version: '2'"):
        read(checked(lines), "main.key")


def test_a_passphrase_costs_as_much_as_is_recommended():
    """OWASP's line for 32 MB; fewer rounds would be guessed sooner."""
    cost = read(BY_PHRASE, "main.key").header.derivation

    assert isinstance(cost, Scrypt)
    assert cost[1:] == (32_768, 8, 3)


def test_one_passphrase_has_one_spelling():
    """A keyboard that composes letters opens what another one sealed."""
    raw = seal(KEYS, Passphrase("une chose \u00e9gale"), added=NOW, now=NOW)

    assert opened(read(raw, "main.key"), Passphrase("une chose e\u0301gale")) == KEYS


@pytest.mark.parametrize("lock", [Passphrase("eleven lett"), KeyFile(bytes(31), "/k")])
def test_what_could_be_guessed_seals_nothing(lock):
    """Twelve letters, thirty-two bytes."""
    with pytest.raises(Refused, match="is too short"):
        seal(KEYS, lock, added=NOW, now=NOW)


def test_a_private_key_is_looked_into():
    """The form alone may hold another kind of key."""
    genuine_pem(SIGNED)
    other = SIGNED.secret.replace("MC4CAQAwBQYDK2VwBCIE", "MC4CAQAwBQYDK2VuBCIE")  # X25519

    for secret in (other, SIGNED.secret.replace("MC4C", "MC4D")):
        with pytest.raises(Refused, match="no Ed25519 private key"):
            genuine_pem(Keys("signed", "binance", "ed25519", (API_KEY, secret)))
