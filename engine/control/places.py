"""Where is a running engine reached, and by whom? At a socket in its data directory."""

import os
import pwd
import zlib
from collections.abc import Mapping
from contextlib import suppress

from engine.errors import Refused

TEMPORARY = os.path.join(os.sep, "tmp")
DIRECTORY = "SUPREME_DATA_DIR"
ELSEWHERE = "socket"  # a link in the data directory to the socket that is not in it
PATH_MAX = 100  # bytes of a socket's path that every system takes


def base_directory() -> str:
    """Where engines keep their data directories unless told otherwise."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local/share")
    return os.path.join(home, "supreme")


def directory_named(environ: Mapping[str, str]) -> str:
    """The data directory that the environment asks for, or nothing; Refused when it is empty.

    A script's unset name must not lead to whichever engine happens to run.
    """
    named = environ.get(DIRECTORY)
    if named is not None and not named.strip():
        raise Refused(f"{DIRECTORY} is set and empty", f"name a directory, or unset {DIRECTORY}")
    return (named or "").strip()


def socket_path(data_dir: str) -> str:
    """The socket of the engine of this directory, where it said it listens or else would."""
    try:
        return os.readlink(os.path.join(data_dir, ELSEWHERE))
    except OSError:
        return socket_to_be(data_dir)


def settled_socket_path(data_dir: str) -> str:
    """Where the engine of this directory is to listen; left for those who look for it.

    Whoever asks may have another XDG_RUNTIME_DIR than whoever started it.
    """
    path, told = socket_to_be(data_dir), os.path.join(data_dir, ELSEWHERE)
    with suppress(FileNotFoundError):
        os.unlink(told)
    if os.path.dirname(path) != os.path.join(os.path.abspath(data_dir), "control"):
        os.symlink(path, told)
    return path


def socket_to_be(data_dir: str) -> str:
    """Where an engine started here would listen; a long path falls back to the runtime one."""
    path = os.path.join(os.path.abspath(data_dir), "control", "socket")
    name = f"supreme-{os.getuid()}-{zlib.crc32(os.fsencode(path)):08x}"  # a folder of our own
    runtime = os.path.join(os.environ.get("XDG_RUNTIME_DIR") or TEMPORARY, name, "socket")
    fitting = [one for one in (path, runtime) if len(os.fsencode(one)) <= PATH_MAX]
    return fitting[0] if fitting else os.path.join(TEMPORARY, name, "socket")


def private_folder(path: str) -> None:
    """Make the socket's folder, for its owner alone; Refused (4) when somebody else has it."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if found.st_uid != os.getuid() or not os.path.isdir(folder) or os.path.islink(folder):
        raise Refused(
            f"{folder} belongs to somebody else",
            "remove it, or set XDG_RUNTIME_DIR to a directory of your own",
            code=4,
        )
    os.chmod(folder, 0o700)


def with_socket(base: str) -> list[str]:
    """The data directories below the base whose engine runs, or ended without a goodbye."""
    try:
        names = sorted(os.listdir(base))
    except OSError:
        return []
    places = [os.path.join(base, name) for name in names]
    return [place for place in places if os.path.exists(socket_path(place))]


def operator() -> str:
    """Who asks, as the system knows them."""
    named = os.environ.get("SUDO_USER") or os.environ.get("USER")
    try:
        return printable(named or pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return "unknown"


def printable(text: str) -> str:
    """The text without what could steer a terminal that shows it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
