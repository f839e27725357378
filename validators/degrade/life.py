"""How is a real engine started, asked and ended in a directory of its own? As its user would."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from engine.environment import ALIASES, NOT_READ, PREFIX
from engine.secrets.mode import MODE
from validators.degrade.market import RESTLESS, trades_file
from validators.degrade.outcome import Broken, until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "supreme_cli"]
FOREIGN = (PREFIX, MODE, *ALIASES, *NOT_READ)  # what configures the caller's engine, not these
LIFE_S = 120.0  # longest time a run at full speed takes, and an engine to end
SETTINGS = [word for change in RESTLESS for word in ("--set", change)]
TRADES = 3_600  # two hours of them
STARTING_S = 30.0


def environment(**own: str) -> dict[str, str]:
    """Ours without what would change an engine, and with what is wanted."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, **own}


def supreme(*words: str) -> subprocess.CompletedProcess[str]:
    """One command of a user."""
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, env=environment(),
        capture_output=True, text=True, timeout=LIFE_S, check=False,
    )  # fmt: skip


class Process:
    """`supreme run` or `supreme serve` on a data directory; what it says is kept in a file."""

    def __init__(self, home: Path, *words: str, **own: str) -> None:
        self.home = home
        self.out = home.with_name(f"{home.name}.{words[0]}.out")
        self._from = self.out.stat().st_size if self.out.exists() else 0
        with self.out.open("ab") as out:
            self.child = subprocess.Popen(
                [*COMMAND, *words, *self.place()], cwd=ROOT, env=environment(**own),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def place(self) -> list[str]:
        """Words that say where it lives."""
        return ["--data-dir", str(self.home)]

    @property
    def is_alive(self) -> bool:
        """Whether it is the process that was started."""
        return self.child.poll() is None

    @property
    def said(self) -> str:
        """What this life of it wrote to its terminal."""
        return self.out.read_bytes()[self._from :].decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.child.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after this signal; Broken when it does not go."""
        self.send(number)
        return self.ended()

    def ended(self) -> int:
        """Its exit code; Broken when it does not end."""
        try:
            return self.child.wait(LIFE_S)
        except subprocess.TimeoutExpired:
            raise Broken(f"it did not end within {LIFE_S:g} s") from None


class Engine(Process):
    """An engine; `with engine(...)` gives one that answers."""

    def status(self) -> dict[str, Any]:
        """What `supreme status --json` says, empty where nobody answers."""
        return self.asked("status")

    def asked(self, *words: str) -> dict[str, Any]:
        """What a verb says in JSON, empty where it is refused."""
        done = supreme(*words, "--json", "--data-dir", str(self.home))
        found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        return found

    def answering(self) -> float:
        """Seconds until it answers; Broken when it ends instead."""

        def answers() -> object:
            if not self.is_alive:
                raise Broken(f"the engine did not start: {self.said.strip()[-300:]}")
            return self.status()

        return until(answers, "the engine answers", STARTING_S)


@contextmanager
def engine(home: Path, *words: str, **own: str) -> Iterator[Engine]:
    """An engine that answers; whatever is left of it is gone afterwards."""
    with Engine(home, "run", "--quiet", *words, **own) as one:
        one.answering()
        yield one


def market_in(scratch: Path) -> list[str]:
    """Words for `run`: two simulated hours with an agent that trades at every turn."""
    path = scratch / "market.records"
    if not path.exists():
        trades_file(path, TRADES)
    return ["--replay", str(path), *SETTINGS]


def end_of(home: Path, words: list[str]) -> dict[str, Any]:
    """The state once an engine has lived the market to its end at full speed; Broken if not."""
    done = supreme("run", *words, "--speed", "max", "--json", "--data-dir", str(home))
    if done.returncode:
        raise Broken(f"it did not come to the market's end: {done.stderr.strip()[-300:]}")
    state: dict[str, Any] = json.loads(done.stdout)
    return state


def undisturbed(scratch: Path) -> str:
    """The state's digest after the same market without any fault."""
    digest: str = end_of(scratch / "undisturbed", market_in(scratch))["state_digest"]
    return digest


def journal_is_whole(home: Path) -> bool:
    """What `supreme journal verify` says."""
    return supreme("journal", "verify", "--data-dir", str(home)).returncode == 0


def exported(home: Path) -> list[dict[str, Any]]:
    """Every record that `supreme journal export` prints."""
    lines = supreme("journal", "export", "--data-dir", str(home)).stdout.splitlines()
    return [json.loads(line) for line in lines]


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began
