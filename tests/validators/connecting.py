"""What do tests of `supreme connectivity` share? A venue on real sockets, and what it is told."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.venues.binance.signing import key_of
from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.engine.secrets.sealing import API_KEY, SECRET
from validators.connectivity.places import Venue
from validators.connectivity.visit import Asked, Visit

NAMES = ["rest", "stream", "ws-api", "clock", "filters", "auth", "permissions", "order",
         "latency", "headroom"]  # fmt: skip
SHORT = ("--seconds", "1.5", "--timeout", "2")
ENVIRON = {"EXCHANGE_API_KEY": API_KEY, "EXCHANGE_SECRET": SECRET}


def addresses(port: int) -> tuple[str, ...]:
    """The options that lead to a venue on this machine."""
    ws = f"ws://127.0.0.1:{port}"
    return ("--rest", f"http://127.0.0.1:{port}", "--ws", ws, "--ws-api", f"{ws}/ws-api/v3")


@contextmanager
def serving(*words: str) -> Iterator[int]:
    """A venue with these options, once it listens; its port."""
    command = [*COMMAND, "venue", "--port", "0", "--json", "--key", API_KEY, "--secret", SECRET]
    with subprocess.Popen(
        [*command, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as venue:
        assert venue.stdout is not None
        try:
            yield json.loads(venue.stdout.readline())["port"]
        finally:
            venue.terminate()
            venue.communicate(timeout=20)


def checks(
    port: int, *words: str, code: int = 0, environ: dict[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """Each check by its name, as a program reads them; `environ` are more variables."""
    done = supreme("connectivity", *addresses(port), *SHORT, *words, "--json", **(environ or {}))
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return {row["check"]: row for row in json.loads(done.stdout)["checks"]}


def states(found: dict[str, dict[str, Any]]) -> list[str]:
    """How they ended, in their order."""
    assert list(found)[: len(NAMES)] == NAMES
    return [found[name]["state"] for name in NAMES]


def visit_at(port: int) -> Visit:
    """A visit of our own, to see what was left there."""
    rest, ws, ws_api = addresses(port)[1::2]
    venue = Venue("here", rest, ws, ws_api)
    return Visit(venue, Asked("ETHUSDT", key_of(API_KEY, SECRET), 5.0, 1.0, may_order=False))
