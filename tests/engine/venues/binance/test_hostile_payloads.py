"""Can any text from the venue's side break the adapter? It may lie, be cut off or be huge."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Refused
from engine.messages import encode
from engine.venues.asking import (
    ASK_FILLS,
    ASK_HOLDING,
    ASK_ORDER,
    CANCEL,
    SUBMIT,
    Silence,
)
from engine.venues.binance.answers import account_in, open_in
from engine.venues.binance.events import position_told
from engine.venues.binance.limits import Limits
from engine.venues.binance.reading import Unreadable, parsed
from engine.venues.binance.rules import market_of
from engine.venues.outside import Outside
from tests.engine.venues.binance.desk import (
    SECOND,
    START,
    Line,
    order_row,
    submit,
    symbol_row,
    trade_report,
)

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["1e400", "-1", "1e-9", "9" * 60, "NaN", "0x10", "٣", "1_000", "", "1.", "."]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)
ANY = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
FILL = {"price": "2500.00", "qty": "0.1", "commission": "0.25", "commissionAsset": "USDT"}
TRADE = FILL | {"id": 3, "symbol": "ETHUSDT", "orderId": 5_001, "isBuyer": True, "isMaker": False}
LIMIT = {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 9, "count": 1}
ANSWERS: dict[int, Any] = {
    SUBMIT: order_row(status="FILLED", executedQty="0.1", fills=[FILL | {"tradeId": 7}]),
    CANCEL: order_row(status="CANCELED", origClientOrderId="S0badcafe-7-1"),
    ASK_ORDER: order_row(status="PARTIALLY_FILLED", executedQty="0.05"),
    ASK_FILLS: [TRADE],
    ASK_HOLDING: [order_row()],
}
BALANCES = {"balances": [{"asset": "ETH", "free": "1", "locked": "0"}], "updateTime": 5}
ERROR = {"code": -2010, "msg": "no", "data": {"serverTime": 5, "retryAfter": 6}}
EVENTS: list[dict[str, Any]] = [
    trade_report(),
    {"e": "outboundAccountPosition", "u": 5, "B": [{"a": "ETH", "f": "3", "l": "1"}]},
    {"e": "balanceUpdate", "a": "ETH", "d": "2", "T": 5},
    {"e": "externalLockUpdate", "a": "ETH", "d": "2", "T": 5},
    {"e": "listStatus", "g": 5},
    {"e": "eventStreamTerminated"},
    {"e": "serverShutdown"},
]


def bent(draw: Any, value: Any) -> Any:
    """The value with one piece of it replaced or left out, somewhere."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 4)) == 0:
            return {name: one for name, one in value.items() if name != key}
        return value | {key: bent(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        return [bent(draw, value[0]), *value[1:]]
    return draw(ODD)


@st.composite
def bent_from(draw: Any, values: list[Any]) -> Any:
    """One of the values, bent up to three times."""
    value = draw(st.sampled_from(values))
    for _ in range(draw(st.integers(1, 3))):
        value = bent(draw, value)
    return value


def line_that_asked(verb: int) -> tuple[Line, dict[str, Any]]:
    """A line with one request under way."""
    line = Line()
    line.books.learn(1, 0, 5_001)
    line.submit(submit()) if verb == SUBMIT else line.ask(verb, 1)
    return line, line.only()


def take_all(line: Line, heard: list[Any]) -> None:
    """What was heard goes on into the conversation, and into records that fit."""
    venue = Outside(lambda: (0, [0]))
    venue.now_ns = START
    venue.send(encode(submit()))
    for number, answer in heard:
        venue.take(number, answer)
    line.wait(1.0)
    line.leaves()
    line.account.due_ns(line.now_ns)
    line.account.headroom(line.now_ns)
    line.account.closed(1, line.now_ns)


def named_elsewhere(rows: list[Any], key: str) -> bool:
    """Whether one of these is told under another of the venue's numbers than the order has."""
    return any(isinstance(row, dict) and row.get(key) != 5_001 for row in rows)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | ANY.map(json.dumps) | st.binary(max_size=80))
def test_any_text_is_heard_without_a_fault(text):
    """JSON or not, UTF-8 or not: nothing is made of it, a note is left, what is asked waits on."""
    line, sent = line_that_asked(ASK_ORDER)
    waiting = dict(line.account.courier.pending)

    heard = line.account.hear(1, text, line.now_ns)

    assert (heard, len(line.books.notes)) == ([], 1)
    assert line.account.courier.pending == waiting
    assert sent["id"] in waiting
    take_all(line, heard)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(ANSWERS)), st.data())
