"""Where is a PostgreSQL that may be stopped? Started for the purpose, in a folder that goes."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_S = 60.0


class Server:
    """One server of its own; `url` reaches it."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self._folder, self._programs, self._user = folder, programs, user
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://supreme:hush-hush@127.0.0.1:{self.port}/postgres"
        secret = folder / "secret"
        secret.write_text("hush-hush\n")
        if user:
            shutil.chown(folder, user)
            shutil.chown(secret, user)
        self._do("initdb", "-D", str(folder / "db"), "-U", "supreme", "-A", "scram-sha-256",
                 f"--pwfile={secret}", "--no-sync")  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run, and answer."""
        command = [
            str(self._programs / "postgres"), "-D", str(self._folder / "db"), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}",
            "-c", "shared_buffers=16MB",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, user=self._user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self._folder, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + READY_S
        while not self._is_ready():
            assert time.monotonic() < end, "PostgreSQL does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, as a crash would: SIGQUIT."""
        self._signal(signal.SIGQUIT)
        if self._process:
            self._process.wait(30)
        self._process = None

    def freeze(self) -> None:
        """Neither answers nor refuses: the server and its sessions stand still."""
        self._signal(signal.SIGSTOP, whole=True)

    def thaw(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT, whole=True)

    def _signal(self, number: int, *, whole: bool = False) -> None:
        if self._process and self._process.poll() is None:
            pids = [self._process.pid, *(children_of(self._process.pid) if whole else ())]
            for pid in pids:
                os.kill(pid, number)

    def _is_ready(self) -> bool:
        done = subprocess.run(
            [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            check=False,
        )
        return done.returncode == 0

    def _do(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *words], user=self._user, capture_output=True,
            text=True, check=False, cwd=self._folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def children_of(pid: int) -> list[int]:
    """The processes below one."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def absent() -> str:
    """Why no server can be started here; empty where one can."""
    if programs() is None:
        return "needs PostgreSQL's server programs (postgres, initdb)"
    if os.getuid() == 0 and not owner():
        return "PostgreSQL does not run as root, and there is no user postgres or nobody"
    return ""


def programs() -> Path | None:
    """Where initdb and postgres lie: on the path, or where Debian puts them."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in found if (place / "postgres").exists()), None)


def owner() -> str | None:
    """Who may run it in root's place."""
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


@contextmanager
def server() -> Iterator[Server]:
    """A started server; it and its folder are gone afterwards."""
    place = programs()
    assert place is not None
    user = owner() if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="supreme-pg-"))
    folder.chmod(0o711)
    one = Server(folder, place, user)
    try:
        one.start()
        yield one
    finally:
        one.thaw()
        one.stop()
        shutil.rmtree(folder, ignore_errors=True)
