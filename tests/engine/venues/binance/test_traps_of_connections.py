"""Do clocks, limits and connections step into a trap of the exchange's documents?

Time, bans, counts, subscriptions, the end of a connection's day. One test for each.
"""

import json

import pytest

from engine.messages import BUY
from engine.venues.asking import (
    ASK_ORDER,
    FILLED,
    OPEN,
    Refusal,
    Seen,
    Silence,
    Trade,
)
from engine.venues.binance import reasons
from engine.venues.binance.pacing import Backoff, Pace
from tests.engine.venues.binance.desk import (
    MS,
    SECOND,
    START,
    Line,
    order_row,
    report,
    submit,
    trade_report,
    words,
)

E8 = 100_000_000


@pytest.mark.parametrize("ahead_ms", [-8_000, 8_000])
def test_trap_5_a_refused_time_is_measured_and_the_order_leaves_once_more(ahead_ms):
    """-1021 is a definite no in both directions: resync, then once again with the venue's time."""
    line = Line()
    line.submit(submit())
    first = line.only("order.place")

    assert line.refuse(first, -1021, "Timestamp for this request is outside.") == []
    (asked,) = line.leaves()
    assert asked["method"] == "time"
    line.reply(asked, {"serverTime": line.now_ns // MS + ahead_ms})
    second = line.only("order.place")
    again = line.refuse(second, -1021, "Timestamp for this request is outside.")

    assert second["params"]["timestamp"] - first["params"]["timestamp"] == ahead_ms
    assert second["params"]["newClientOrderId"] == first["params"]["newClientOrderId"]
    assert words(again) == [Refusal(-1021)]
    assert [one for one in line.leaves() if one["method"] == "order.place"] == []


def test_trap_5_a_venue_clock_that_runs_ahead_moves_our_stamps_and_not_our_time():
    """Its events may come from the future; they are taken as they are."""
    line = Line(connected=False)
    line.connect(1)
    line.wait(61.0)
    (asked,) = [one for one in line.leaves() if one["method"] == "time"]
    line.reply(asked, {"serverTime": line.now_ns // MS + 1_300})
    line.submit(submit())

    sent = line.only("order.place")
    line.reply(sent, order_row())
    heard = line.event(**report(E=line.now_ns // MS + 1_300))

    assert sent["params"]["timestamp"] == line.now_ns // MS + 1_300
    assert words(heard) == [Seen(1, OPEN)]


def test_trap_7_nothing_leaves_while_the_venue_asks_to_wait():
    """Neither over the WebSocket API nor over REST, orders as little as questions."""
    line = Line()
    line.ask(ASK_ORDER, 1)
    until_ms = line.now_ns // MS + 30_000
    line.refuse(line.only(), -1003, "Too much", status=429, data={"retryAfter": until_ms})

    line.submit(submit())
    line.wait(0.5)
    early = line.leaves()
    refused = line.wait(0.6)
    line.wait(29.5)
    line.submit(submit(2))
    late = [one["method"] for one in line.leaves()]

    assert early == []
    assert words(refused) == [Refusal(reasons.HELD_BACK)]
    assert "order.place" in late


def test_trap_7_a_ban_of_rest_holds_everywhere():
    """418 with Retry-After in seconds; the limit is the address's."""
    line = Line()
    line.ask(ASK_ORDER, 1)
    ((id_, _),) = line.account.leaving_by_rest(line.now_ns)
    told = json.dumps({"code": -1003, "msg": "Way too much request weight used; IP banned."})

    heard = line.account.hear_by_rest(id_, 418, {"Retry-After": "120"}, told, line.now_ns)
    line.ask(ASK_ORDER, 1)
    line.now_ns += 119 * SECOND
    early = line.leaves()
    line.now_ns += 2 * SECOND

    assert words(heard) == [Silence()]
    assert early == []
    assert [one["method"] for one in line.leaves() if one["method"] == "order.status"]


def test_trap_7_questions_leave_a_fifth_of_the_weight_to_orders():
    """4,799 of 6,000 used: no question fits any more, an order does; the next minute is new."""
    line = Line()
    told = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}]
    told[0] |= {"limit": 6_000, "count": 4_799}
    line.ask(ASK_ORDER, 1)
    line.reply(line.only(), order_row(), rateLimits=told)

    line.ask(ASK_ORDER, 1)
    line.submit(submit(2))
    now = [one["method"] for one in line.leaves()]
    line.now_ns += 60 * SECOND
    later = [one["method"] for one in line.leaves()]

    assert now == ["order.place"]
    assert later == ["order.status"]
    assert line.account.headroom(line.now_ns)[0].limit == 6_000


def test_trap_8_an_order_waits_for_the_order_count_and_a_cancel_does_not():
    """-1015: orders wait, and what waits too long is given back unsent."""
    line = Line()
    line.submit(submit())
    until_ms = line.now_ns // MS + 10_000
    told = "Too many new orders; current limit is 50 orders per 10 SECOND."
    first = line.refuse(line.only(), -1015, told, status=429, data={"retryAfter": until_ms})

    line.submit(submit(2))
    line.cancel(3)
    left = [one["method"] for one in line.leaves()]

    assert words(first) == [Refusal(-1015)]
    assert left == ["order.cancel"]
    assert words(line.wait(1.0)) == [Refusal(reasons.HELD_BACK)]


def test_trap_12_the_account_stream_is_a_signed_subscription():
    """No listen key; the methods that are gone are never called."""
    line = Line()

    (sent,) = [one for one in line.sent if one["method"].startswith("userDataStream")]

    assert sent["method"] == "userDataStream.subscribe.signature"
    assert {*sent["params"]} == {"apiKey", "recvWindow", "timestamp", "signature"}


def test_trap_12_an_order_waits_until_its_events_are_heard():
    """On a connection without the account's stream nothing new is opened."""
    line = Line(connected=False)
    line.account.opened(1, line.now_ns)
    line.submit(submit())

    assert "order.place" not in [one["method"] for one in line.leaves()]


def test_trap_13_a_stream_that_ends_is_subscribed_again_and_what_was_missed_is_looked_for():
    """eventStreamTerminated, then everything that is held and open."""
    line = Line()
    line.leaves()

    line.event(e="eventStreamTerminated", E=START // MS)
    (sent,) = line.leaves()
    line.reply(sent, {"subscriptionId": 1})

    assert sent["method"] == "userDataStream.subscribe.signature"
    assert line.only()["method"] == "openOrders.status"


def test_trap_13_changes_and_whole_balances_are_told_apart():
    """A change counts once: not when the whole balance was told after it."""
    line = Line()
    line.event(e="outboundAccountPosition", u=5_000, B=[{"a": "ETH", "f": "3", "l": "1"}])
    line.event(e="balanceUpdate", a="ETH", d="2", T=4_999)
    before = line.books.balances["ETH"].all
    line.event(e="balanceUpdate", a="ETH", d="2", T=5_001)
    line.event(e="externalLockUpdate", a="ETH", d="1", T=5_002)
    moved = line.books.balances["ETH"]
    line.event(e="outboundAccountPosition", u=5_002, B=[{"a": "ETH", "f": "4", "l": "2"}])

    assert before == 4 * E8
    assert (moved.free, moved.locked) == (4 * E8, 2 * E8)
    assert line.books.balances["ETH"].all == 6 * E8


def test_trap_16_before_the_day_is_over_a_second_connection_takes_over():
    """Both are subscribed for a while; the old one is closed when nothing is waited for there."""
    line = Line()
    line.now_ns += 23 * 3_600 * SECOND
    line.ask(ASK_ORDER, 1)
    waits = line.only()

    wanted = line.account.wants_line(line.now_ns)
    line.connect(2)
    busy = line.account.lines_to_close(line.now_ns)
    line.submit(submit(2))
    by = line.only("order.place")["line"]
    late = line.reply(waits, order_row())

    assert wanted
    assert busy == []
    assert by == 2
    assert words(late) == [Seen(1, OPEN)]
    assert line.account.lines_to_close(line.now_ns) == [1]
    assert not line.account.wants_line(line.now_ns)


def test_trap_16_what_both_connections_tell_counts_once():
    """By the execution's number."""
    line = Line()
    line.now_ns += 23 * 3_600 * SECOND
    line.connect(2)

    first = line.event(1, **trade_report())
    second = line.event(2, **trade_report())

    assert words(first) == [
        Trade(1, 0, BUY, 250_000, 1_000, 25_000_000, 700),
        Seen(1, FILLED, 1_000),
    ]
    assert second == []


def test_trap_16_a_server_that_shuts_down_is_left_for_another():
    """The old one is used until the new one hears."""
    line = Line()

    assert not line.account.wants_line(line.now_ns)
    line.account.hear(1, '{"event": {"e": "serverShutdown", "E": 1770123456789}}', line.now_ns)
    assert line.account.wants_line(line.now_ns)
    line.submit(submit())
    assert line.only("order.place")["line"] == 1


def test_trap_16_a_lost_connection_leaves_silence():
    """What was asked there may have been done; what had not left yet leaves by the next."""
    line = Line()
    line.submit(submit())
    line.only("order.place")

    heard = line.account.closed(1, line.now_ns)

    assert words(heard) == [Silence()]
    assert not line.account.wants_line(line.now_ns)
    assert line.account.wants_line(line.now_ns + SECOND)


def test_trap_17_subscriptions_are_paced_and_connections_come_back_ever_more_slowly():
    """Five a second; pauses double up to a minute, and no two crowds share them."""
    pace, went = Pace(5, SECOND), []
    now_ns = 0
    for _ in range(11):
        now_ns = max(now_ns, pace.next_ns(now_ns))
        pace.go(now_ns)
        went.append(now_ns // SECOND)
    some, others = Backoff(1), Backoff(2)
    pauses = [some.failed() for _ in range(10)]

    assert went == [0] * 5 + [1] * 5 + [2]
    assert pauses != [others.failed() for _ in range(10)]
    for number, pause_ns in enumerate(pauses):
        assert (
            min(SECOND << number, 60 * SECOND) // 2
            <= pause_ns
            <= min(SECOND << number, 60 * SECOND)
        )


def test_trap_24_times_are_in_milliseconds_or_microseconds():
    """Both are taken for what they are."""
    line = Line()
    line.event(
        e="outboundAccountPosition", u=1_764_000_000_123, B=[{"a": "ETH", "f": "1", "l": "0"}]
    )
    milliseconds = line.books.balances["ETH"].at_ns
    line.event(
        e="outboundAccountPosition", u=1_764_000_000_123_456, B=[{"a": "ETH", "f": "1", "l": "0"}]
    )

    assert milliseconds == 1_764_000_000_123 * MS
    assert line.books.balances["ETH"].at_ns == 1_764_000_000_123_456_000
