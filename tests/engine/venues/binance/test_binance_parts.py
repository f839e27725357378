"""Does the clock find the offset, do limits let go, and do lines recover?"""

import json

import pytest

from engine.errors import Refused
from engine.venues.asking import (
    ASK_HOLDING,
    ASK_ORDER,
    Holding,
    Refusal,
    Silence,
)
from engine.venues.binance.books import Books
from engine.venues.binance.clock import VenueClock
from engine.venues.binance.limits import Headroom, Limits, cost_of
from engine.venues.binance.naming import Names
from tests.engine.venues.binance.desk import (
    MS,
    SECOND,
    START,
    Line,
    eth_rules,
    submit,
    words,
)

MINUTE = START - START % (60 * SECOND)


def test_symbols_of_two_quotes_are_refused():
    """Cash is one currency."""
    other = eth_rules(symbol="ETHBTC", quoteAsset="BTC")

    with pytest.raises(Refused):
        Books([eth_rules(), other], Names("0badcafe", 7, 1))


def test_the_quickest_answer_tells_the_offset():
    """Half the round trip is the most it is wrong by; an older one counts until it is too old."""
    clock, ahead_ns = VenueClock(), 300 * MS
    for number, trip_ms in enumerate((80, 12, 240)):
        sent = START + number * SECOND
        skewed = trip_ms * MS * 3 // 4  # three quarters of the way there
        clock.heard(sent, sent + trip_ms * MS, sent + skewed + ahead_ns)
    quick_ns = abs(clock.offset_ns - ahead_ns)
    clock.heard(
        START + 700 * SECOND, START + 700 * SECOND + 40 * MS, START + 700 * SECOND + ahead_ns
    )

    assert quick_ns <= 6 * MS
    assert clock.error_ns == 20 * MS


def test_a_clock_that_jumps_is_followed_at_once():
    """Two offsets that exclude each other: the newer is true."""
    clock = VenueClock()
    clock.heard(START, START + MS, START)
    clock.heard(START + SECOND, START + SECOND + 100 * MS, START + 9 * SECOND)

    assert abs(clock.offset_ns - 8 * SECOND) <= 51 * MS


def test_counts_begin_anew_with_the_venues_interval():
    """And what is on its way counts before the venue has counted it."""
    limits = Limits()
    orders = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 3}
    limits.learn([{**orders, "count": 2}], MINUTE + SECOND)
    limits.leaves(cost_of(1, 1))

    full = limits.leave_at_ns(cost_of(1, 1), MINUTE + SECOND, urgent=True)
    other = limits.leave_at_ns(cost_of(1), MINUTE + SECOND, urgent=True)
    limits.lands(cost_of(1, 1), MINUTE + 2 * SECOND, counted=False)
    later = limits.leave_at_ns(cost_of(1, 1), MINUTE + 10 * SECOND, urgent=True)

    assert full == MINUTE + 10 * SECOND
    assert other <= MINUTE + SECOND
    assert later <= MINUTE + 10 * SECOND


