"""Are bars and tickers those of the trades? Every interval, empty ones, and the day behind."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from engine.venues.exchange.market import tickers
from engine.venues.exchange.market.klines import (
    DAY,
    LENGTHS,
    MINUTE,
    MINUTES_KEPT,
    SECOND,
    Bars,
    closing_of,
    opening_of,
    row_of,
)
from engine.venues.exchange.market.tape import Tape
from engine.venues.exchange.matching.words import Traded
from engine.venues.exchange.spelling import amount, percentage
from tests.venue_house import E8, ORDER, Client, serving

START = int(datetime(2026, 1, 14, 12, tzinfo=UTC).timestamp()) * SECOND  # a Wednesday


def trade(number, after_us, price, quantity=1, **who):
    """One trade; those of one `taker` have its number."""
    ids = (100 + who.get("taker", number), 7)
    return Traded(
        "ETHUSDT",
        number,
        price * E8,
        quantity * E8,
        *ids,
        who.get("is_buyer_maker", False),
        START + after_us,
    )


def bars_of(*trades):
    """Their bars."""
    bars = Bars()
    for one in trades:
        bars.take(one, one.price_e8 * one.quantity_e8 // E8)
    return bars


def test_a_bar_is_that_of_its_trades():
    """Ends, volumes, counts and ids; what takers bought is told apart."""
    bars = bars_of(
        trade(1, 0, 100),
        trade(2, 5 * SECOND, 120, 2, is_buyer_maker=True),
        trade(3, SECOND * 59, 90),
    )

    row = row_of(bars.of("1m")[0], "1m", 1000)
    assert row[0] == START // 1000
    assert row[1:6] == [amount(n * E8) for n in (100, 120, 90, 90, 4)]
    assert row[6] == START // 1000 + 59_999
    assert row[7:11] == [amount(430 * E8), 3, amount(2 * E8), amount(190 * E8)]


def test_minutes_without_a_trade_stand_at_the_close_before():
    """No volume, no ids."""
    bars = bars_of(trade(1, 0, 100), trade(2, 3 * MINUTE, 110))

    found = bars.of("1m")
    assert [(bar.open, bar.close, bar.count) for bar in found[1:3]] == [(100 * E8, 100 * E8, 0)] * 2
    assert (found[3].open, found[3].count, found[1].first_id) == (110 * E8, 1, -1)


def test_bars_go_on_while_nobody_trades():
    """Also after a silence longer than what is kept."""
    bars = bars_of(trade(1, 0, 100))
    bars.go_on(START + 3 * MINUTE)
    few = len(bars.minutes)
    bars.go_on(START + 2 * MINUTES_KEPT * MINUTE)

    assert few == 4
    assert len(bars.minutes) == MINUTES_KEPT
    assert bars.minutes[-1].opened_us == START + 2 * MINUTES_KEPT * MINUTE


@pytest.mark.parametrize("interval", [name for name in LENGTHS if name != "1s"])
def test_longer_bars_are_minutes_put_together(interval):
    """Whatever the interval, all trades are in its bars, once."""
    bars = bars_of(*(trade(n, n * 7 * MINUTE, 100 + n % 13, 1 + n % 3) for n in range(400)))

    found = bars.of(interval)
    assert sum(bar.count for bar in found) == 400
    assert sum(bar.volume for bar in found) == sum((1 + n % 3) * E8 for n in range(400))
    assert [bar.opened_us for bar in found] == sorted(
        {opening_of(interval, bar.opened_us) for bar in bars.minutes}
    )
    assert all(closing_of(interval, one.opened_us) < two.opened_us for one, two in pairwise(found))


@pytest.mark.parametrize(
    ("interval", "opened", "closed"),
    [
        ("1s", "2026-01-14T12:00:00", "2026-01-14T12:00:01"),
        ("8h", "2026-01-14T08:00:00", "2026-01-14T16:00:00"),
        ("1w", "2026-01-12T00:00:00", "2026-01-19T00:00:00"),
        ("1M", "2026-01-01T00:00:00", "2026-02-01T00:00:00"),
    ],
)
def test_bars_open_on_the_calendar_s_marks(interval, opened, closed):
    """Weeks on Mondays, months on their first."""
    opening = opening_of(interval, START)

    times = [opening, closing_of(interval, opening) + 1]
    assert times == [
        int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * SECOND
        for text in (opened, closed)
    ]


def test_a_window_tells_the_day_behind():
    """Change, average and the price before; what is older is left out."""
    bars = bars_of(
        trade(1, 0, 50),
        trade(2, DAY, 100),
        trade(3, DAY + MINUTE, 150, 3),
        trade(4, DAY + 2 * MINUTE, 110),
    )

    window = tickers.window_of(bars, tickers.DAY_MINUTES, START + DAY + 3 * MINUTE)
    assert window is not None
    told = tickers.rolling("ETHUSDT", window, 1000)
    assert told["openPrice"] == amount(100 * E8)  # the first trade in the window
    assert (told["highPrice"], told["lowPrice"]) == (amount(150 * E8), amount(100 * E8))
    assert told["priceChangePercent"] == "10.000"
    assert told["weightedAvgPrice"] == amount(132 * E8)
    assert (told["count"], told["firstId"], told["lastId"]) == (3, 2, 4)


def test_nothing_is_told_before_the_first_trade():
    """There is no price yet."""
    assert tickers.window_of(Bars(), 5, START) is None


def test_aggregates_are_the_trades_of_one_taker_at_one_price():
    """Their ids have no gap either."""
    tape = Tape()
    made = tape.take(
        [trade(1, 0, 100, taker=5), trade(2, 0, 100, taker=5), trade(3, 0, 101, taker=5)]
    )
    made += tape.take([trade(4, 1, 101, taker=6)])

    rows = [(one.number, one.first_id, one.last_id, one.quantity_e8 // E8) for one in made]
    assert rows == [(1, 1, 2, 2), (2, 3, 3, 1), (3, 4, 4, 1)]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.00000000"), (1, "0.00000001"), (E8, "1.00000000"), (-E8 // 2, "-0.50000000")],
)
def test_amounts_have_eight_decimals(value, text):
    """Never an exponent: zero is what clients compare with."""
    assert amount(value) == text


def test_a_percentage_has_three_decimals():
    """Also of nothing, and of less."""
    assert [percentage(part, 300) for part in (1, -1, 0)] == ["0.333", "-0.333", "0.000"]
    assert percentage(1, 0) == "0.000"


@pytest.mark.parametrize(
    ("path", "sent", "many"),
    [
        ("klines", {"interval": "1m"}, 1),
        ("klines", {"interval": "1s", "limit": 1}, 1),
        ("klines", {"interval": "1M"}, 1),
        ("klines", {"interval": "1m", "startTime": 0, "endTime": 1}, 0),
        ("trades", {}, 3),
        ("trades", {"limit": 2}, 2),
        ("historicalTrades", {"fromId": 2}, 2),
        ("aggTrades", {}, 3),
        ("aggTrades", {"fromId": 3}, 1),
        ("aggTrades", {"startTime": 1 << 40}, 3),
        ("aggTrades", {"endTime": 1}, 0),
    ],
)
def test_the_past_is_asked_for_by_id_time_and_number(path, sent, many, traded):
    """As many rows as there are, at most as many as were asked for."""
    rows = traded.get(path, symbol="ETHUSDT", **sent)

    assert len(rows) == many or (path == "klines" and many and len(rows) in (1, 2))


@pytest.fixture(scope="module")
def traded():
    """The customer of a venue where three trades happened."""
    with serving() as venue:
        client = Client(venue)
        for _ in range(3):
            client.signed("POST", "order", **ORDER | {"quantity": "0.1", "price": "2001"})
        yield client


@pytest.mark.parametrize("path", ["ticker/24hr", "ticker/price", "ticker/bookTicker", "ticker"])
def test_tickers_are_told_of_one_of_some_or_of_all(path, traded):
    """One object for a symbol, a list for others; the rolling one needs names."""
    one = traded.get(path, symbol="ETHUSDT")
    some = traded.get(path, symbols='["ETHUSDT"]')

    assert one["symbol"] == "ETHUSDT"
    assert [row["symbol"] for row in some] == ["ETHUSDT"]
    if path != "ticker":
        assert len(traded.get(path)) == 1


def test_documented_fields_of_market_answers(traded, shared):
    """Depth, trades, aggregates, averages and tickers show what the documents show."""
    rows = json.loads((shared / "exchange_fixtures/binance_docs/rest-api.json").read_text())
    shown: dict[str, Any] = {}
    for row in rows:
        value = row["value"][0] if isinstance(row["value"], list) else row["value"]
        shown.setdefault(row["section"].rpartition(" > ")[2], value)
    given = {"symbol": "ETHUSDT"}
    for path, section in [
        ("depth", "Order book"),
        ("trades", "Recent trades list"),
        ("aggTrades", "Compressed/Aggregate trades list"),
        ("avgPrice", "Current average price"),
        ("ticker/24hr", "24hr ticker price change statistics"),
        ("ticker/price", "Symbol price ticker"),
        ("ticker/bookTicker", "Symbol order book ticker"),
        ("ticker", "Rolling window price change statistics"),
    ]:
        told = traded.get(path, **given)
        one = told[0] if isinstance(told, list) else told
        assert one.keys() == shown[section].keys(), section
    told = traded.get("exchangeInfo")
    assert told.keys() == shown["Exchange information"].keys() - {"sors"}
    assert told["symbols"][0].keys() == shown["Exchange information"]["symbols"][0].keys()


def test_what_clients_ask_of_other_markets_is_empty(traded):
    """Futures, margin and coins: this venue has none, and says so in their form."""
    for path in ("/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo"):
        assert traded.rest("GET", path).body["symbols"] == []
    for name in ("margin/allPairs", "margin/isolated/allPairs", "capital/config/getall"):
        assert traded.rest("GET", f"/sapi/v1/{name}", "timestamp=1").body == []
    fees = traded.rest("GET", "/sapi/v1/asset/tradeFee").body
    assert fees == [
        {"symbol": "ETHUSDT", "makerCommission": "0.00100000", "takerCommission": "0.00100000"}
    ]
    assert traded.rest("GET", "/sapi/v1/system/status").body == {"status": 0, "msg": "normal"}
