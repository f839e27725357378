"""Is each message understood, and what is none told apart?"""

import pytest

from engine.market.book import Snapshot, Top, Update
from engine.market.exchange_lines import NOTHING_SAID, Heard, Ticker, Trade, begins_recording, heard
from tests.engine.market.taped import AHEAD_MS, HEARD_NS, MS, depth, snapshot, ticker, trade

EVENT_NS = HEARD_NS + AHEAD_MS * MS
FUTURES_TRADE = (
    '1721347200000000000 {"stream":"btcusdt@trade","data":{"e":"trade","E":1721347201600,'
    '"T":1721347201599,"s":"BTCUSDT","t":7,"p":"64020.40","q":"0.002","X":"MARKET","m":false}}'
)
AGGREGATE = (
    '1633998288.39296: {"stream":"omgbusd@aggTrade","data":{"e":"aggTrade","E":1633998288468,'
    '"s":"OMGBUSD","a":425085,"p":"13.80480000","q":"2.10000000","f":439577,"l":439578,'
    '"T":1633998288467,"m":true,"M":true}}'
)
ASKED = (
    "https://api.binance.us/api/v3/depth?symbol=OMGBUSD&limit=1000 -> 1633998275.0924008: "
    '{"lastUpdateId":77819467,"bids":[["13.7","30"]],"asks":[]}'
)


def said(text: str) -> Heard:
    """What a line says."""
    found = heard(text.encode())
    assert found
    return found


def test_spot_messages():
    """Amounts in 1e-8, our time the line's, the exchange's its own."""
    assert said(trade(3, 9)) == Heard(
        "ETHUSDT",
        HEARD_NS + 3 * MS,
        EVENT_NS + 3 * MS,
        Trade(9, 268_380_000_000, 50_000_000, 1, False),
    )
    assert said(depth(0, 4, 6, bids=[["1.5", "0"]])) == Heard(
        "ETHUSDT", HEARD_NS, EVENT_NS, Update(3, 6, [(150_000_000, 0)], [])
    )
    assert said(ticker(0, 5, "1.00000000", "2.00000000")) == Heard(
        "ETHUSDT", HEARD_NS, HEARD_NS, Ticker(5, Top(10**8, 2 * 10**8, 10**8, 10**8))
    )
    assert said(snapshot(0, 5, [["1", "2"]], [])) == Heard(
        "", HEARD_NS, HEARD_NS, Snapshot(5, [(10**8, 2 * 10**8)], [])
    )


def test_futures_are_told_from_spot():
    """They are another market of the same name."""
    found = said(FUTURES_TRADE)

    assert (found.symbol, found.time_ns) == ("BTCUSDT-PERP", 1_721_347_201_599_000_000)
    assert found.said == Trade(7, 6_402_040_000_000, 200_000, 0, is_aggregate=False)
    moved = FUTURES_TRADE.replace(
        '"e":"trade"', '"e":"depthUpdate","pu":3,"U":6,"u":9,"b":[],"a":[]'
    )
    assert said(moved.replace("btcusdt@trade", "x")).said == Update(3, 9, [], [])


def test_times_in_seconds_and_addresses():
    """A colon, a fraction to the last digit, the symbol of what was asked."""
    assert said(AGGREGATE) == Heard(
        "OMGBUSD",
        1_633_998_288_392_960_000,
        1_633_998_288_467_000_000,
        Trade(425_085, 1_380_480_000, 210_000_000, 1, is_aggregate=True),
    )
    found = said(ASKED)
    assert (found.symbol, found.received_ns) == ("OMGBUSD", 1_633_998_275_092_400_800)
    assert said(ASKED.replace("/api/v3", "/fapi/v1")).symbol == "OMGBUSD-PERP"


@pytest.mark.parametrize(
    "text",
    [
        '1723161254000000000 {"stream":"x@kline_1m","data":{"e":"kline","s":"ETHUSDT"}}',
        '1723161254000000000 {"result":null,"id":1}',
        '1723161254000000000 {"stream":"x@depth5","data":{"lastUpdateId":1,"bids":[],"asks":[]}}',
        FUTURES_TRADE.replace('"MARKET"', '"INSURANCE_FUND"'),
        "wss://stream.binance.us:9443/stream?streams=crvusdt@depth <-> 1633998274.5036721",
    ],
)
def test_what_is_of_no_use_is_passed_over(text):
    """Other streams, answers, five levels that are no book, fills that were no trades."""
    assert heard(text.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        "1723161254000000000",
        trade(0, 9)[:-20],
        trade(0, 9)[10:],
        "1723161254000000000 {}x",
        trade(0, 9).replace("ETHUSDT", "eth/usdt"),
        trade(0, 9).replace('"s": "ETHUSDT", ', ""),
        trade(0, 9).replace('"t": 9', '"t": "9"'),
        trade(0, 9).replace('"t": 9', f'"t": {1 << 70}'),
        trade(0, 9).replace('"p": "2683.80"', '"p": 2683.80'),
        trade(0, 9).replace("2683.80", "dear"),
        trade(0, 9).replace("2683.80", "-1.00000000"),
        trade(0, 9).replace("2683.80", "1" * 30),
        trade(0, 9, T=12),
        depth(0, 4, 6, bids=[["1.5"]]),
        depth(0, 4, 6).replace('"u": 6', '"v": 6'),
        '1723161254000000000 {"stream":"x","data":[1]}',
        '1723161254000000000 {"a":' + "[" * 100_000,
        "123456789 {}" + "\0",
    ],
)
def test_what_is_no_message_says_so(text):
    """Cut lines, fields missing or of another kind, numbers that cannot be."""
    with pytest.raises(NOTHING_SAID):
        heard(text.encode())


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        (trade(0, 1), True),
        (snapshot(0, 1, [], []), True),
        (AGGREGATE, True),
        (ASKED, True),
        ("wss://stream.binance.us:9443/stream?streams=a <-> 1633998274.5", True),
        ("1660435200000,1983.55,1983.90,1982.14,1982.29,205.1,1660435259999,1,1,1,1,0", False),
        ("open_time,open,high,low,close,volume", False),
        ("{}", False),
    ],
)
def test_a_recording_is_known_by_its_first_line(text, begins):
    """No row of an archive looks like it."""
    assert begins_recording(text.encode()) is begins
