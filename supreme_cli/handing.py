"""How do keys reach the engine? Opened by the command, then through a pipe the engine inherits."""

import os
import resource
import sys
from collections.abc import Mapping, MutableMapping
from typing import NamedTuple

from engine.control.places import base_directory
from engine.options import Options, parse
from engine.profile import load_profile
from engine.secrets.handed import VARIABLE, pipe_with, telling, wrapped
from engine.secrets.kept import Homes, look, path_of
from engine.secrets.keys import ED25519, HMAC, Keys, plausible
from engine.secrets.mode import API_KEY, PREFIX, SECRET
from engine.secrets.sealed import opened
from engine.venues.settings import settings_of
from supreme_cli.secret_input import PHRASE_AT, Ways, lock_for_opening, taken

FROM_ENVIRONMENT = "environment"  # the name of keys that lie in no file
# What the engine must not find in its environment, where every process of its user reads it.
WITHHELD = (API_KEY, SECRET, PREFIX + API_KEY, PREFIX + SECRET, PHRASE_AT, VARIABLE)


class Handed(NamedTuple):
    """For a process that is to get keys: a pipe's reading end, and the environment to start it in.

    `os.set_inheritable(fd, True)` and `os.execve(..., environ)`, or `Popen(pass_fds=(fd,),
    env=environ)`, after which the starter closes `fd`.
    """

    fd: int
    environ: dict[str, str]


def hand_over(keys: Keys, environ: Mapping[str, str]) -> Handed:
    """A pipe that holds these keys, and an environment that names the pipe and has no secret.

    From now on neither this process nor one it becomes or starts leaves its memory in a file.
    """
    forbid_dumps()
    fd = pipe_with(wrapped(keys))
    kept = {name: text for name, text in environ.items() if name not in WITHHELD}
    return Handed(fd, kept | telling(fd))


def run_with_keys(argv: list[str]) -> int:
    """Become the engine of `supreme run`, with the keys that its exchange needs, if it has one."""
    from supreme_cli.__main__ import engine_command
    from supreme_cli.terminal import refusing

    def become() -> int:
        handed = handed_for(parse(argv[1:]))
        command = engine_command(argv[1:])
        if handed is None:
            os.execv(sys.executable, command)  # noqa: S606  no shell is wanted
        os.set_inheritable(handed.fd, True)
        os.execve(sys.executable, command, handed.environ)  # noqa: S606

    return refusing(argv, become)


def handed_for(options: Options) -> Handed | None:
    """The keys that an engine of these options needs; None where it trades at no exchange.

    Nothing that this process starts from now on finds them in its environment.
    """
    if options.help:
        return None
    profile = load_profile(options.profile, options.changes, options.environment)
    exchange = settings_of(profile.values, profile.texts)
    if exchange.venue == "none":
        return None
    keys = keys_for(exchange.key, options.data_dir, os.environ)
    for name in WITHHELD:
        os.environ.pop(name, None)
    return hand_over(keys, os.environ)


def keys_for(name: str, data_dir: str, environ: MutableMapping[str, str]) -> Keys:
    """The keys of that name, opened; without a name those of the environment, which loses them.

    Asks for a passphrase at a terminal alone. Refused as `supreme keys` refuses.
    """
    if not name:
        pair = taken(environ)
        kind = ED25519 if pair[1].startswith("-----BEGIN") else HMAC
        return plausible(Keys(FROM_ENVIRONMENT, "binance", kind, pair))
    file = look(path_of(name, homes_of(data_dir)))
    return opened(file, lock_for_opening(file.header, Ways(), environ))


def homes_of(data_dir: str) -> Homes:
    """Where keys are looked for: an engine's own directory, then what all engines share."""
    return list(dict.fromkeys([data_dir or base_directory(), base_directory()]))


def forbid_dumps() -> None:
    """A crash leaves no memory on the disk: not as a file, nor by a program that collects them.

    The limit is 1 byte because a collector (a `|` in core_pattern) ignores 0 and obeys 1.
    """
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    least = 1 if most == resource.RLIM_INFINITY else min(1, most)
    resource.setrlimit(resource.RLIMIT_CORE, (least, most))