def test_headers_tell_what_is_used():
    """In any case of letters; what is no number is left alone."""
    limits = Limits()
    limits.learn(
        [{"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 9}], MINUTE
    )
    told = {"X-Mbx-Used-Weight-1M": "321", "x-mbx-order-count-1d": "4", "X-MBX-USED-WEIGHT": "7"}

    limits.learn_headers({**told, "x-mbx-order-count-1s": "nine"}, MINUTE)

    assert limits.headroom(MINUTE) == [
        Headroom("ORDERS", 86_400, 4, 9),
        Headroom("REQUEST_WEIGHT", 60, 321, 6_000),
    ]


def test_a_firewall_is_a_limit():
    """403 without a word: the order had no effect, and we pause."""
    line = Line()
    line.submit(submit())
    ((id_, _),) = line.account.leaving_by_rest(line.now_ns)

    heard = line.account.hear_by_rest(id_, 403, {}, "<html>no</html>", line.now_ns)
    line.cancel(2)

    assert [type(one) for one in words(heard)] == [Refusal]
    assert line.leaves() == []


def test_a_connection_that_does_not_answer_is_closed():
    """Nothing is sent there any more; the next one is wanted."""
    line = Line(connected=False)
    line.account.opened(1, line.now_ns)
    line.leaves()
    line.wait(6.0)

    assert line.account.lines_to_close(line.now_ns) == [1]
    assert line.account.wants_line(line.now_ns)
    line.submit(submit())
    assert line.leaves() == []


@pytest.mark.parametrize("code", [-2015, -1022])
def test_a_refused_subscription_is_tried_ever_more_slowly_and_named(code):
    """A wrong key: why is readable, and nobody is pestered."""
    line = Line(connected=False)
    line.account.opened(1, line.now_ns)
    tries = []
    for _ in range(600):
        for sent in line.leaves():
            if sent["method"].startswith("userDataStream"):
                tries.append(line.now_ns)
                line.refuse(sent, code, "Invalid API-key, IP, or permissions for action.")
            else:
                line.reply(sent, line.own_result(sent["method"]))
        line.wait(0.5)

    assert str(code) in line.account.trouble
    assert 6 <= len(tries) <= 16


def test_a_subscription_that_stands_already_is_one():
    """-2035 after a repeated call."""
    line = Line(connected=False)
    line.account.opened(1, line.now_ns)
    (sent,) = [one for one in line.leaves() if one["method"].startswith("userDataStream")]

    line.refuse(sent, -2035, "User Data Stream subscription already active.")
    line.submit(submit())

    assert "order.place" in [one["method"] for one in line.leaves()]


def test_a_question_that_fails_is_silence():
    """A refusal of a question says nothing of the order."""
    line = Line()
    line.ask(ASK_ORDER, 1)

    assert words(line.refuse(line.only(), -1121, "Invalid symbol.")) == [Silence()]


def test_what_the_account_owns_is_told_after_a_silent_time():
    """As if it had been asked for: the conversation compares it with ours."""
    line = Line(connected=False)

    heard = line.connect(1)

    assert [number for number, _ in heard] == [0]
    assert isinstance(heard[0][1], Holding)


def test_average_prices_are_asked_for_where_a_filter_needs_them():
    """Then an order without a price is valued at it."""
    line = Line()

    assert line.books.marks[0].average == 2_500 * 100_000_000
    assert "avgPrice" in [one["method"] for one in line.sent]


def test_over_rest_everything_that_can_be_asked_is_asked():
    """Place, cancel, status, trades, open orders and balances, each signed; the stream cannot."""
    line = Line(connected=False)
    line.submit(submit())
    line.cancel(2)
    line.ask(ASK_HOLDING)
    line.ask(ASK_ORDER, 3)
    forms = [rest for _, rest in line.account.leaving_by_rest(line.now_ns)]
    ways = [(one.verb, one.target.partition("?")[0]) for one in forms]

    assert ways == [
        ("POST", "/api/v3/order"),
        ("DELETE", "/api/v3/order"),
        ("GET", "/api/v3/openOrders"),
        ("GET", "/api/v3/order"),
    ]
    assert all("&signature=" in one.target + one.body for one in forms)
    assert all(("X-MBX-APIKEY", "the-id") in one.headers for one in forms)


def test_a_time_refused_over_rest_is_asked_for_there():
    """And the order leaves once more."""
    line = Line(connected=False)
    line.submit(submit())
    ((id_, _),) = line.account.leaving_by_rest(line.now_ns)
    told = json.dumps({"code": -1021, "msg": "Timestamp"})
    line.account.hear_by_rest(id_, 400, {}, told, line.now_ns)
    ((time_id, asked),) = line.account.leaving_by_rest(line.now_ns)
    told = json.dumps({"serverTime": line.now_ns // MS + 7_000})
    line.account.hear_by_rest(time_id, 200, {}, told, line.now_ns)
    ((_, again),) = line.account.leaving_by_rest(line.now_ns)

    assert asked.target == "/api/v3/time"
    assert f"timestamp={line.now_ns // MS + 7_000}" in again.body
