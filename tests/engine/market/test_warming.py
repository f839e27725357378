"""Is the past told before the present, and never waited for in vain?"""

import json

from engine.market.putting_together import Settings, live_market
from engine.market.warming import PATIENCE_NS, Past
from engine.market.wishes import Answer, Ask, Connect
from engine.messages import PAST, BarClosed, decode, split
from tests.engine.market.played import ETH, MS, SECOND, START_NS, opened_market

MINUTE = 60 * SECOND
FIRST_NS = START_NS - START_NS % MINUTE - 3 * MINUTE


def klines(count: int, price: str = "2683.80") -> Answer:
    """So many minutes, the last one not over."""
    rows = [
        [at // MS, *[price] * 4, "1.5", (at + MINUTE) // MS - 1, "0", 1, "0"]
        for at in range(FIRST_NS, FIRST_NS + count * MINUTE, MINUTE)
    ]
    return Answer(200, {}, json.dumps(rows).encode())


def test_bars_come_before_any_line_is_opened():
    """All but the one that is not over, heard now: nothing is decided as if it were then."""
    market = opened_market(past=Past(120))
    market.begin(START_NS)
    (ask,) = market.wishes()
    assert isinstance(ask, Ask)
    assert ask.url.endswith("/api/v3/klines?symbol=ETHUSDT&interval=1m&limit=121")

    records = market.answered(ask.question, klines(4), START_NS + MS)

    told = [decode(record) for record in split(records)]
    assert told == [
        BarClosed(0, at, START_NS + MS, 268_380, 268_380, 268_380, 268_380, 150_000_000, PAST)
        for at in range(FIRST_NS, FIRST_NS + 3 * MINUTE, MINUTE)
    ]
    assert [type(wish) for wish in market.wishes()] == [Connect]


def test_of_several_symbols_in_order_of_time():
    """Once all have answered."""
    market = live_market(
        [ETH, ETH._replace(name="BTCUSDT")],
        Settings(past=Past(since_ns=FIRST_NS + MINUTE)),
        lambda: 0.5,
    )
    market.begin(START_NS)
    first, second = (wish.question for wish in market.wishes() if isinstance(wish, Ask))

    assert market.answered(second, klines(4), START_NS + MS) == b""
    records = market.answered(first, klines(4), START_NS + MS)

    told = [decode(record) for record in split(records)]
    assert [(one.symbol, (one.time_ns - FIRST_NS) // MINUTE) for one in told] == [
        (0, 1), (1, 1), (0, 2), (1, 2),
    ]  # fmt: skip


def test_an_exchange_that_does_not_answer_is_not_waited_for():
    """Ten seconds, or its refusal; the reason stays."""
    market = opened_market(past=Past())
    market.begin(START_NS)
    market.wishes()
    assert market.tick(START_NS + PATIENCE_NS - 1) == b""
    assert market.wishes() == []
    warming = market.warming

    market.tick(START_NS + PATIENCE_NS)

    assert [type(wish) for wish in market.wishes()] == [Connect]
    assert warming
    assert warming.failed == {"ETHUSDT": "no answer"}
    market = opened_market(past=Past())
    market.begin(START_NS)
    (ask,) = market.wishes()
    assert isinstance(ask, Ask)
    warming = market.warming
    assert market.answered(ask.question, Answer(503, {}, b"busy"), START_NS + 1) == b""
    assert warming
    assert warming.failed == {"ETHUSDT": "503 busy"}
    assert [type(wish) for wish in market.wishes()] == [Connect]
