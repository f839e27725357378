"""Is there a PostgreSQL of our own to break? One in a folder, that can be killed."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OWNER = "postgres"  # it refuses to run as root
READY_S = 30.0


def binaries() -> Path | None:
    """Where its programs lie, the newest version first; None where it is not installed."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    places += [Path(found).resolve().parent] if found else []
    return next((place for place in places if (place / "pg_isready").exists()), None)


def absent() -> str:
    """Why there can be no server here, or nothing."""
    if binaries() is None:
        return "needs PostgreSQL's programs (initdb, postgres)"
    if os.geteuid() == 0 and OWNER not in {one.pw_name for one in pwd.getpwall()}:
        return f"needs a user {OWNER}: PostgreSQL does not run as root"
    return ""


class Server:
    """A database cluster in a folder, reached through a socket there by the superuser."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder, self.port, self._settings = folder, 5432, settings
        place = binaries()
        assert place is not None
        self.place = place
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(folder / "cluster"), "-U", OWNER, "-A", "trust", "-N")

    @property
    def address(self) -> dict[str, str | int]:
        """How a client finds it."""
        return {
            "host": str(self.folder),
            "port": self.port,
            "user": OWNER,
            "database": "postgres",
        }

    @property
    def url(self) -> str:
        """The same for a service; the server asks for no password, the service must hide it."""
        return f"postgresql://{OWNER}:hush-hush@/postgres?host={self.folder}"

    def start(self) -> None:
        """Returns when it takes connections."""
        self._process = self._begin(
            "postgres", "-D", str(self.folder / "cluster"), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=fatal",
            *(word for setting in self._settings for word in ("-c", setting)),
        )  # fmt: skip
        ready = [str(self.place / "pg_isready"), "-q", "-h", str(self.folder), "-t", "1"]
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            if subprocess.run(ready, check=False).returncode == 0:
                return
            assert self._process.poll() is None
        raise TimeoutError("PostgreSQL did not start")

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT is a crash: it stops at once and must recover when it starts."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def answer(self, question: str) -> str:
        """The first column of an answer in SQL, a line a row; empty while it cannot answer."""
        words = ["-h", str(self.folder), "-U", OWNER, "-d", "postgres", "-Atqc", question]
        asked = [str(self.place / "psql"), *words]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=READY_S, check=False)
        return done.stdout.strip()

    def freeze(self) -> None:
        """It and its sessions neither answer nor refuse."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            below = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            for pid in (self._process.pid, *map(int, below.read_text().split())):
                with suppress(ProcessLookupError):  # a session may end meanwhile
                    os.kill(pid, number)

    def _run(self, *words: str) -> None:
        self._begin(*words).wait(60)

    def _begin(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        owner = OWNER if os.geteuid() == 0 else None
        return subprocess.Popen(
            [str(self.place / name), *words],
            cwd=self.folder, user=owner, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


@contextmanager
def running(folder: Path, *settings: str) -> Iterator[Server]:
    """A server that has started, and is gone after it; `settings` (name=value) beat the usual."""
    if os.geteuid() == 0:
        for place in (folder, *folder.parents):
            if place.stat().st_mode & 0o005 != 0o005:
                place.chmod(place.stat().st_mode | 0o055)
        shutil.chown(folder, OWNER)
    server = Server(folder, *settings)
    try:
        server.start()
        yield server
    finally:
        server.thaw()
        server.stop()
