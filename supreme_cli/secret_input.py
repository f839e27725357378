"""How does a secret get in? By a file, the environment, stdin or a terminal without echo."""

import os
import sys
from collections.abc import Mapping, MutableMapping
from getpass import getpass
from typing import NamedTuple

from engine.errors import Refused
from engine.secrets.header import FromFile, Header
from engine.secrets.kept import private
from engine.secrets.mode import API_KEY, PREFIX, SECRET
from engine.secrets.sealed import BYTES_MAX, KeyFile, Lock, Passphrase, strong_enough

PHRASE_AT = "SUPREME_PASSPHRASE_FILE"
OTHERWISE = "seal them: supreme keys add NAME, then --set exchange.key=NAME"
FORM = "its first line is the API key, what follows is the secret"


class Ways(NamedTuple):
    """Where a passphrase or key file was said to be; empty where nothing was said."""

    passphrase_file: str = ""
    key_file: str = ""


class Origin(NamedTuple):
    """Where API key and secret were said to come from: exactly one of them."""

    environment: bool
    file: str
    stdin: bool


def pair_from(origin: Origin, environ: MutableMapping[str, str]) -> tuple[str, str]:
    """API key and secret from where they were said to be; Refused for none or two such places.

    What the environment holds of them is taken out of it: no child inherits it.
    """
    if [origin.environment, bool(origin.file), origin.stdin].count(True) != 1:
        raise Refused(
            "say where API key and secret come from",
            "one of --from-env, --file FILE, --stdin; never as an argument, which others can see",
        )
    if origin.environment:
        return taken(environ)
    if origin.file:
        return split(private(origin.file), origin.file)
    if sys.stdin.isatty():  # what is typed there would stand on the screen
        return typed("API key: "), typed("Secret: ")
    return split(sys.stdin.buffer.read(BYTES_MAX + 1), "stdin")


def taken(environ: MutableMapping[str, str]) -> tuple[str, str]:
    """API key and secret of the environment, which has them no longer; Refused without both."""
    pair = []
    for name in (API_KEY, SECRET):
        both = [environ.pop(one, "").strip() for one in (PREFIX + name, name)]
        pair.append(both[0] or both[1])
        if not pair[-1]:
            raise Refused(f"{name} is not set", f"set {API_KEY} and {SECRET}, or {OTHERWISE}")
    return pair[0], unfolded(pair[1])


def split(raw: bytes, place: str) -> tuple[str, str]:
    """API key and secret of a text of two lines or more; Refused for another one."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Refused(f"{place} is no text", FORM) from None  # the error holds what was read
    api_key, _, secret = unfolded(text).partition("\n")
    if not secret.strip() or len(raw) > BYTES_MAX:
        raise Refused(f"{place} does not hold two lines or more", FORM)
    return api_key.strip(), secret.strip()


def unfolded(text: str) -> str:
    """The text with its own line ends, also where an environment wrote them as letters."""
    plain = text.replace("\r\n", "\n").strip()
    return plain.replace("\\n", "\n") if plain.startswith("-----BEGIN") else plain


def lock_for_sealing(ways: Ways, environ: Mapping[str, str], what: str = "Passphrase") -> Lock:
    """What is to seal keys; typed twice at a terminal. Refused without any, or a weak one."""
    given = lock_given(ways, environ)
    if given is None:
        given = Passphrase(typed(f"{what}: "))
        if typed(f"{what} again: ") != given.text:
            raise Refused("the two passphrases differ", "repeat it", code=4)
    strong_enough(given)
    return given


def lock_for_opening(header: Header, ways: Ways, environ: Mapping[str, str]) -> Lock:
    """What is to open a file of keys: the key file it names itself, where no other is given."""
    if isinstance(header.derivation, FromFile):
        return key_file(ways.key_file or header.derivation.path)
    given = lock_given(ways, environ)
    return given or Passphrase(typed(f"Passphrase of {header.name}: "))


def lock_given(ways: Ways, environ: Mapping[str, str]) -> Lock | None:
    """The key file or passphrase that was said to be somewhere, flags before the environment."""
    if ways.key_file and ways.passphrase_file:
        raise Refused("there are a passphrase file and a key file", "give one of them")
    if ways.key_file:
        return key_file(ways.key_file)
    path = ways.passphrase_file or environ.get(PHRASE_AT, "").strip()
    return Passphrase(passphrase_in(path)) if path else None


def key_file(path: str) -> KeyFile:
    """A key file, by its whole path: keys remember it."""
    whole = os.path.abspath(path)
    if not whole.isprintable():
        raise Refused("the key file's name has letters that cannot be shown", "rename it")
    return KeyFile(private(whole), whole)


def passphrase_in(path: str) -> str:
    """The first line of a file; Refused when it is empty, or no text."""
    try:
        line = private(path).decode().partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise Refused(f"{path} is no text", "write the passphrase into its first line") from None
    if not line:
        raise Refused(f"{path} holds no passphrase", "write it into its first line")
    return line


def typed(prompt: str) -> str:
    """What somebody types unseen; Refused where nobody sits at a terminal."""
    if not has_terminal():
        raise Refused(
            "something must be typed, and there is no terminal to ask at",
            f"name a file that holds it: {PHRASE_AT}, or --passphrase-file of supreme keys",
        )
    try:
        return getpass(prompt)
    except EOFError:
        raise Refused("nothing was typed", "repeat it") from None


def has_terminal() -> bool:
    """Whether somebody sees our questions and has a keyboard, whatever stdin is."""
    if not sys.stderr.isatty():
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
