"""Does an engine keep its accounts true while its exchange fails, and trade on when it is back?"""

import time
from collections.abc import Callable
from pathlib import Path

from validators.degrade.exchange_place import (
    Stand,
    lasting,
    standing,
    venue_ms,
)
from validators.degrade.outcome import Judge, Outcome, until
from validators.degrade.proxy import BLACKHOLE, GOOD, RESET, Fault

LASTS_S = 10.0
DOUBTS, DOUBTS_S = 2, 120.0  # orders in doubt that a scenario waits for, and how long
BAN_S, HALT_S, SKEW_S = 5, 10, 30
OBEYED_MOST = 4  # requests that may have been on their way when a limit was told
LOOK_S = 0.5  # between two questions for rules
MINUTE_S = 60.0  # after it the exchange counts anew

Fails = Callable[[Stand, Judge], dict[str, int]]


def through(scratch: Path, faults: str, fails: Fails, *, doubts_on: bool = False) -> Outcome:
    """One fault; then how soon market and account are as there, that it trades, and every fill.

    When it trades is the strategy's to choose, and no part of the recovery. `doubts_on`: the
    market may be doubted for longer.
    """
    judge = Judge()
    with standing(scratch, faults) as stand:
        figures = fails(stand, judge)
        mended = time.monotonic()
        until(lambda: doubts_on or not doubts(stand), "the market is believed")
        stand.agrees()
        recovery_s = time.monotonic() - mended
        stand.trades()
        traded_s = time.monotonic() - mended
        fills = stand.judged(judge)
    return judge.outcome(recovery_s, traded_s=round(traded_s, 1), fills=fills, **figures)


def doubted(stand: Stand, _judge: Judge) -> dict[str, int]:
    """Until so many orders were in doubt."""
    stand.venue.turn()
    until(lambda: len(stand.logged("OrderUnknown")) >= DOUBTS, "orders are in doubt", DOUBTS_S)
    met = stand.venue.turn()
    return {kind: met.get(kind, 0) for kind in ("unknown", "effect")}


def timing_out(scratch: Path) -> Outcome:
    """No order and no cancel is answered: half of them took effect."""
    return through(scratch, "unknown=1", doubted)


def lying(scratch: Path) -> Outcome:
    """Errors that say nothing, and events that come twice, late, out of turn or never."""

    def fails(stand: Stand, _judge: Judge) -> dict[str, int]:
        stand.venue.turn()
        stand.trades(4)
        met = stand.venue.turn()
        return {kind: met.get(kind, 0) for kind in ("unknown", "drop", "duplicate", "reorder")}

    words = "unknown=0.3,drop=0.1,duplicate=0.3,reorder=0.3,latency=1ms..200ms"
    return through(scratch, words, fails)


def disconnected(scratch: Path) -> Outcome:
    """Every connection is reset, and for a while none is to be had."""

    def fails(stand: Stand, judge: Judge) -> dict[str, int]:
        lines = stand.streams, stand.questions
        for line in lines:
            line.set(Fault(RESET))
        until(lambda: doubts(stand), "the market is doubted")
        lasting(LASTS_S)
        for line in lines:
            line.set(Fault(GOOD))
        judge.must(doubts(stand), "the market was not doubted")
        return {"tries": sum(line.felt for line in lines)}

    return through(scratch, "", fails)


def silent(scratch: Path) -> Outcome:
    """The streams say nothing: REST is asked. Then that says nothing either: nothing is bought."""

    def fails(stand: Stand, judge: Judge) -> dict[str, int]:
        stand.streams.set(Fault(BLACKHOLE))
        began = time.monotonic()
        until(lambda: source_of(stand) == "binance rest", "another source is told")
        failover_ms = round((time.monotonic() - began) * 1e3)
        stand.trades()
        stand.questions.set(Fault(BLACKHOLE))
        until(lambda: source_of(stand) == "none" and doubts(stand), "the market is doubted")
        before = stand.state.orders.submitted
        lasting(LASTS_S)
        judge.must(stand.state.orders.submitted == before, "it sent orders on a silent market")
        for line in (stand.streams, stand.questions):
            line.set(Fault(GOOD))
        return {"failover_ms": failover_ms}

    return through(scratch, "", fails)


def banned(scratch: Path) -> Outcome:
    """Somebody at our address asks too much (429); then the address is banned (418)."""

    def fails(stand: Stand, judge: Judge) -> dict[str, int]:
        while stand.venue.asked("depth", from_us=True, symbol="ETHUSDT", limit=5_000)[0] == 200:
            pass
        ours = 1
        lasting(MINUTE_S - venue_ms(stand.venue.port) / 1e3 % MINUTE_S)
        stand.venue.turn()
        until(lambda: is_told(stand, "418"), "the engine is banned")
        lasting(BAN_S)
        met = stand.venue.turn()
        limited, refused = met.get("limited", 0) - ours, met.get("banned", 0)
        judge.must(limited <= OBEYED_MOST, f"{limited} requests in spite of a 429")
        judge.must(refused <= OBEYED_MOST, f"{refused} requests in spite of a ban")
        return {"limited": limited, "banned": refused}

    return through(scratch, f"ban=20s/{BAN_S}s", fails)


def off_the_clock(scratch: Path) -> Outcome:
    """The exchange's clock jumps half a minute ahead, and later back."""

    def fails(stand: Stand, judge: Judge) -> dict[str, int]:
        stand.venue.turn()
        ahead_s = venue_ms(stand.venue.port) / 1e3 - time.time()
        judge.must(ahead_s > SKEW_S - 1, "the clock did not jump")
        until(lambda: doubts(stand), "the market is doubted")
        before = bought(stand)
        lasting(LASTS_S)
        judge.must(bought(stand) == before, "it bought by a clock that is not ours")
        stand.venue.turn()
        return {"ahead_s": round(ahead_s)}

    # A clock that went back looks like a line that lags: a minute of messages says which.
    return through(scratch, f"skew={SKEW_S}s", fails, doubts_on=True)


def halted(scratch: Path) -> Outcome:
    """The symbol is halted for a while, orders and cancels are refused."""

    def fails(stand: Stand, _judge: Judge) -> dict[str, int]:
        stand.venue.turn()
        until(lambda: status_of(stand) == "HALT", "the symbol is halted")
        stand.venue.turn()
        until(lambda: status_of(stand) == "TRADING", "it is traded again")
        refused = stand.logged("OrderRejected")
        return {"refused": len(refused)}

    return through(scratch, f"halt=20s/{HALT_S}s", fails)


def status_of(stand: Stand) -> str:
    """What the exchange says of the symbol; it counts questions, so they are not many."""
    lasting(LOOK_S)
    (symbol,) = stand.venue.answer("exchangeInfo", symbol="ETHUSDT")["symbols"]
    return str(symbol["status"])


def bought(stand: Stand) -> int:
    """How many orders to buy the exchange was ever sent."""
    orders = stand.venue.answer("allOrders", symbol="ETHUSDT", limit=1_000)
    return sum(order["side"] == "BUY" for order in orders)


def doubts(stand: Stand) -> bool:
    """Whether the engine says that it does not believe its market."""
    said = stand.logged("MarketDoubted", "MarketBelieved")
    return bool(said) and said[-1]["event"] == "MarketDoubted"


def source_of(stand: Stand) -> str:
    """The source that the engine says feeds it."""
    said = stand.logged("MarketSource")
    return said[-1]["source"] if said else ""


def is_told(stand: Stand, word: str) -> bool:
    """Whether the engine's log repeats a word of the venue's."""
    return any(word in row["what"] for row in stand.logged("VenueSaid"))
