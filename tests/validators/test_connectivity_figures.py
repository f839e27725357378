"""Are ages counted, drawn and judged as they are, and is it known where money is real?"""

import pytest

from engine.errors import Refused
from supreme_cli.connectivity import bars
from validators.connectivity.listening import aged, event_time, histogram
from validators.connectivity.outcome import FAILED, OK, SKIPPED, Failed, Outcome, Skipped, judged
from validators.connectivity.places import BINANCE, Source, Venue, is_real, sources_in
from validators.connectivity.trial import CHECKS, judge
from validators.connectivity.visit import Asked, Visit, refusal


def test_each_age_is_counted_once():
    """At its bound, below it and beyond the last; one that clocks make negative is young."""
    counts = histogram([-3.0, 0.2, 1.0, 1.1, 50.0, 999.9, 1_000.1])

    assert sum(counts.values()) == 7
    kept = {name: count for name, count in counts.items() if count}
    assert kept == {"<=1": 3, "<=2": 1, "<=50": 1, "<=1000": 1, ">1000": 1}


def test_old_events_are_a_failure():
    """One late event in two hundred is the net's, two in a hundred are the venue's."""
    young = sorted([5.0] * 199 + [5_000.0])
    old = sorted([5.0] * 98 + [5_000.0] * 2)

    assert aged(young, 0.1).figures["max_ms"] == 5_000.0
    with pytest.raises(Failed, match="too old to decide by") as failed:
        aged(old, 0.1)
    assert failed.value.figures["p99_ms"] == 5_000.0


@pytest.mark.parametrize(
    ("message", "at"),
    [
        (b'{"e":"trade","E":1700000000123}', 1_700_000_000_123.0),
        (b'{"stream":"x","data":{"E":1700000000123}}', 1_700_000_000_123.0),
        (b'{"data":{"E":1700000000123456}}', 1_700_000_000_123.456),
        (b'{"result":null,"id":1}', None),
        (b'{"data":[1]}', None),
        (b'{"E":"1700000000123"}', None),
        (b"[]", None),
        (b"7", None),
    ],
)
def test_an_events_own_time_is_found(message, at):
    """Raw or wrapped, in milli- or microseconds; what is no event has none."""
    assert event_time(message) == at


def test_bars_are_as_long_as_their_share():
    """From the first bound that was reached to the last."""
    drawn = bars(histogram([1.5] * 80 + [4.0] + [15.0] * 40)).splitlines()

    assert [line.split() for line in drawn[1:]] == [
        ["<=2", "ms", "80", "#" * 40],
        ["<=5", "ms", "1", "#"],
        ["<=10", "ms", "0"],
        ["<=20", "ms", "40", "#" * 20],
    ]


@pytest.mark.parametrize(
    ("rest", "ws_api", "real"),
    [
        (BINANCE.rest, BINANCE.ws_api, True),
        ("https://testnet.binance.vision", "wss://ws-api.testnet.binance.vision/ws-api/v3", False),
        ("http://127.0.0.1:1", "ws://localhost:1/ws-api/v3", False),
        ("http://127.0.0.1:1", BINANCE.ws_api, True),
        ("https://api.binance.us", "wss://ws-api.binance.us/ws-api/v3", True),
        ("https://eviltestnet.binance.vision", "wss://testnet.binance.vision", True),
        ("https://10.0.0.5", "wss://10.0.0.5", True),
    ],
)
def test_money_is_real_unless_it_is_known_not_to_be(rest, ws_api, real):
    """Here and in the known sandbox alone it is not."""
    assert is_real(Venue("x", rest, "wss://s", ws_api)) is real


def test_a_profile_names_its_sources():
    """Those whose address is given; keys are none."""
    secrets = {"feeds.gas_url": "https://gas", "feeds.gas_key": "hush", "cache.redis_url": "r"}

    assert sources_in(secrets) == [Source("gas", "https://gas")]


@pytest.mark.parametrize(
    ("error", "state"),
    [(Failed("no"), FAILED), (Skipped("no"), SKIPPED), (Refused("no", "mend"), FAILED)],
)
def test_every_end_is_a_verdict(error, state):
    """Failed, skipped or refused: a line, and the checks after it go on."""

    def ends() -> Outcome:
        raise error

    assert judged("x", "y", ends)[2:4] == (state, "no; mend" if state is not SKIPPED and
                                           isinstance(error, Refused) else "no")  # fmt: skip
    assert judged("x", "y", lambda: Outcome("fine", {"a": 1}))[2:5] == (OK, "fine", {"a": 1})


def test_a_check_stands_on_others():
    """Every name it needs is a check before it, and it is not tried without them."""
    visit = Visit(BINANCE, Asked("ETHUSDT", None, 0.1, 0.1, may_order=False))
    names = [one.name for one in CHECKS]

    for place, one in enumerate(CHECKS):
        assert set(one.needs) <= set(names[:place])
        if one.needs:
            said = judge(one, visit, dict.fromkeys(names, OK) | {one.needs[-1]: FAILED})
            assert (said.state, said.said) == (SKIPPED, f"not tried: {one.needs[-1]} failed")


def test_a_refusal_is_shown_without_harm_to_the_screen():
    """The venue's words are not ours: no control letters, no pages."""
    said = refusal({"code": -1, "msg": "\x1b[2J" + "x" * 500}, "HTTP 400")

    assert said.startswith("-1 ?[2J")
    assert len(said) <= 200
    assert refusal([], "HTTP 400") == "HTTP 400"
