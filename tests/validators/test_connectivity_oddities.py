"""Is what is no venue told in a line a check, quickly, and what was meant otherwise refused?"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import supreme
from tests.engine.secrets.sealing import SECRET
from tests.engine.venues.binance.desk import symbol_row
from tests.validators.connecting import ENVIRON, NAMES, SHORT, addresses, checks, states


@pytest.fixture
def nowhere() -> int:
    """A port where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        at: int = one.getsockname()[1]
    return at


def test_a_venue_that_is_not_there_is_told_at_once(nowhere: int):
    """A line a check, exit code 1, in seconds."""
    began = time.monotonic()

    found = checks(nowhere, "--from-env", code=1, environ=ENVIRON)

    assert time.monotonic() - began < 10
    assert states(found) == ["failed"] * 3 + ["skipped"] * 7
    assert "127.0.0.1 is not reached" in found["rest"]["said"]
    assert found["clock"]["said"] == "not tried: rest failed"


class Odd(BaseHTTPRequestHandler):
    """Something that listens and is no venue: what it says depends on its port's owner."""

    body = b"<html>login</html>"
    status = 200

    def do_GET(self) -> None:
        """Whatever is asked."""
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class Few(Odd):
    """A venue whose symbol takes no stops."""

    row = symbol_row(orderTypes=["LIMIT", "MARKET"])
    body = json.dumps({"symbols": [row], "serverTime": time.time_ns() // 10**6}).encode()


class Unwell(Odd):
    """A server that fails."""

    status = 502


class Endless(Odd):
    """A server that never comes to an end."""

    def do_GET(self) -> None:
        """One letter after the other."""
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65_536)
        except OSError:
            return


@contextmanager
def odd(kind: type[Odd]) -> Iterator[int]:
    """Such a server; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        beside = threading.Thread(target=server.serve_forever, args=(0.01,))
        beside.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            beside.join()


@pytest.mark.parametrize(
    ("kind", "what"),
    [(Odd, "is no JSON"), (Unwell, "is no JSON"), (Endless, "does not come to an end")],
)
def test_what_is_no_venue_is_told(kind: type[Odd], what: str):
    """A login page, a broken proxy, a flood: a line, no traceback, in bounded time."""
    with odd(kind) as port:
        found = checks(port, code=1)

    assert found["rest"]["state"] == "failed"
    assert what in found["rest"]["said"]
    assert found["stream"]["state"] == "failed"


def test_a_symbol_that_takes_no_stops_is_told_before_anything_is_bought(tmp_path: Path):
    """By the check, unless no stop is wanted; and by the engine that would need one."""
    wants_none = {"SUPREME_SIZING__STOP_LOSS": "0"}
    with odd(Few) as port:
        rest, ws, ws_api = addresses(port)[1::2]
        names = {"SUPREME_EXCHANGE__REST_URL": rest, "SUPREME_EXCHANGE__STREAM_URL": ws,
                 "SUPREME_EXCHANGE__API_URL": ws_api}  # fmt: skip
        told = checks(port, code=1)["filters"]
        free = checks(port, code=1, environ=wants_none)["filters"]
        words = ("run", "--profile", "binance-paper", "--data-dir", str(tmp_path / "d"))
        done = supreme(*words, "--for", "5", **ENVIRON, **names)

    assert (told["state"], free["state"]) == ("failed", "ok")
    assert "ETHUSDT takes no STOP_LOSS orders" in told["said"]
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 2), done.stderr
    assert "ETHUSDT takes no STOP_LOSS orders" in done.stderr


def test_who_says_nothing_is_waited_for_so_long():
    """A firewall that swallows costs the timeout once, not once a check."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        found = checks(silent.getsockname()[1], "--timeout", "0.5", code=1)

    assert time.monotonic() - began < 5
    assert states(found) == ["failed"] * 3 + ["skipped"] * 7


def test_sources_beside_the_market_are_reached_too(nowhere: int):
    """Any answer but a failure is one; an address may hold a key, so its host alone is shown."""
    with odd(Odd) as well, odd(Unwell) as unwell:
        ports = {"gas": well, "votes": unwell, "whales": nowhere}
        urls = [f"{name}=http://127.0.0.1:{at}/?token={SECRET}" for name, at in ports.items()]
        words = [word for one in urls for word in ("--source", one)]
        done = supreme("connectivity", *addresses(nowhere), *SHORT, *words, "--json")

    rows = {row["place"]: row for row in json.loads(done.stdout)["checks"][len(NAMES) :]}
    assert [rows[name]["state"] for name in ("gas", "votes", "whales")] == [
        "ok",
        "failed",
        "failed",
    ]
    assert "127.0.0.1 is not well: HTTP 502" in rows["votes"]["said"]
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--rest", "http://api.binance.com"), "would be asked unencrypted"),
        (("--rest", "nonsense"), "--rest is no address"),
        (("--ws", "https://stream.binance.com"), "--ws is no address"),
        (("--ws-api", "wss://u:p@ws-api.binance.com"), "--ws-api is no address"),
        (("--rest", "https://[bad"), "--rest is no address"),
        (("--source", "gas"), "names no source"),
        (("--source", "gas=ftp://x"), "--source is no address"),
        (("--output", "yaml"), "--output yaml is unknown"),
        (("--confirm", "yes"), "is not the word"),
        (("--symbol", "ETH-USDT"), "--symbol is none"),
        (("--keys", "main", "--from-env"), "two places for keys"),
        (("--from-env",), "EXCHANGE_API_KEY is not set"),
        (("--list", "--output", "junit"), "--list has no verdicts"),
        (("--timeout", "0"), "--timeout"),
    ],
)
def test_what_was_meant_otherwise_is_refused(tmp_path: Path, words: tuple[str, ...], what: str):
    """Two lines, exit code 2, before anything is asked."""
    done = supreme("connectivity", *words, XDG_DATA_HOME=str(tmp_path))

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2), done.stderr
    assert what in done.stderr


def test_the_list_runs_nothing():
    """Each check with what it promises and stands on."""
    text = supreme("connectivity", "--list").stdout
    rows = json.loads(supreme("connectivity", "--list", "--json").stdout)["checks"]

    assert [row["check"] for row in rows] == NAMES
    assert "a tiny order goes there and back" in text
