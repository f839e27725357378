"""Does an engine trade at an exchange, and is what it believes of its account what lies there?"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.camera import restored
from engine.control.client import Link, holder_of
from tests.acceptance.exchanged import RESTLESS, Place, venue
from tests.acceptance.running import ended, supreme

pytest.importorskip("websockets", reason="supreme venue needs websockets")

LOT_E8 = 10_000
WITHIN_S = 60.0


@pytest.fixture(scope="module")
def exchange() -> Iterator[Place]:
    """A venue that simulates a market."""
    with venue() as place:
        yield place


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose engine is stopped in the end."""
    place = tmp_path / "d"
    yield place
    ended(place)


def up(home: Path, exchange: Place, *words: str, profile: str = "binance-paper") -> None:
    """An engine in the background, at this venue."""
    named = ("--no-console", "--data-dir", str(home), "--profile", profile, "--log-format", "text")
    done = supreme("up", *named, *RESTLESS, *words, **exchange.environment)
    assert done.returncode == 0, done.stderr


def state_of(home: Path) -> Any:
    """The engine's state now."""
    with closing(Link(str(home), 10.0)) as link:
        return restored(link.picture())


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for what must come; asking is what takes the time."""
    end = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < end, f"not within {WITHIN_S:g} s: {what}"


def agrees(home: Path, exchange: Place) -> bool:
    """Whether every balance and every open order is the same here and there, to 1e-8."""
    state, there = state_of(home), exchange.balances()
    held = state.symbols[0].position
    ether = held.lots * LOT_E8 + held.dust_e8 + held.aside_e8
    cash = state.account.cash_e8 + state.account.aside_e8
    theirs = exchange.asked("openOrders", symbol="ETHUSDT")
    same = (cash, ether) == (there["USDT"], there["ETH"])
    return bool(same and len(theirs) == state.orders.open and state.orders.unknown == 0)


def test_what_an_engine_believes_is_what_lies_there_also_after_it_was_killed(home, exchange):
    """It trades, is killed at any moment, goes on from its journal; no order is there twice."""
    up(home, exchange)
    until(lambda: state_of(home).account.fills >= 3, "three fills")
    os.kill(int(holder_of(str(home))), signal.SIGKILL)
    up(home, exchange)
    before = state_of(home).account.fills
    until(lambda: state_of(home).account.fills >= before + 2, "two more fills")
    supreme("pause", "--data-dir", str(home), "--reason", "counted now")

    until(lambda: agrees(home, exchange), "equal balances and orders")

    names = [row["clientOrderId"] for row in exchange.asked("allOrders", symbol="ETHUSDT")]
    assert len(names) == len(set(names)) > 3
    state = state_of(home)
    assert state.account.aside_e8 == 90_000 * 10**8  # of 100,000 the profile gives it 10,000
    assert state.orders.anomalies == state.account.anomalies == 0
    shown = supreme("status", "--data-dir", str(home)).stdout
    assert "PAPER  SIMULATED seed" in shown


def test_real_money_is_halted_until_an_operator_resets_it(home, exchange):
    """A fresh start trades nothing; the typed word and a reason begin it."""
    up(home, exchange, profile="binance-live")
    until(lambda: state_of(home).account.aside_e8 > 0, "a first look at the account")
    until(lambda: state_of(home).symbols[0].schedule.decisions > 1, "two decisions")
    halted = supreme("status", "--data-dir", str(home))

    told = "LIVE  SIMULATED seed 1 ETHUSDT at 127.0.0.1  HALTED (waits for a reset)"
    assert halted.stdout.startswith(told)
    assert state_of(home).orders.submitted == 0
    done = supreme(*("reset", "--data-dir", str(home), "--reason", "checked", "--confirm", "RESET"))
    assert done.returncode == 0, done.stderr
    until(lambda: state_of(home).account.fills >= 1, "a fill after the reset")


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"EXCHANGE_SECRET": ""}, 2, "EXCHANGE_SECRET"),
        (
            {"SUPREME_EXCHANGE__API_URL": "wss://ws-api.binance.com/ws-api/v3"},
            4,
            "trades real money",
        ),
        ({"SUPREME_EXCHANGE__REST_URL": "http://127.0.0.1:1"}, 3, "does not answer"),
        ({"SUPREME_SYMBOL": "SOLUSDT"}, 2, "SOLUSDT is not traded"),
    ],
)
def test_what_it_cannot_begin_with_is_said_in_two_lines(home, exchange, changed, code, said):
    """And nothing was traded."""
    words = ("--profile", "binance-paper", "--data-dir", str(home), "--for", "5")

    done = supreme("run", *words, **{**exchange.environment, **changed})

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
