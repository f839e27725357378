"""Does an engine trade at an exchange, and is what it believes of its account what lies there?"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.control.client import holder_of
from tests.acceptance.exchanged import RESTLESS, Place, agree, state_of, until, venue
from tests.acceptance.running import ended, supreme

pytest.importorskip("websockets", reason="supreme venue needs websockets")


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


def test_what_an_engine_believes_is_what_lies_there_also_after_it_was_killed(home, exchange):
    """It trades, is killed at any moment, goes on from its journal; no order is there twice."""
    up(home, exchange)
    until(lambda: state_of(home).account.fills >= 3, "three fills")
    os.kill(int(holder_of(str(home))), signal.SIGKILL)
    up(home, exchange)
    before = state_of(home).account.fills
    until(lambda: state_of(home).account.fills >= before + 2, "two more fills")
    supreme("pause", "--data-dir", str(home), "--reason", "counted now")

    agree(home, exchange)

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


def test_what_was_traded_on_paper_is_not_gone_on_with_for_real(home, exchange):
    """Nor the other way: a journal is of one kind of money, and real money begins HALTED."""
    words = ("--data-dir", str(home), "--for", "2", "--json")
    paper = supreme("run", "--profile", "binance-paper", *words, **exchange.environment)
    assert paper.returncode == 0, paper.stderr

    live = supreme("run", "--profile", "binance-live", *words, **exchange.environment)
    simulated = supreme("run", "--profile", "paper", *words)

    for done in (live, simulated):
        assert done.returncode == 4, done.stdout
        assert "holds a journal of SIMULATED seed" in done.stderr


def test_a_market_that_nobody_tells_is_doubted_and_nothing_is_bought_in_it(home):
    """The engine stands, and says so; it had believed it before."""
    with venue() as exchange:
        up(home, exchange)
        until(lambda: state_of(home).account.fills >= 1, "a fill")
        assert not state_of(home).symbols[0].features.market.doubt
    until(lambda: bool(state_of(home).symbols[0].features.market.doubt), "a doubt")

    shown = supreme("status", "--data-dir", str(home)).stdout

    assert "DOUBTED   ETHUSDT no source speaks: nothing is bought" in shown


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
        (
            {"SUPREME_EXCHANGE__REAL_MONEY": "true", "TRADING_MODE": "paper"},
            4,
            "TRADING_MODE=paper asks for none",
        ),
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
