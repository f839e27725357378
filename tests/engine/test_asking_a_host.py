"""Is a host asked as long as it may take, and no longer than anybody wants?"""

import json
import socket
import time

import pytest

from engine.errors import Refused
from engine.exchange import asked, exchange_source, rules_in
from engine.market.wishes import Answer
from engine.parts import Stopped
from engine.profile import load_profile
from engine.venues.binance.signing import HmacKey
from engine.venues.settings import Exchange, settings_of
from tests.engine.venues.binance.desk import symbol_row


def test_who_asks_to_stop_is_heard_while_a_host_is_silent():
    """One that takes connections and says nothing would keep him for its whole time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        looks = iter(range(100))
        answer = asked(url, "/x", 30.0, lambda: 130 if next(looks) > 2 else 0)

    assert answer.status == 0
    assert time.monotonic() - began < 10.0


def test_a_stop_while_the_rules_are_asked_for_is_a_stop():
    """Not a complaint about the exchange."""
    settings = Exchange("binance", rest_url="http://127.0.0.1:9")

    with pytest.raises(Stopped) as stopped:
        exchange_source("ETHUSDT", settings, HmacKey("k", "s"), lambda: 143)

    assert stopped.value.code == 143


def test_a_silent_exchange_is_waited_for_no_longer_than_is_to_be_run():
    """`--for` counts from the first question on."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Exchange("binance", rest_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(Refused, match="does not answer") as refused:
            exchange_source("ETHUSDT", settings, HmacKey("k", "s"), seconds=0.5)

    assert refused.value.code == 3
    assert 0.5 <= time.monotonic() - began < 5.0


RESTING = "orders.entry=limit"


@pytest.mark.parametrize(
    ("taken", "changes", "what", "fix"),
    [
        (("MARKET", "LIMIT"), (), "takes no STOP_LOSS orders", "--set sizing.stop_loss=0"),
        (("MARKET", "STOP_LOSS_LIMIT"), (), "no STOP_LOSS orders", "give another --symbol"),
        (("MARKET", "STOP_LOSS"), (RESTING,), "no LIMIT orders", "--set orders.entry=market"),
        (("MARKET",), (RESTING,), "no LIMIT and no STOP_LOSS orders", "sizing.stop_loss=0"),
        ((), ("sizing.stop_loss=0",), "no MARKET orders", "give another --symbol"),
    ],
)
def test_a_symbol_that_lacks_what_is_sent_is_refused_at_the_start(taken, changes, what, fix):
    """Not by the venue at the first stop, with a position that nothing protects."""
    profile = load_profile("binance-paper", list(changes))
    told = {"symbols": [symbol_row(orderTypes=list(taken))]}

    with pytest.raises(Refused, match=what) as refused:
        rules_in(
            Answer(200, {}, json.dumps(told).encode()),
            "ETHUSDT",
            settings_of(profile.values, profile.texts),
        )

    assert (refused.value.code, fix in refused.value.fix) == (2, True)


@pytest.mark.parametrize(
    ("taken", "changes"),
    [
        (("MARKET", "STOP_LOSS"), ()),
        (("MARKET",), ("sizing.stop_loss=0",)),
        (("MARKET", "LIMIT"), ("sizing.stop_loss=0", RESTING)),
    ],
)
def test_what_is_never_sent_may_be_lacking(taken, changes):
    """Without a stop, or without resting entries."""
    profile = load_profile("binance-paper", list(changes))
    told = json.dumps({"symbols": [symbol_row(orderTypes=list(taken))]}).encode()

    market = rules_in(Answer(200, {}, told), "ETHUSDT", settings_of(profile.values, profile.texts))

    assert market.rules["ETHUSDT"].order_types == frozenset(taken)
