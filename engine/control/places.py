"""Where is a running engine reached, and by whom? At a socket in its data directory."""

import os
import pwd
import zlib

from engine.errors import Refused

TEMPORARY = os.path.join(os.sep, "tmp")
PATH_MAX = 100  # bytes of a socket's path that every system takes


def base_directory() -> str:
    """Where engines keep their data directories unless told otherwise."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local/share")
    return os.path.join(home, "supreme")


def socket_path(data_dir: str) -> str:
    """The socket of the engine of this directory; a long path falls back to the runtime one."""
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
