"""Do questions tell the market as streams do, within what the exchange allows?"""

import json

import pytest

from engine.market.answers import bars_of
from engine.market.exchange_lines import NOTHING_SAID
from engine.market.failover import BEGUN, PROVING, STARTING, Patience, Standing
from engine.market.polling import Polling
from engine.market.symbol_feed import Refusals, SymbolFeed
from engine.market.wishes import Answer, Ask, Wishes
from engine.messages import BookTop, TradeTick, decode, split
from tests.engine.market.played import ETH, MS, SECOND, START_NS

E8 = 10**8


def polling(weight_max: int = 3_000, symbols: int = 1) -> Polling:
    """A source that was begun."""
    refused = Refusals()
    feeds = {f"ETH{n}": SymbolFeed(n, ETH, refused) for n in range(symbols)}
    standing = Standing("rest", Patience())
    standing.signal(BEGUN, START_NS)
    source = Polling(feeds, standing, Wishes(weight_max), "http://host", refused)
    source.begin(START_NS)
    return source


def asked(source: Polling) -> dict[str, int]:
    """What it wishes to ask now: path without the host, and number."""
    wishes = [wish for wish in source.wishes.taken() if isinstance(wish, Ask)]
    return {wish.url.removeprefix("http://host"): wish.question for wish in wishes}


def depth(last: int) -> Answer:
    """A book at this update."""
    body = {"lastUpdateId": last, "bids": [["2683.80", "1"]], "asks": [["2683.81", "2"]]}
    return Answer(200, {}, json.dumps(body).encode())


def trades(*numbers: int) -> Answer:
    """The newest trades."""
    rows = [
        {"id": n, "price": "2683.80", "qty": "0.5", "time": START_NS // MS, "isBuyerMaker": True}
        for n in numbers
    ]
    return Answer(200, {}, json.dumps(rows).encode())


def test_it_speaks_before_it_feeds():
    """Until then only a small book is asked for, and nothing is told."""
    source = polling()
    ((path, number),) = asked(source).items()
    assert path == "/api/v3/depth?symbol=ETH0&limit=5"

    assert source.answered(number, depth(5), START_NS + MS) == b""
    assert source.standing.state == PROVING
    source.take_over(START_NS + 2 * MS, anew=False)

    numbers = asked(source)
    assert list(numbers) == [
        "/api/v3/trades?symbol=ETH0&limit=1000",
        "/api/v3/depth?symbol=ETH0&limit=5",
    ]
    best, recent = numbers["/api/v3/depth?symbol=ETH0&limit=5"], min(numbers.values())
    at_ns = START_NS + 9 * MS
    assert decode(source.answered(best, depth(6), at_ns)) == BookTop(
        0, at_ns, at_ns, 268_380, 268_381, E8, 2 * E8
    )
    assert source.answered(recent, trades(5, 6, 7), at_ns) == b""


def test_trades_are_told_once():
    """What was told when nobody listened is no news; after that each answer's new ones."""
    source = polling()
    source.take_over(START_NS, anew=False)
    told: list[int] = []
    for second, numbers in enumerate([(5, 6), (5, 6), (6, 7, 8), (8, 9)], 1):
        at_ns = START_NS + second * 3 * SECOND
        for path, number in asked(source).items():
            answer = trades(*numbers) if "trades" in path else depth(5)
            records = split(source.answered(number, answer, at_ns))
            told += [said.trade_id for said in map(decode, records) if isinstance(said, TradeTick)]
        source.tick(at_ns)

    assert told == [7, 8, 9]


@pytest.mark.parametrize("symbols", [1, 8, 64])
def test_it_keeps_to_its_share_of_the_weight(symbols):
    """However many symbols, half of what a minute allows; each has its turn."""
    source = polling(symbols=symbols)
    source.take_over(START_NS, anew=False)
    most = 0
    for second in range(1, 240):
        at_ns = START_NS + second * SECOND
        for path, number in asked(source).items():
            answer = trades(second) if "trades" in path else depth(second)
            source.answered(number, answer, at_ns)
        source.tick(at_ns)
        most = max(most, source.wishes.weight(at_ns))

    assert 3_000 * 0.29 < most <= 3_000 * 0.5 + 30
    assert all(feed.top_ns > START_NS + 80 * SECOND for feed in source.feeds.values())


def test_what_is_no_answer_is_a_fault_after_three():
    """No connection, an error's status, a body that is none: the reason stands there."""
    source = polling()
    ((_, number),) = asked(source).items()
    source.answered(number, depth(5), START_NS + MS)
    assert source.standing.state == PROVING
    answers = [Answer(0, {}, b"refused"), Answer(503, {}, b"busy"), Answer(200, {}, b"<html>")]

    for second, answer in enumerate(answers, 1):
        source.tick(START_NS + 3 * second * SECOND)
        ((_, number),) = asked(source).items()
        assert source.standing.state == PROVING
        assert source.answered(number, answer, START_NS + 3 * second * SECOND + MS) == b""

    assert source.standing.state == STARTING
    assert "Expecting value" in source.standing.why
    assert source.refused == {"unreadable": 1}


def test_a_question_without_answer_is_asked_again():
    """After five seconds; never twice at a time."""
    source = polling()
    assert len(asked(source)) == 1
    for second in range(1, 5):
        source.tick(START_NS + second * SECOND)
    assert asked(source) == {}

    source.tick(START_NS + 7 * SECOND)

    assert len(asked(source)) == 1
    assert source.failed == 1


def test_bars_of_an_answer():
    """Begin, end, prices and volume; microseconds where they were asked for."""
    row = [1499040000000, "0.01", "0.8", "0.01", "0.02", "148.9", 1499040059999, "2", 3]
    (bar,) = bars_of(json.dumps([row]).encode())

    assert (bar.opened_ns, bar.ends_ns) == (1_499_040_000 * SECOND, 1_499_040_060 * SECOND)
    assert bar.five == (10**6, 80_000_000, 10**6, 2 * 10**6, 14_890_000_000)
    row[0], row[6] = 1499040000000000, 1499040059999999
    assert bars_of(json.dumps([row]).encode()) == [bar]
    with pytest.raises(NOTHING_SAID):
        bars_of(b'{"code":-1121,"msg":"Invalid symbol."}')
