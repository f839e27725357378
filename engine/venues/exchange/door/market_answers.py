"""What is answered about the market? Each function answers one endpoint, signed or not."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.venues.exchange.door.asking import FEE_PPM, Ask
from engine.venues.exchange.door.symbol_rows import symbol_row
from engine.venues.exchange.door.weights import limit_rows
from engine.venues.exchange.market import tickers
from engine.venues.exchange.market.klines import LENGTHS, row_of
from engine.venues.exchange.market.tape import Tape, aggregate_row, trade_row
from engine.venues.exchange.market.tickers import Window
from engine.venues.exchange.matching.words import VenueRefusal
from engine.venues.exchange.spelling import amount, levels

DEPTH_USUAL, DEPTH_MAX = 100, 5_000
ROWS_USUAL, ROWS_MAX = 500, 1_000


def ping(_ask: Ask) -> Any:
    """Nothing, but an answer."""
    return {}


def server_time(ask: Ask) -> Any:
    """The venue's clock."""
    return {"serverTime": ask.now_us // ask.unit}


def exchange_info(ask: Ask) -> Any:
    """Symbols, filters and limits."""
    house, given = ask.house, ask.given
    asked = {"symbol", "symbols", "permissions"} & given.keys()
    if len(asked) > 1 or (asked and "symbolStatus" in given):
        raise VenueRefusal(-1128, "Combination of optional parameters invalid.")
    names = symbols_of(ask)
    status = given.get("symbolStatus")
    if "permissions" in given and "SPOT" not in given["permissions"]:
        names = []
    told = {name: house.exchange.markets[name].status for name in names}
    return {
        "timezone": "UTC",
        "serverTime": ask.now_us // ask.unit,
        "rateLimits": limit_rows(house.limits),
        "exchangeFilters": [],
        "symbols": [
            symbol_row(house.rules[name], now)
            for name, now in told.items()
            if status in (None, now)
        ],
    }


def symbols_of(ask: Ask) -> list[str]:
    """The symbols a request names, all of them where it names none; -1121 for an unknown one."""
    if "symbol" in ask.given:
        return [ask.house.rules_named(ask.given["symbol"]).name]
    names = ask.given.get("symbols")
    return [ask.house.rules_named(name).name for name in names] if names else list(ask.house.rules)


def depth(ask: Ask) -> Any:
    """The book."""
    name = symbols_of(ask)[0]
    wanted = ask.given.get("symbolStatus")
    if wanted and wanted != ask.house.exchange.markets[name].status:
        raise VenueRefusal(-1220, "The symbol's status does not match the requested symbolStatus.")
    book = ask.house.exchange.books[name]
    bids, asks = book.depth(min(ask.given.get("limit", DEPTH_USUAL), DEPTH_MAX))
    return {"lastUpdateId": book.last_update_id, "bids": levels(bids), "asks": levels(asks)}


def depth_weight(sent: Mapping[str, Any]) -> int:
    """The more levels, the heavier."""
    text = str(sent.get("limit") or DEPTH_USUAL)
    limit = int(text) if text.isdigit() else DEPTH_USUAL
    return next(
        (weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if limit <= most), 250
    )


def trades(ask: Ask) -> Any:
    """The newest trades."""
    kept = list(tape_of(ask).trades)
    return [trade_row(trade, ask.unit) for trade in kept[-row_limit(ask) :]]


def old_trades(ask: Ask) -> Any:
    """Trades from an id on, else the newest."""
    if "fromId" not in ask.given:
        return trades(ask)
    kept = [trade for trade in tape_of(ask).trades if trade.trade_id >= ask.given["fromId"]]
    return [trade_row(trade, ask.unit) for trade in kept[: row_limit(ask)]]


def aggregates(ask: Ask) -> Any:
    """Aggregates from an id or a time on, else the newest."""
    given = ask.given
    kept = [
        one
        for one in tape_of(ask).aggregates
        if one.number >= given.get("fromId", 0)
        and given.get("startTime", 0) <= one.at_us <= given.get("endTime", one.at_us)
    ]
    is_from = "fromId" in given or "startTime" in given
    rows = kept[: row_limit(ask)] if is_from else kept[-row_limit(ask) :]
    return [aggregate_row(one, ask.unit) for one in rows]


def klines(ask: Ask) -> Any:
    """Bars from a time on, else the newest."""
    given, interval = ask.given, ask.given["interval"]
    bars = tape_of(ask).bars
    bars.go_on(ask.now_us)
    most, until = row_limit(ask), min(given.get("endTime", ask.now_us), ask.now_us)
    # A month has no length of its own, and there are few of them.
    reach = most * LENGTHS[interval] or until
    since = given.get("startTime", max(until - reach, 0))
    kept = [bar for bar in bars.of(interval, since, until) if bar.opened_us >= since]
    rows = kept[:most] if "startTime" in given else kept[-most:]
    return [row_of(bar, interval, ask.unit) for bar in rows]


def average_price(ask: Ask) -> Any:
    """What the last five minutes cost on average."""
    tape = tape_of(ask)
    window = tickers.window_of(tape.bars, tickers.AVERAGE_MINUTES, ask.now_us)
    return {
        "mins": tickers.AVERAGE_MINUTES,
        "price": amount(window.average if window else 0),
        "closeTime": tape.last.at_us // ask.unit if tape.last else 0,
    }


def ticker_day(ask: Ask) -> Any:
    """The last 24 hours."""

    def one(name: str, window: Window, tape: Tape) -> dict[str, Any]:
        if ask.given.get("type") == "MINI":
            return tickers.mini(name, window, ask.unit)
        last = tape.last.quantity_e8 if tape.last else 0
        top = ask.house.exchange.books[name].best()
        return tickers.full(name, window, top, last, ask.unit)

    return over_window(ask, tickers.DAY_MINUTES, one)


def ticker_window(ask: Ask) -> Any:
    """A window of the caller's choice, a day unless told; symbols must be named."""
    if not {"symbol", "symbols"} & ask.given.keys():
        raise VenueRefusal(
            -1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!"
        )
    size = ask.given.get("windowSize", "1d")
    if size not in tickers.WINDOWS:
        raise VenueRefusal(-1130, "Data sent for parameter 'windowSize' is not valid.")
    make = tickers.mini if ask.given.get("type") == "MINI" else tickers.rolling
    return over_window(
        ask, tickers.WINDOWS[size], lambda name, window, _: make(name, window, ask.unit)
    )


def over_window(ask: Ask, minutes: int, one: Callable[[str, Window, Tape], dict[str, Any]]) -> Any:
    """A window of each symbol asked for; those that never traded are left out of a list."""
    rows = []
    for name in symbols_of(ask):
        tape = ask.house.tapes[name]
        window = tickers.window_of(tape.bars, minutes, ask.now_us)
        if window:
            rows.append(one(name, window, tape))
    return single_or_all(ask, rows)


def ticker_price(ask: Ask) -> Any:
    """Last prices."""
    tapes = ask.house.tapes
    rows = [
        {"symbol": name, "price": amount(last.price_e8)}
        for name in symbols_of(ask)
        if (last := tapes[name].last)
    ]
    return single_or_all(ask, rows)


def ticker_book(ask: Ask) -> Any:
    """Best prices."""
    rows = []
    for name in symbols_of(ask):
        (bid, bid_quantity), (best_ask, ask_quantity) = ask.house.exchange.books[name].best()
        rows.append(
            {
                "symbol": name,
                "bidPrice": amount(bid),
                "bidQty": amount(bid_quantity),
                "askPrice": amount(best_ask),
                "askQty": amount(ask_quantity),
            }
        )
    return single_or_all(ask, rows)


def single_or_all(ask: Ask, rows: list[dict[str, Any]]) -> Any:
    """One row where one symbol was asked for, else all."""
    if "symbol" not in ask.given:
        return rows
    if not rows:
        raise VenueRefusal(-2016, "No trading window could be found for the symbol.")
    return rows[0]


def trade_fees(ask: Ask) -> Any:
    """What trading costs here, a symbol; the fee every customer of this venue pays."""
    rate = amount(FEE_PPM * 100)
    return [
        {"symbol": name, "makerCommission": rate, "takerCommission": rate}
        for name in ask.house.rules
        if ask.given.get("symbol") in (None, name)
    ]


def no_symbols(ask: Ask) -> Any:
    """Of a kind of market that this venue does not have."""
    now = ask.now_us // ask.unit
    empty: list[Any] = []
    names = ("rateLimits", "exchangeFilters", "assets", "symbols")
    return {"timezone": "UTC", "serverTime": now, **dict.fromkeys(names, empty)}


def nothing(_ask: Ask) -> Any:
    """An empty list."""
    return []


def is_normal(_ask: Ask) -> Any:
    """No maintenance."""
    return {"status": 0, "msg": "normal"}


def tape_of(ask: Ask) -> Tape:
    """The tape of the one symbol that was asked for."""
    return ask.house.tapes[symbols_of(ask)[0]]


def row_limit(ask: Ask) -> int:
    """How many rows at most."""
    return int(min(ask.given.get("limit", ROWS_USUAL), ROWS_MAX))
