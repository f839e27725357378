"""What do tests of a live engine share: a venue of this project on loopback, and its own books."""

import hashlib
import hmac
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from engine.camera import restored
from engine.control.client import Link
from tests.acceptance.running import COMMAND, ROOT, supreme
from validators.degrade.exchange_place import differences_of

WITHIN_S, LOOK_S = 60.0, 0.02
ASKER = "127.0.0.2"  # the venue counts addresses apart: the engine's limits are its own
KEY, SECRET = "acceptance-key-1", "acceptance-secret-1"
KEYS = {"EXCHANGE_API_KEY": KEY, "EXCHANGE_SECRET": SECRET}
# An agent that changes its mind at each second's bar.
RESTLESS = tuple(
    word
    for key in (
        *("strategy.agent=ema_cross", "strategy.ema_cross.bars_min=0", "features.bar_seconds=1"),
        *("indicators.macd_fast=2", "indicators.macd_slow=3", "indicators.macd_signal=2"),
        *("schedule.interval_seconds=0", "risk.orders_per_minute_max=1000"),
        *("indicators.ema_fast=2", "indicators.ema_slow=3", "breakers.drawdown_stop=1.0"),
    )
    for word in ("--set", key)
)


class Place(NamedTuple):
    """A venue that runs, and what an engine is told of it."""

    port: int
    environment: dict[str, str]
    process: "subprocess.Popen[str]"

    def turn_weather(self) -> dict[str, Any]:
        """The venue's faults rest, or go on; how often each was met so far."""
        self.process.send_signal(signal.SIGUSR1)
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def asked(self, path: str, **parameters: str | int) -> Any:
        """A signed question to the venue, by nobody's client, not counted with the engine's."""
        query = urlencode({**parameters, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        asker = HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=(ASKER, 0))
        with closing(asker):
            target = f"/api/v3/{path}?{query}&signature={signature}"
            asker.request("GET", target, headers={"X-MBX-APIKEY": KEY})
            answer = asker.getresponse()
            told = json.load(answer)
        assert answer.status == 200, told
        return told

    def balances(self) -> dict[str, int]:
        """All of each asset, free and locked, in 1e-8."""
        rows = self.asked("account")["balances"]
        return {row["asset"]: e8(row["free"]) + e8(row["locked"]) for row in rows}


def e8(text: str) -> int:
    """An amount as the venue writes it, in 1e-8."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(8, "0"))


@contextmanager
def venue(*words: str) -> Iterator[Place]:
    """A venue on a free port, ended behind us."""
    command = [*COMMAND, "venue", "--port", "0", "--key", KEY, "--secret", SECRET, "--json"]
    process = subprocess.Popen([*command, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(json.loads(process.stdout.readline())["port"])
        yield Place(port, {**addresses_of(port), **KEYS}, process)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def addresses_of(port: int) -> dict[str, str]:
    """Where an engine finds a venue on this machine."""
    return {
        "SUPREME_EXCHANGE__REST_URL": f"http://127.0.0.1:{port}",
        "SUPREME_EXCHANGE__STREAM_URL": f"ws://127.0.0.1:{port}",
        "SUPREME_EXCHANGE__API_URL": f"ws://127.0.0.1:{port}/ws-api/v3",
    }


def state_of(home: Path) -> Any:
    """The engine's state now."""
    with closing(Link(str(home), 10.0)) as link:
        return restored(link.picture())


def until(
    is_so: Callable[[], bool], what: str | Callable[[], str], seconds: float = WITHIN_S
) -> None:
    """Wait for what must come."""
    end = time.monotonic() + seconds
    while not is_so():
        time.sleep(LOOK_S)
        late = time.monotonic() > end
        assert not late, f"not within {seconds:g} s: {what if isinstance(what, str) else what()}"


def agrees(home: Path, exchange: Place) -> bool:
    """Whether every balance and every open order is the same here and there, to 1e-8."""
    return not differences(home, exchange)


def agree(home: Path, exchange: Place) -> None:
    """Wait until they do; the venue is asked once a heartbeat, for it counts what it is asked."""
    seen = 0

    def is_so() -> bool:
        nonlocal seen
        beats = state_of(home).clock.heartbeats
        if beats == seen:
            return False
        seen = beats
        return agrees(home, exchange)

    until(is_so, lambda: differences(home, exchange))


def differences(home: Path, exchange: Place) -> str:
    """What is not the same here and there, in words; nothing where all is."""
    theirs = len(exchange.asked("openOrders", symbol="ETHUSDT"))
    return "; ".join(differences_of(state_of(home), exchange.balances(), theirs))


def records(home: Path) -> list[dict[str, Any]]:
    """The journal, verified and decoded."""
    done = supreme("journal", "export", "--data-dir", str(home))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
