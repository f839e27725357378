"""Which keys was this process handed when it was started? Read once, from a pipe it inherited.

A variable says which pipe: its number and its inode, so that one left behind by another process
never makes us read a file that is something else. Neither is a secret. This file is all of the
engine's side, and loads nothing of what decrypts.
"""

import os
import stat

from engine.errors import Refused
from engine.secrets.keys import Keys

VARIABLE = "SUPREME_KEYS_FD"
OPENING, CLOSING = "supreme-keys/1", "end"
BYTES_MAX = 4096  # what a pipe takes at once, whoever reads it when


def handed_keys() -> Keys | None:
    """The keys this process was started with, None without any; only the first call finds them.

    Afterwards the pipe is closed and its variable gone. Refused (4) when it was told of a pipe
    that is none, or whose words are not whole.
    """
    told = os.environ.pop(VARIABLE, "")
    if not told:
        return None
    number, _, inode = told.partition(":")
    if not (number.isdecimal() and inode.isdecimal()):
        raise lost()
    return unwrapped(drained(int(number), int(inode)))


def drained(fd: int, inode: int) -> bytes:
    """All that the pipe holds, which is closed then; Refused (4) for what is not this pipe."""
    try:
        found = os.fstat(fd)
        if not stat.S_ISFIFO(found.st_mode) or found.st_ino != inode:
            raise lost()
        os.set_inheritable(fd, False)
        os.set_blocking(fd, False)  # the writer closed its end before we began: nothing to await
        raw = b""
        try:
            while more := os.read(fd, BYTES_MAX + 1 - len(raw)):
                raw += more
        finally:
            os.close(fd)
    except (OSError, OverflowError) as error:
        raise lost() from error
    return raw


def wrapped(keys: Keys) -> bytes:
    """Keys as the pipe carries them; Refused when they are more than it takes at once."""
    fields = (OPENING, keys.name, keys.venue, keys.kind, keys.api_key, keys.secret, CLOSING)
    raw = "\0".join(fields).encode()
    if len(raw) > BYTES_MAX:
        raise Refused("the keys are too long to be handed over", "no venue gives such: look again")
    return raw


def unwrapped(raw: bytes) -> Keys:
    """The keys of these bytes; Refused (4) when they are not whole."""
    try:
        opening, name, venue, kind, api_key, secret, closing = raw.decode().split("\0")
    except ValueError:
        raise lost() from None  # the error holds what was read
    if (opening, closing) != (OPENING, CLOSING):
        raise lost()
    return Keys(name, venue, kind, (api_key, secret))


def pipe_with(raw: bytes) -> int:
    """The reading end of a pipe that holds these bytes and then ends; not yet inheritable."""
    reading, writing = os.pipe()
    try:
        os.set_blocking(writing, False)
        taken = os.write(writing, raw)
    finally:
        os.close(writing)
    if taken != len(raw):
        os.close(reading)
        raise lost()
    return reading


def telling(fd: int) -> dict[str, str]:
    """The variable by which a process learns of its pipe."""
    return {VARIABLE: f"{fd}:{os.fstat(fd).st_ino}"}


def lost() -> Refused:
    """The refusal of a hand-over that did not arrive."""
    return Refused(
        "the keys did not arrive: this process was told of a pipe that does not hold them",
        f"start it by supreme run or supreme up, and unset {VARIABLE}",
        code=4,
    )
