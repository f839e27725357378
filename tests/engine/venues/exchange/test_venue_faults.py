"""Do faults come as the plan has them, and does the truth stay one? The venue's bad days."""

import asyncio
import threading
from contextlib import suppress
from decimal import Decimal
from http.client import HTTPException

import pytest
from websockets.exceptions import ConnectionClosed

from engine.venues.exchange.door.api import BY_METHOD
from engine.venues.exchange.door.asking import Answer, Request
from engine.venues.exchange.door.faults import GOOD_DAY, PLAIN, STORM, Faults, Plan, plan_of
from engine.venues.exchange.door.front import Front
from engine.venues.exchange.door.serving import Server
from engine.venues.exchange.door.signing_check import socket_payload
from engine.venues.exchange.life import Venue, live, spells
from tests.venue_house import E8, KEY, ORDER, Client, Clock, heard, house_of, serving

LIMIT = {**ORDER, "quantity": "0.1", "price": "1500"}
MARKET = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
ALWAYS = E8


def test_a_plan_is_read_from_words():
    """Times with their units, shares as decimals."""
    assert plan_of("latency=5ms..50ms,drop=0.01,unknown=0.5,halt=2m/5s,skew=1.5s") == Plan(
        latency_us=(5_000, 50_000),
        drop_e8=E8 // 100,
        unknown_e8=E8 // 2,
        halt=(120_000_000, 5_000_000),
        skew_us=1_500_000,
    )
    assert plan_of("storm") == plan_of(STORM)
    assert plan_of("skew=-3s,reorder=0.5") == Plan(skew_us=-3_000_000, reorder_e8=E8 // 2)


@pytest.mark.parametrize(
    "text",
    ["", "rain", "drop", "drop=2", "drop=x", "latency=5", "latency=9ms..1ms", "halt=2m", "ban=1/2"],
)
def test_words_that_are_no_plan_are_refused(text):
    """ValueError says which."""
    with pytest.raises(ValueError, match=text.partition("=")[0] or "no fault"):
        plan_of(text)


def test_a_good_day_draws_nothing():
    """Every request is answered at once and every event told once."""
    faults = Faults(GOOD_DAY, 1)

    assert faults.fate(BY_METHOD["order.place"]) is PLAIN
    assert (faults.copies(), faults.lifetime_us(), faults.next_spell("ban")) == (1, 0, (0, 0))


def test_while_faults_rest_it_is_a_good_day():
    """Nothing is drawn, and when they go on everything is as bad as before."""
    faults = Faults(Plan(unknown_e8=ALWAYS, drop_e8=ALWAYS, skew_us=5, disconnect_us=9), 1)

    faults.is_resting = True
    resting = (faults.fate(BY_METHOD["order.place"]), faults.copies(), faults.plan, faults.counts)
    faults.is_resting = False

    assert resting == (PLAIN, 1, GOOD_DAY, dict.fromkeys(faults.counts, 0))
    assert faults.fate(BY_METHOD["order.place"]).is_unknown
    assert (faults.copies(), faults.plan.skew_us) == (0, 5)


def test_the_same_seed_is_the_same_day():
    """Every draw comes from one generator."""
    days = []
    for seed in (1, 1, 2):
        faults = Faults(plan_of("storm"), seed)
        days.append([faults.fate(BY_METHOD["order.place"]) for _ in range(200)])

    assert days[0] == days[1] != days[2]


def test_an_unknown_outcome_tells_nothing_and_may_have_had_its_effect():
    """Half of the orders are there, none of the answers says which; no share is lost or doubled."""
    faults, house = Faults(Plan(unknown_e8=ALWAYS), 7), house_of(Clock())
    answers: list[Answer | None] = []
    front = Front(house, faults, lambda _us, act: act())
    for number in range(40):
        sent = {**LIMIT, "newClientOrderId": f"n{number}", "timestamp": house.clock()}
        front.take(request_of(house, "order.place", sent), answers.append)
    member = house.members[KEY]
    there = house.exchange.open_orders(member.account)

    statuses = {None if answer is None else answer.status for answer in answers}
    assert statuses == {500, 503, 504, None}
    assert len(there) == faults.counts["effect"]
    assert 10 < len(there) < 30
    assert member.account.balances["USDT"].locked == len(there) * 150 * E8


def request_of(house, method, sent):
    """A signed request of the customer."""
    given = {**sent, "apiKey": KEY}
    payload = socket_payload(given)
    key = house.members[KEY].key
    house.members[KEY] = house.members[KEY]._replace(key=key._replace(is_signature=lambda *_: True))
    return Request(BY_METHOD[method], sent, "here", 1000, KEY, "any", payload)


def test_questions_are_always_answered():
    """Only what changes something may be of unknown outcome."""
    faults = Faults(Plan(unknown_e8=ALWAYS), 1)

    assert not faults.fate(BY_METHOD["order.status"]).is_unknown
    assert faults.fate(BY_METHOD["order.cancel"]).is_unknown


def test_an_order_of_unknown_outcome_can_be_asked_for():
    """Over real sockets: by its client id, whatever its answer was."""
    with serving(plan=Plan(unknown_e8=ALWAYS)) as venue:
        client = Client(venue)
        seen = set()
        for number in range(12):
            sent = {**LIMIT, "newClientOrderId": f"n{number}"}
            try:
                told = client.signed("POST", "order", **sent)
                assert told.body["code"] in (-1000, -1006, -1007)
            except OSError:
                pass  # nobody answered
            asked = client.signed("GET", "order", symbol="ETHUSDT", origClientOrderId=f"n{number}")
            seen.add(asked.body.get("status", asked.body.get("code")))

    assert seen == {"NEW", -2013}


def test_events_come_twice_or_not_at_all():
    """And requests are answered all the same."""
    for plan, copies in ((Plan(duplicate_e8=ALWAYS), 2), (Plan(drop_e8=ALWAYS), 0)):
        with serving(plan=plan) as venue:
            client = Client(venue)
            with client.socket("/ws/ethusdt@trade") as line:
                client.signed("POST", "order", **MARKET)
                line.send('{"method": "LIST_SUBSCRIPTIONS", "id": 1}')
                told = [heard(line)]
                while "id" not in told[-1]:
                    told.append(heard(line))

        assert len(told) == copies + 1
        assert len({one["t"] for one in told[:-1]}) == bool(copies)


def test_late_events_keep_their_order():
    """One connection is one line: nothing overtakes."""
    with serving(plan=Plan(latency_us=(0, 30_000))) as venue:
        client = Client(venue)
        with client.socket("/ws/ethusdt@trade") as line:
            for _ in range(10):
                client.signed("POST", "order", **MARKET)
            numbers = [heard(line)["t"] for _ in range(10)]

    assert numbers == sorted(numbers)


def test_events_are_overtaken_and_none_is_lost():
    """Some come behind others that were told after them."""
    with serving(plan=Plan(reorder_e8=ALWAYS // 2)) as venue:
        client = Client(venue)
        with client.socket("/ws/ethusdt@trade") as line:
            for _ in range(20):
                client.signed("POST", "order", **MARKET)
            numbers = [heard(line)["t"] for _ in range(20)]

    assert numbers != sorted(numbers)
    assert len(set(numbers)) == 20


def test_requests_in_spite_of_a_ban_are_counted():
    """How well a client obeys is seen there."""
    faults, house = Faults(GOOD_DAY, 7), house_of(Clock())
    front, answers = Front(house, faults, lambda _us, act: act()), list[Answer | None]()
    house.addresses.of("here").ban(house.clock())

    front.take(request_of(house, "order.status", {"symbol": "ETHUSDT"}), answers.append)

    assert [answer.status for answer in answers if answer] == [418]
    assert (faults.counts["banned"], faults.counts["limited"]) == (1, 0)


def test_connections_are_cut():
    """Without a goodbye, sooner or later."""
    with (
        serving(plan=Plan(disconnect_us=2_000_000)) as venue,
        Client(venue).socket("/ws/ethusdt@trade") as line,
        pytest.raises(ConnectionClosed) as ended,
    ):
        line.recv(timeout=10)

    assert ended.value.rcvd is None


def test_halts_and_bans_come_and_go():
    """As often as the plan has them; a banned address is told until when."""
    house = house_of(Clock())

    async def day():
        venue = Venue(house, [], Faults(Plan(halt=(20_000, 10_000)), 3))
        server = Server(house, venue.faults)
        statuses: set[str] = set()
        halting = asyncio.create_task(spells(venue, "halt", server))
        while len(statuses) < 2 or venue.faults.counts["halt"] < 2:
            statuses.add(house.exchange.markets["ETHUSDT"].status)
            await asyncio.sleep(0.001)
        halting.cancel()
        return statuses

    assert asyncio.run(day()) == {"TRADING", "HALT"}


def test_a_ban_falls_on_who_is_connected():
    """418, with the time that is left."""
    with serving(plan=Plan(ban=(200_000, 5_000_000))) as venue:
        client = Client(venue)
        with client.socket("/ws"):
            told = client.rest("GET", "/api/v3/ping")
            while told.status == 200:
                told = client.rest("GET", "/api/v3/ping")

    assert told.status == 418
    assert told.headers["retry-after"] == "5"


def test_after_a_storm_the_sums_are_right():
    """Whatever was late, cut, twice or unknown: fills asked for later explain every balance."""
    plan = plan_of("latency=0ms..3ms,drop=0.1,duplicate=0.1,unknown=0.3,disconnect=300ms")
    with serving(plan=plan) as venue:
        client, sent = Client(venue), 0
        for number in range(60):
            side = "BUY" if number % 2 else "SELL"
            order = {**MARKET, "side": side, "newClientOrderId": f"n{number}"}
            with suppress(OSError, HTTPException):  # nobody answered, or the line was cut
                client.signed("POST", "order", **order)
            sent += 1
        fills = until_told(client, "myTrades", symbol="ETHUSDT")
        orders = until_told(client, "allOrders", symbol="ETHUSDT")
        rows = until_told(client, "account")["balances"]

    change = {"ETH": Decimal(10), "USDT": Decimal(100_000)}
    for fill in fills:
        sign = 1 if fill["isBuyer"] else -1
        change["ETH"] += sign * Decimal(fill["qty"])
        change["USDT"] -= sign * Decimal(fill["quoteQty"])
        change[fill["commissionAsset"]] -= Decimal(fill["commission"])
    names = [order["clientOrderId"] for order in orders]
    assert len(names) == len(set(names)) < sent
    assert len({fill["id"] for fill in fills}) == len(fills)
    assert {row["asset"]: Decimal(row["free"]) for row in rows} == {**change, "BNB": Decimal(0)}


def until_told(client, path, **sent):
    """The answer, however often a line is cut before it."""
    while True:
        with suppress(OSError, HTTPException):
            return client.signed("GET", path, **sent).body


def test_a_fault_of_the_venue_s_own_ends_it_and_is_raised():
    """It does not go on half alive, and prints nothing."""

    async def life():
        house = house_of(Clock())
        stop = threading.Event()

        def begun(_port):
            asyncio.get_running_loop().call_soon(lambda: dict[str, int]().pop("x"))

        await live(Venue(house, [], Faults(GOOD_DAY, 1)), "127.0.0.1", 0, stop, begun)

    with pytest.raises(KeyError):
        asyncio.run(life())
