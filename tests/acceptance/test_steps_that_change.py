"""Does a position outlive an exchange that changes a symbol's tick and lot?"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.control.client import holder_of
from engine.execution.orders import is_open
from engine.messages import STOP
from tests.acceptance.exchanged import RESTLESS, Place, agree, e8, state_of, until, venue
from tests.acceptance.running import ended, supreme

pytest.importorskip("websockets", reason="supreme venue needs websockets")

INSTRUMENT = """
[ETHUSDT]
base = "ETH"
quote = "USDT"
from = 2017-08-17
tick = "{0}"
lot = "{1}"
quantity_max = "9000"
market_quantity_max = "3000"
notional_min = "5"
price_max = "1000000"
changes = []
"""
USUAL, FINE, COARSE, BETWEEN = ("0.01", "0.0001"), ("0.001", "0.00001"), ("0.1", "0.01"), (
    "0.025",
    "0.003",
)  # fmt: skip
HOUR_NS = 3_600_000_000_000
CALM = ("--set", "schedule.interval_seconds=86400")  # what is held stays held


class Exchange:
    """A venue whose rules lie in a file."""

    def __init__(self, place: Place, file: Path) -> None:
        self.place, self.file = place, file

    def trades_in(self, tick: str, lot: str) -> None:
        """Other steps from now on."""
        self.file.write_text(INSTRUMENT.format(tick, lot))
        self.place.process.send_signal(signal.SIGUSR2)
        assert self.place.process.stdout is not None
        told = json.loads(self.place.process.stdout.readline())
        assert told["steps"] == {"ETHUSDT": [tick, lot]}

    def orders(self) -> list[dict[str, Any]]:
        """All orders that were ever sent."""
        found: list[dict[str, Any]] = self.place.asked("allOrders", symbol="ETHUSDT", limit=1000)
        return found

    def fills(self) -> list[tuple[int, ...]]:
        """All fills there ever were, in 1e-8."""
        rows = self.place.asked("myTrades", symbol="ETHUSDT", limit=1000)
        return sorted((row["id"], e8(row["price"]), e8(row["qty"])) for row in rows)


def words_of(steps: tuple[str, str]) -> str:
    """Tick and lot as they are told."""
    return f"{steps[0]} and {steps[1]}"


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """A venue that trades in the usual steps."""
    file = tmp_path / "instruments.toml"
    file.write_text(INSTRUMENT.format(*USUAL))
    with venue("--symbols", "ETHUSDT", "--instruments", str(file)) as place:
        yield Exchange(place, file)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose engine is stopped in the end."""
    place = tmp_path / "d"
    yield place
    ended(place)


def up(home: Path, exchange: Exchange, *words: str) -> None:
    """An engine in the background."""
    named = ("--no-console", "--data-dir", str(home), "--profile", "binance-paper")
    done = supreme("up", *named, *RESTLESS, *words, **exchange.place.environment)
    assert done.returncode == 0, done.stderr


def holding(home: Path, exchange: Exchange) -> Any:
    """The state of an engine that was killed while it held something under a stop."""
    up(home, exchange)
    for _ in range(20):
        until(lambda: is_protected(state_of(home)), "a position under its stop")
        os.kill(int(holder_of(str(home))), signal.SIGKILL)
        up(home, exchange, *CALM)
        until(lambda: is_calm(state_of(home)), "the last decision of this day")
        agree(home, exchange.place)
        if is_protected(state := state_of(home)):
            supreme("down", "--data-dir", str(home), "--orders", "keep")
            return state
        supreme("down", "--data-dir", str(home))
        up(home, exchange)
    raise AssertionError("it never held anything")


def told_fills(home: Path) -> list[tuple[int, ...]]:
    """What the service's tables tell of each fill, in 1e-8."""
    found, page, pages = [], 0, 1
    while page < pages:
        page += 1
        asked = ("history", "fills", "--page", str(page), "--json", "--data-dir", str(home))
        told = json.loads(supreme(*asked).stdout)
        pages = told["pages"]
        found += [(row["fill_id"], row["price_e8"], row["quantity_e8"]) for row in told["rows"]]
    return sorted(found)


def is_calm(state: Any) -> bool:
    """Whether the agent is not asked again for hours."""
    return bool(state.symbols[0].schedule.due_ns > state.clock.now_ns + HOUR_NS)