def test_a_bent_result_is_words_or_silence(verb, draws):
    """A request is answered once, or asks on; what comes of it fits the core's records.

    Under another of the venue's numbers it is another engine's order, and nothing is heard at all.
    """
    line, sent = line_that_asked(verb)
    result = draws.draw(bent_from([ANSWERS[verb]]))

    try:
        heard = line.reply(sent, result, rateLimits=draws.draw(bent_from([[LIMIT]])))
    except Refused:
        assert named_elsewhere([result] if isinstance(result, dict) else result, "orderId")
        return
    answers = [answer for number, answer in heard if number]

    assert len(answers) == 1 or (not answers and line.account.courier.waiting)
    if verb == ASK_HOLDING and line.account.courier.waiting:
        heard += line.reply(line.only(), draws.draw(bent_from([BALANCES])))
    take_all(line, heard)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(ANSWERS)), bent_from([ERROR]), ODD)
def test_a_bent_error_is_a_no_or_silence(verb, error, status):
    """Whatever its status: no order is believed refused unless the error says so."""
    line, sent = line_that_asked(verb)
    text = json.dumps({"id": sent["id"], "status": status, "error": error})

    heard = line.account.hear(1, text, line.now_ns)

    known = isinstance(error, dict) and isinstance(error.get("code"), int)
    assert known or [answer for _, answer in heard] == [Silence()]
    take_all(line, heard)


@settings(max_examples=300, deadline=None)
@given(bent_from(EVENTS))
def test_a_bent_event_is_heard_without_a_fault(event):
    """Its words fit the core's records, and the next true one is understood.

    Under another of the venue's numbers one of the two is another engine's.
    """
    line = Line()
    line.submit(submit())
    line.leaves()

    heard = line.account.hear(1, json.dumps({"event": event}), line.now_ns)
    try:
        after = line.event(**trade_report(I=99, t=77))
    except Refused:
        assert named_elsewhere([event], "i")
        return

    assert len(after) in (1, 2) or not after
    take_all(line, heard + after)


@settings(max_examples=200, deadline=None)
@given(bent_from([{"symbols": [symbol_row()], "rateLimits": [LIMIT], "exchangeFilters": []}]))
def test_bent_rules_are_read_or_unreadable(told):
    """And never by another error; the same told to a running account changes nothing it needs."""
    line = Line()
    try:
        market = market_of(told)
        Limits().learn(market.rate_limits, START)
    except Unreadable:
        pass
    line.wait(300.0)
    (asked,) = [one for one in line.leaves() if one["method"] == "exchangeInfo"]
    line.reply(asked, told)

    assert line.books.rules[0].instrument.lot_e8 == 10_000
    line.submit(submit())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.integers(0, 999), st.dictionaries(st.text(), st.text()))
def test_a_cut_answer_over_rest_is_silence_or_a_no(cut, status, headers):
    """Any status, any headers, a body that stops in the middle."""
    line = Line()
    line.submit(submit())
    ((id_, _),) = line.account.leaving_by_rest(line.now_ns)
    body = json.dumps(order_row())[:cut]
    told = {"X-MBX-USED-WEIGHT-1M": "7", "Retry-After": "9", **headers}

    heard = line.account.hear_by_rest(id_, status, told, body, line.now_ns)

    assert len(heard) == 1
    take_all(line, heard)


def test_deep_and_long_texts_are_unreadable():
    """A thousand brackets, a number of five thousand digits, half a character."""
    for text in ("[" * 100_000, '{"a": ' + "9" * 5_000 + "}", b'{"a": "\xc3"}', "", b"\xff\xfe"):
        with pytest.raises(Unreadable):
            parsed(text)


def test_a_request_that_nobody_answers_is_forgotten():
    """After a minute; a late answer to it is an answer to nothing."""
    line, sent = line_that_asked(ASK_ORDER)
    line.now_ns += 61 * SECOND
    line.account.tick(line.now_ns)

    assert line.reply(sent, order_row()) == []
    assert [one for one in line.account.courier.pending.values() if one.number] == []


def test_what_is_none_of_ours_is_not_read():
    """More of a coin than is a number here, another's order of a status that nobody knows."""
    books = Line().books
    huge = {"asset": "BTTC", "free": "48000000000000.0", "locked": "-1"}
    ours = {"asset": "ETH", "free": "1.5", "locked": "0.25"}
    others = order_row(0, clientOrderId="by hand", status="NEW_KIND", executedQty="?")

    account_in({"balances": [huge, ours]}, books)
    told = {"e": "outboundAccountPosition", "u": 1_700_000_000_000}
    rows = [{"a": "BTTC", "f": "1e30", "l": "0"}, {"a": "ETH", "f": "2.0", "l": "0"}]
    position_told({**told, "B": rows}, books)
    found = open_in([others], books, 0)

    assert {name: one.all for name, one in books.balances.items()} == {
        "ETH": 200_000_000,
        "USDT": 0,
        "BNB": 0,
    }
    assert (found, books.others) == ((), [1])
