"""Is a host asked as long as it may take, and no longer than anybody wants?"""

import socket
import time

import pytest

from engine.exchange import asked, exchange_source
from engine.parts import Stopped
from engine.venues.binance.signing import HmacKey
from engine.venues.settings import Exchange


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