def is_protected(state: Any) -> bool:
    """Whether a position stands under an accepted stop, and nothing else is under way."""
    stops = [one for one in state.orders.table if is_open(one.status) and one.type == STOP]
    held = state.symbols[0].position
    return held.lots > 0 and len(stops) == state.orders.open == 1 and not held.closing_id


def base_of(state: Any) -> int:
    """What is held, in 1e-8."""
    symbol = state.symbols[0]
    return int(symbol.position.lots * symbol.instrument.lot_e8 + symbol.position.dust_e8)


def stop_of(state: Any) -> tuple[int, int, int]:
    """The protective stop: its id, what it would sell, and at which price, in 1e-8."""
    symbol = state.symbols[0]
    stop = state.orders.table[symbol.position.stop_id % len(state.orders.table)]
    steps = symbol.instrument
    return stop.id, (stop.lots - stop.filled) * steps.lot_e8, stop.price * steps.tick_e8


@pytest.mark.parametrize("steps", [FINE, COARSE, BETWEEN])
def test_what_is_held_is_carried_over_and_can_be_sold(home, exchange, steps):
    """Finer, coarser, incomparable: the same base, the same stop, and all of it can be sold."""
    before = holding(home, exchange)
    old = {row["orderId"] for row in exchange.orders()}
    exchange.trades_in(*steps)

    words = ("--data-dir", str(home), "--profile", "binance-paper", "--for", "3", *RESTLESS, *CALM)
    shown = supreme("run", *words, **exchange.place.environment).stderr
    up(home, exchange, *CALM)
    agree(home, exchange.place)

    now = f"ETHUSDT trades in steps of {words_of(steps)} now"
    after = state_of(home)
    assert (base_of(after), stop_of(after)) == (base_of(before), stop_of(before))
    assert f"{now}, before {words_of(USUAL)}: carried over" in shown.splitlines()
    assert words_of(steps) in (home / "log" / "engine.log").read_text()
    listed = supreme("orders", "--data-dir", str(home), "--json").stdout
    stop = json.loads(listed)["orders"][0]
    assert (e8(stop["quantity"]), e8(stop["price"])) == stop_of(before)[1:]
    words = ("--data-dir", str(home), "--reason", "out", "--confirm", "FLATTEN")
    done = supreme("flatten", *words)
    assert done.returncode == 0, done.stderr
    agree(home, exchange.place)
    left = base_of(state_of(home))
    assert left < e8(steps[1])
    sent = [row for row in exchange.orders() if row["orderId"] not in old]
    assert sent
    assert all(e8(row["origQty"]) % e8(steps[1]) == 0 for row in sent)
    assert sum(e8(row["executedQty"]) for row in sent) == base_of(before) - left
    until(lambda: told_fills(home) == exchange.fills(), "every fill as it was, in the tables")
    closed = json.loads(supreme("history", "trades", "--data-dir", str(home), "--json").stdout)
    assert closed["rows"][0]["quantity_e8"] == base_of(before) - left
    supreme("down", "--data-dir", str(home))
    up(home, exchange, *CALM)
    assert (home / "log" / "engine.log").read_text().count("RulesChanged") == 1
    supreme("down", "--data-dir", str(home))
    verified = supreme("journal", "verify", "--with-replay", "--data-dir", str(home))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_coarser_steps_are_taken_over_by_a_running_engine(home, exchange):
    """Its sale is refused by the new filter, then it stands on it: no restart is waited for."""
    before = holding(home, exchange)
    up(home, exchange, *CALM)
    agree(home, exchange.place)
    exchange.trades_in(*COARSE)

    words = ("--data-dir", str(home), "--reason", "out", "--confirm", "FLATTEN")
    done = supreme("flatten", *words)

    assert done.returncode == 0, done.stderr
    agree(home, exchange.place)
    left = base_of(state_of(home))
    sold = base_of(before) - left
    assert left < e8(COARSE[1]) <= sold
    assert sold % e8(COARSE[1]) == 0
    said = [json.loads(row) for row in (home / "log" / "engine.log").read_text().splitlines()]
    (changed,) = [row for row in said if row["event"] == "RulesChanged"]
    assert (changed["now"], changed["before"]) == (words_of(COARSE), words_of(USUAL))
    supreme("down", "--data-dir", str(home))
    verified = supreme("journal", "verify", "--with-replay", "--data-dir", str(home))
    assert verified.returncode == 0, verified.stdout + verified.stderr
