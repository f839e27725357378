"""What happens to who asks too much? Weights, order counts, 429, then 418; counts on the clock."""

import pytest
from websockets.exceptions import InvalidStatus

from engine.venues.exchange.door.weights import (
    BAN_MAX,
    BAN_MIN,
    DAY,
    FORBEARANCE,
    MINUTE,
    NO_LIMITS,
    Address,
    Addresses,
    Count,
    Limits,
    TooMuch,
)
from tests.venue_house import ORDER, Client, serving

LIMIT = {**ORDER, "quantity": "0.1", "price": "1500"}


def test_used_weight_is_told_and_starts_anew_with_the_minute():
    """In headers, with every request."""
    with serving(NO_LIMITS) as venue:
        client = Client(venue)
        venue.clock.ahead_us += MINUTE - venue.clock() % MINUTE  # the beginning of a minute
        used = [client.rest("GET", "/api/v3/ping").headers["x-mbx-used-weight-1m"]]
        used.append(client.rest("GET", "/api/v3/exchangeInfo").headers["x-mbx-used-weight"])
        venue.clock.ahead_us += MINUTE
        used.append(client.rest("GET", "/api/v3/ping").headers["x-mbx-used-weight-1m"])

    assert used == ["1", "21", "1"]


def test_too_much_weight_is_429_and_going_on_is_418():
    """Retry-After leads to the next minute, then to the end of the ban."""
    with serving(Limits(weight_a_minute=40)) as venue:
        client = Client(venue)
        venue.clock.ahead_us += MINUTE - venue.clock() % MINUTE
        client.get("exchangeInfo")
        client.get("exchangeInfo")
        first = client.rest("GET", "/api/v3/ping")
        for _ in range(FORBEARANCE):
            last = client.rest("GET", "/api/v3/ping")
        with pytest.raises(InvalidStatus) as refused:
            client.socket("/ws-api/v3").__enter__()
        venue.clock.ahead_us += BAN_MIN
        after = client.rest("GET", "/api/v3/ping")

    assert (first.status, first.body["code"]) == (429, -1003)
    assert first.body["msg"].startswith("Too much request weight used; current limit is 40")
    assert 50 <= int(first.headers["retry-after"]) <= 60
    assert last.status == 418
    assert "IP banned until" in last.body["msg"]
    assert 110 <= int(last.headers["retry-after"]) <= 120
    assert refused.value.response.status_code == 418
    assert after.status == 200


def test_a_message_that_is_too_much_says_when_to_ask_again():
    """`data.retryAfter` on the WebSocket API."""
    with serving(Limits(weight_a_minute=30)) as venue:
        client = Client(venue)
        venue.clock.ahead_us += MINUTE - venue.clock() % MINUTE
        with client.socket("/ws-api/v3") as line:
            client.ask(line, "exchangeInfo")
            told = client.ask(line, "exchangeInfo")

    assert (told["status"], told["error"]["code"]) == (429, -1003)
    assert told["error"]["data"]["retryAfter"] % 60_000 == 0
    assert told["rateLimits"][0]["count"] == 42


def test_unfilled_orders_are_counted_and_filled_ones_are_not():
    """-1015 for one too many; an order that trades makes room again."""
    with serving(Limits(orders_ten_seconds=2)) as venue:
        client = Client(venue)
        venue.clock.ahead_us += MINUTE - venue.clock() % MINUTE
        market = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}
        counts = [
            client.signed("POST", "order", **sent).headers["x-mbx-order-count-10s"]
            for sent in (LIMIT, market, market, LIMIT)
        ]
        refused = client.signed("POST", "order", **LIMIT)
        venue.clock.ahead_us += 10_000_000
        after = client.signed("POST", "order", **LIMIT)

    assert counts == ["1", "1", "1", "2"]
    assert refused.status == 429
    said = "Too many new orders; current limit is 2 orders per 10 SECOND."
    assert refused.body == {"code": -1015, "msg": said}
    assert "retry-after" in refused.headers
    assert after.status == 200


def test_connections_are_counted_for_five_minutes():
    """One too many is answered with 429 in place of the handshake."""
    with serving(Limits(connections_five_minutes=2)) as venue:
        client = Client(venue)
        with client.socket("/ws"), client.socket("/ws"), pytest.raises(InvalidStatus) as refused:
            client.socket("/ws").__enter__()

    assert refused.value.response.status_code == 429


def test_an_interval_begins_on_the_clock_s_own_mark():
    """00:01:23 counts towards 00:01:00."""
    count = Count(MINUTE, 10)

    assert count.add(4, MINUTE + 23_000_000)
    assert count.at(2 * MINUTE - 1) == 4
    assert count.at(2 * MINUTE) == 0
    assert count.ends_us == 3 * MINUTE


def test_bans_grow_up_to_three_days():
    """Twice as long each time."""
    address, now_us, lasted = Address(Limits()), DAY, []
    for _ in range(13):
        address.ban(now_us)
        lasted.append(address.banned_until_us - now_us)
        now_us = address.banned_until_us

    assert lasted[0] == BAN_MIN
    assert lasted[1] == 2 * BAN_MIN
    assert lasted[-1] == BAN_MAX


def test_raw_requests_are_counted_too():
    """Apart from their weight."""
    address = Address(Limits(raw_five_minutes=2))
    address.use(1, DAY)
    address.use(1, DAY)

    with pytest.raises(TooMuch):
        address.use(1, DAY)


def test_addresses_that_are_too_many_are_forgotten():
    """The one heard of longest ago goes first; memory has a bound."""
    addresses = Addresses(Limits())
    for number in range(5_000):
        addresses.of(str(number))

    assert len(addresses.known) == 4_096
    assert "0" not in addresses.known
