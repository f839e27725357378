"""Where does an engine trade while its exchange fails? At `supreme venue`, over lines made bad."""

import hashlib
import hmac
import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

from engine.camera import restored
from engine.control.client import Link
from engine.instruments import e8_of
from validators.degrade.life import Engine, Process, exported
from validators.degrade.market import RESTLESS
from validators.degrade.outcome import Broken, Judge, until
from validators.degrade.proxy import Proxy

KEY, SECRET = "degrade-key", "degrade-secret"
LOOPBACK, APART = "127.0.0.1", "127.0.0.2"  # who asks from the second is counted apart
ANSWER_S, STARTING_S, TRADES_S = 10.0, 30.0, 120.0
TICK_E8, LOT_E8 = 1_000_000, 10_000
PAGE = 1_000
QUICK = (
    *("features.bar_seconds=1", "indicators.ema_fast=2", "indicators.ema_slow=3"),
    *("exchange.answer_seconds=2", "exchange.reconcile_seconds=5", "exchange.silence_seconds=2"),
)
SETTINGS = [word for change in (*RESTLESS, *QUICK) for word in ("--set", change)]
TAKEN_OVER = ("PositionCorrected", "CashDeposited", "HeldAside")
OPENING = {"CashDeposited": 1, "HeldAside": 2}  # what an account begins with


def absent() -> str:
    """Why no exchange can be had here, or nothing."""
    if find_spec("websockets") is None:
        return "needs websockets: pip install 'supreme[exchange]'"
    return ""


class Venue(Process):
    """`supreme venue`, whose faults rest until they are wanted."""

    port = 0

    def place(self) -> list[str]:
        """It has no directory."""
        words = ("--port", "0", "--symbols", "ETHUSDT", "--json")
        return [*words, "--key", KEY, "--secret", SECRET]

    def told(self) -> list[dict[str, Any]]:
        """Every object that it said."""
        lines = self.said.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def begun(self) -> None:
        """Wait until clients may come; its faults rest from then on."""
        until(self.told, "the venue serves", STARTING_S)
        self.port = self.told()[0]["port"]
        self.turn()

    def turn(self) -> dict[str, int]:
        """The faults rest, or go on; how often each was met so far."""
        before = len(self.told())
        self.send(signal.SIGUSR1)
        until(lambda: len(self.told()) > before, "the venue heeds a signal")
        counts: dict[str, int] = self.told()[-1]["faults"]
        return counts

    def asked(self, path: str, *, from_us: bool = False, **given: Any) -> tuple[int, Any]:
        """Status and body of a question, signed where it is about the account."""
        return ask(self.port, path, LOOPBACK if from_us else APART, **given)

    def answer(self, path: str, **given: Any) -> Any:
        """The body of an answer; Broken where there is none."""
        status, body = self.asked(path, **given)
        if status != 200:
            raise Broken(f"the venue answers {status}: {str(body)[:100]}")
        return body

    def pages(self, path: str, parameter: str, key: str) -> list[dict[str, Any]]:
        """Every row there is, page by page."""
        rows: list[dict[str, Any]] = []
        while True:
            beyond = rows[-1][key] + 1 if rows else 0
            page = self.answer(path, symbol="ETHUSDT", limit=PAGE, **{parameter: beyond})
            rows += page
            if len(page) < PAGE:
                return rows


OPEN_TO_ALL = ("depth", "exchangeInfo", "time")


def ask(port: int, path: str, since: str, **parameters: str | int) -> tuple[int, Any]:
    """One question by nobody's client, from an address of this machine."""
    query = urlencode(parameters)
    if path not in OPEN_TO_ALL:
        query = urlencode({**parameters, "timestamp": venue_ms(port), "recvWindow": 10_000})
        signed = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        query = f"{query}&signature={signed}"
    line = HTTPConnection(LOOPBACK, port, timeout=ANSWER_S, source_address=(since, 0))
    with closing(line):
        line.request("GET", f"/api/v3/{path}?{query}", headers={"X-MBX-APIKEY": KEY})
        answer = line.getresponse()
        return answer.status, json.load(answer)


def venue_ms(port: int) -> int:
    """The venue's time, which may not be ours."""
    return cast("int", ask(port, "time", APART)[1]["serverTime"])


