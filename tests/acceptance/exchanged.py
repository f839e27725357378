"""What do tests of a live engine share: a venue of this project on loopback, and its own books."""

import hashlib
import hmac
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.acceptance.running import COMMAND, ROOT

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

    def asked(self, path: str, **parameters: str | int) -> Any:
        """A signed question to the venue, by nobody's client."""
        query = urlencode({**parameters, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = f"http://127.0.0.1:{self.port}/api/v3/{path}?{query}&signature={signature}"
        asked = urllib.request.Request(url, headers={"X-MBX-APIKEY": KEY})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

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
        addresses = {
            "SUPREME_EXCHANGE__REST_URL": f"http://127.0.0.1:{port}",
            "SUPREME_EXCHANGE__STREAM_URL": f"ws://127.0.0.1:{port}",
            "SUPREME_EXCHANGE__API_URL": f"ws://127.0.0.1:{port}/ws-api/v3",
        }
        yield Place(port, {**addresses, **KEYS})
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
