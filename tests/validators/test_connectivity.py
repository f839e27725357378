"""Does `supreme connectivity` tell what is so of a venue, whatever state the venue is in?"""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from engine.venues.binance.requests import open_orders, order_status
from engine.venues.binance.signing import key_of
from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.engine.secrets.sealing import API_KEY, SECRET, private
from validators.connectivity.outcome import Failed, Skipped
from validators.connectivity.places import BINANCE, Venue
from validators.connectivity.trading import must_be, round_trip
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


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A venue on a good day."""
    with serving() as at:
        yield at


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


def test_all_is_well_with_a_venue_on_a_good_day(port: int):
    """Ten checks hold, with figures; the order that went there is gone."""
    found = checks(port, "--from-env", environ=ENVIRON)

    assert states(found) == ["ok"] * 10
    assert abs(found["clock"]["figures"]["offset_ms"]) < 50
    assert found["filters"]["figures"]["tick"] == "0.01"
    assert {"place_ms", "status_ms", "cancel_ms"} <= set(found["order"]["figures"])
    ages = found["latency"]["figures"]
    assert sum(ages["histogram"].values()) == ages["events"] > 0
    assert "REQUEST_WEIGHT" in found["headroom"]["said"]
    with closing(visit_at(port)) as visit:
        assert visit.ask(open_orders("ETHUSDT")) == []


def test_people_and_pipelines_read_the_same(port: int):
    """Text with bars, Markdown, and JUnit with as many cases."""
    words = (*addresses(port), *SHORT, "--from-env")
    text, markdown, junit = (
        supreme("connectivity", *words, "--output", form, **ENVIRON)
        for form in ("text", "markdown", "junit")
    )

    assert [done.returncode for done in (text, markdown, junit)] == [0, 0, 0]
    assert "PLACE" in text.stdout
    assert "10 ok" in text.stdout
    assert "#" * 40 in text.stdout
    assert "| binance | order | ok |" in markdown.stdout
    suite = ET.fromstring(junit.stdout)
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("10", "0", "0")
    assert [case.get("name") for case in suite] == [f"binance.{name}" for name in NAMES]


def test_sealed_keys_are_as_good_as_the_environments(port: int, tmp_path: Path):
    """Opened by their passphrase file, or not: then nothing is asked."""
    pair = private(tmp_path / "pair", f"{API_KEY}\n{SECRET}\n")
    phrase = private(tmp_path / "phrase", "a horse of no colour")
    home = {"XDG_DATA_HOME": str(tmp_path / "share")}
    supreme("keys", "add", "paper", "--file", pair, "--passphrase-file", phrase, **home)

    found = checks(port, "--keys", "paper", environ=home | {"SUPREME_PASSPHRASE_FILE": phrase})
    refused = supreme("connectivity", *addresses(port), "--keys", "paper", **home)

    assert states(found) == ["ok"] * 10
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 2)


def test_without_keys_what_needs_them_is_skipped(port: int):
    """Which is no failure: a new user has none yet."""
    found = checks(port)

    assert states(found) == ["ok"] * 5 + ["skipped"] * 3 + ["ok"] * 2
    assert "no keys were given" in found["auth"]["said"]


def test_keys_that_are_not_taken_are_told(port: int):
    """With the venue's own words, and what they mean."""
    wrong = ENVIRON | {"EXCHANGE_SECRET": SECRET[::-1]}

    found = checks(port, "--from-env", code=1, environ=wrong)

    assert found["auth"]["state"] == "failed"
    assert "-1022" in found["auth"]["said"]
    assert "the secret is not this key's" in found["auth"]["said"]
    assert found["order"]["state"] == "skipped"


def test_a_symbol_that_is_not_there_is_told(port: int):
    """By the venue's own words, and the streams stay silent."""
    found = checks(port, "--symbol", "NOSUCH", code=1)

    assert "-1121" in found["filters"]["said"]
    assert "no event of NOSUCH" in found["latency"]["said"]


def test_a_clock_that_differs_is_a_failure():
    """Ours decides what is stale; requests are stamped with the venue's, so keys still work."""
    with serving("--faults", "skew=2s") as port:
        found = checks(port, "--from-env", code=1, environ=ENVIRON)

    assert found["clock"]["state"] == "failed"
    assert "2000" in found["clock"]["said"]
    assert (found["auth"]["state"], found["latency"]["state"]) == ("ok", "ok")


def test_an_order_whose_outcome_is_lost_is_looked_for():
    """It is a failure, and whatever came of it, it is told and nothing stays open."""
    with serving("--faults", "unknown=1") as port:
        found = checks(port, "--from-env", code=1, environ=ENVIRON)
        with closing(visit_at(port)) as visit:
            left = visit.ask(open_orders("ETHUSDT"))

    assert found["order"]["state"] == "failed"
    assert "order connectivity-" in found["order"]["said"]
    assert left == []


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


def test_no_order_is_sent_where_money_is_real():
    """Unless the word was said; nothing is even asked before that."""
    asked = Asked("ETHUSDT", key_of(API_KEY, SECRET), 0.1, 0.1, may_order=False)

    with pytest.raises(Skipped, match="repeat with --confirm live"):
        round_trip(Visit(BINANCE, asked))


def test_an_answer_of_another_kind_is_a_failure(port: int):
    """A venue that takes the order and shows something else must not pass."""
    with closing(visit_at(port)) as visit, pytest.raises(Failed, match="-2013"):
        visit.ask(order_status("ETHUSDT", 0, "never-sent"))
    for other in ({}, {"orderId": 1, "status": "FILLED", "executedQty": "1.0"},
                  {"orderId": 1, "status": "NEW", "executedQty": "0.0001"}):  # fmt: skip
        with pytest.raises(Failed):
            must_be(other, "NEW")


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