class Stand(NamedTuple):
    """An engine, its venue, and two lines between: market streams, and all that is asked."""

    engine: Engine
    venue: Venue
    streams: Proxy
    questions: Proxy

    @property
    def state(self) -> Any:
        """The engine's state now."""
        with closing(Link(str(self.engine.home), ANSWER_S)) as link:
            return restored(link.picture())

    def logged(self, *events: str) -> list[dict[str, Any]]:
        """What the engine's log says of these kinds."""
        path = self.engine.home / "log" / "engine.log"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return [row for row in rows if row["event"] in events]

    def trades(self, more: int = 1, seconds: float = TRADES_S) -> None:
        """Wait for so many more fills."""
        wanted = self.state.account.fills + more
        until(lambda: self.state.account.fills >= wanted, "the engine trades", seconds)

    def differences(self) -> list[str]:
        """What is not the same here and at the venue, to 1e-8."""
        state, there = self.state, self.venue.answer("account")["balances"]
        total = {row["asset"]: e8_of(row["free"]) + e8_of(row["locked"]) for row in there}
        return differences_of(state, total, len(self.venue.answer("openOrders", symbol="ETHUSDT")))

    def agrees(self) -> None:
        """Wait until all is the same; the venue counts questions: one look a heartbeat."""
        seen = [0]

        def is_so() -> bool:
            beats = self.state.clock.heartbeats
            if beats == seen[0]:
                return False
            seen[0] = beats
            return not self.differences()

        try:
            until(is_so, "the engine and its venue agree")
        except Broken as late:
            raise Broken(f"{late}: {'; '.join(self.differences())}") from late

    def judged(self, judge: Judge) -> int:
        """Pause, agree, end, and hold every order and fill against the venue's; the fills."""
        judge.must(self.engine.is_alive and self.venue.is_alive, "a process ended")
        done = self.engine.asked("pause", "--reason", "degrade")
        judge.must(done, "it could not be paused")
        self.agrees()
        judge.must(self.state.orders.anomalies == 0, "a report fitted no order")
        names = Counter(row["clientOrderId"] for row in self.venue.pages("allOrders", *BY_ORDER))
        twice = [name for name, count in names.items() if count > 1]
        judge.must(not twice, f"sent twice: {twice[:3]}")
        trades = self.venue.pages("myTrades", *BY_TRADE)
        self.engine.end()
        journaled = exported(self.engine.home)
        here = Counter(fill_here(row) for row in journaled if row["kind"] == "OrderFilled")
        there = Counter(fill_there(row) for row in trades)
        judge.must(here == there, f"{len(here)} fills here, {len(there)} there, not the same")
        taken = Counter(row["kind"] for row in journaled if row["kind"] in TAKEN_OVER)
        judge.must(taken == OPENING, f"taken over from the venue, not traded: {dict(taken)}")
        return len(trades)


BY_ORDER, BY_TRADE = ("orderId", "orderId"), ("fromId", "id")


def fill_here(row: dict[str, Any]) -> tuple[int, ...]:
    """A fill of the journal: its number, price, quantity and fee in 1e-8."""
    return row["fill_id"], row["price"] * TICK_E8, row["lots"] * LOT_E8, row["fee_e8"]


def fill_there(row: dict[str, Any]) -> tuple[int, ...]:
    """A fill of the venue, likewise."""
    return row["id"], *(e8_of(row[name]) for name in ("price", "qty", "commission"))


@contextmanager
def standing(scratch: Path, faults: str) -> Iterator[Stand]:
    """All of it, once the engine has traded; the faults rest."""
    words = ("--faults", faults) if faults else ()
    with Venue(scratch / "venue", "venue", *words) as venue:
        venue.begun()
        place = (LOOPBACK, venue.port)
        with Proxy(place) as streams, Proxy(place) as questions:
            own = {
                "EXCHANGE_API_KEY": KEY,
                "EXCHANGE_SECRET": SECRET,
                "SUPREME_EXCHANGE__STREAM_URL": f"ws://{LOOPBACK}:{streams.port}",
                "SUPREME_EXCHANGE__REST_URL": f"http://{LOOPBACK}:{questions.port}",
                "SUPREME_EXCHANGE__API_URL": f"ws://{LOOPBACK}:{questions.port}/ws-api/v3",
            }
            named = ("run", "--quiet", "--profile", "binance-paper", *SETTINGS)
            with Engine(scratch / "home", *named, **own) as one:
                one.answering()
                stand = Stand(one, venue, streams, questions)
                stand.trades()
                yield stand


def lasting(seconds: float) -> None:
    """How long a fault lasts is what a scenario chooses."""
    time.sleep(seconds)


def differences_of(state: Any, there: dict[str, int], open_there: int) -> list[str]:
    """What a state believes otherwise than balances (1e-8) and open orders at the venue say."""
    held = state.symbols[0].position
    here = {
        "USDT": state.account.cash_e8 + state.account.aside_e8,
        "ETH": held.lots * state.symbols[0].instrument.lot_e8 + held.dust_e8 + held.aside_e8,
        "BNB": state.account.fee_asset_e8,
    }
    found = [
        f"{asset}: {amount} here, {there[asset]} there, in 1e-8"
        for asset, amount in here.items()
        if amount != there[asset]
    ]
    if open_there != state.orders.open:
        found.append(f"{state.orders.open} orders open here, {open_there} there")
    return [*found, *([f"{state.orders.unknown} orders unknown"] if state.orders.unknown else [])]
