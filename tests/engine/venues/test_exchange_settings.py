"""Can a profile that is called paper reach real money, or send real money in the clear?"""

import pytest

from engine.errors import Refused
from engine.profile import ALL_KEYS
from engine.venues.settings import BINANCE, ROWS, settings_of

SENDING = ("orders.entry", "sizing.stop_loss")
PAPER = {key: ALL_KEYS[key].default for key in (*ROWS, *SENDING)} | {"exchange.venue": 1}
REAL = PAPER | {"exchange.real_money": 1}
LOCAL = {
    "exchange.rest_url": "http://127.0.0.1:9100",
    "exchange.stream_url": "ws://127.0.0.1:9100",
    "exchange.api_url": "ws://127.0.0.1:9100/ws-api/v3",
}


def test_without_addresses_they_are_binances_own():
    """Real money needs no more than the profile that says so."""
    made = settings_of(REAL, {})

    assert (made.rest_url, made.stream_url, made.api_url) == BINANCE
    assert made.real_money


@pytest.mark.parametrize("key", LOCAL)
@pytest.mark.parametrize(
    "host",
    [
        "api.binance.com",
        "API.BINANCE.COM.",
        "api1.binance.com:443",
        "key:pass@api.binance.com",
        "api.binance.us",
        "data.binance.vision",
        "api.binance.me",
        "api.binance.th.",
        "api-gcp.binance.com",
        "evil@api.binance.com:443",
    ],
)
def test_paper_cannot_reach_an_exchange_that_trades_for_real(key, host):
    """Whichever address of the three says so, and however it is spelled."""
    scheme = "https" if key == "exchange.rest_url" else "wss"

    with pytest.raises(Refused, match="trades real money") as refused:
        settings_of(PAPER, LOCAL | {key: f"{scheme}://{host}/x"})

    assert refused.value.code == 4


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9100", "[::1]:9100", "localhost", "testnet.binance.vision", "10.0.0.7"]
)
def test_paper_may_reach_everything_else(host):
    """A venue here, a test network, a box of one's own."""
    made = settings_of(PAPER, LOCAL | {"exchange.rest_url": f"https://{host}"})

    assert made.rest_url == f"https://{host}"


@pytest.mark.parametrize(
    "host",
    [
        "api.binance.com?@testnet.binance.vision",
        "api.binance.com#@testnet.binance.vision",
        "api.binance.com\\@testnet.binance.vision",
        "api.binance\u3002com",
        "api.\uff42inance.com",
        "api.binance.com\t",
        "api.unheard-of.com",
        "18.65.3.4",
        "[2600:9000::1]",
        "testnet.binance.vision.example.com",
        "127.0.0.1.example.com",
    ],
)
def test_a_host_that_might_be_a_real_exchange_is_none_for_paper(host):
    """What another reader may take for another host, and whom nobody here knows."""
    with pytest.raises(Refused, match=r"may trade real money|trades real money|is no address"):
        settings_of(PAPER, LOCAL | {"exchange.rest_url": f"https://{host}"})


@pytest.mark.parametrize("key", LOCAL)
@pytest.mark.parametrize("host", ["testnet.binance.vision", "127.0.0.1:9100"])
def test_real_orders_are_not_judged_by_played_prices(key, host):
    """Nor played ones sent for real: all three addresses are of one kind of money."""
    scheme = "https" if key == "exchange.rest_url" else "wss"

    with pytest.raises(Refused, match="trades no real money") as refused:
        settings_of(REAL, {key: f"{scheme}://{host}"})

    assert refused.value.code == 4


def test_real_money_is_never_sent_in_the_clear():
    """Only to this very machine."""
    with pytest.raises(Refused, match="in the clear"):
        settings_of(REAL, {"exchange.api_url": "ws://ws-api.binance.com/ws-api/v3"})

    assert settings_of(REAL, LOCAL).api_url == LOCAL["exchange.api_url"]


@pytest.mark.parametrize("url", ["api.binance.com", "ftp://127.0.0.1", "", "ws:/127.0.0.1"])
def test_an_address_without_its_scheme_is_refused(url):
    """It says how one begins."""
    with pytest.raises(Refused, match="is no address"):
        settings_of(PAPER, LOCAL | {"exchange.rest_url": url})


def test_without_an_exchange_the_addresses_do_not_matter():
    """The simulated fills ask nobody."""
    assert settings_of(PAPER | {"exchange.venue": 0}, {}).venue == "none"


def test_relays_are_named_in_order():
    """Each by its name and address; what is none is refused."""
    told = {"exchange.relays": "coinbase=ws://127.0.0.1:9443, other=wss://relay.example:1"}

    assert settings_of(PAPER, LOCAL | told).relays == (
        ("coinbase", "ws://127.0.0.1:9443"),
        ("other", "wss://relay.example:1"),
    )
    for wrong in ("ws://127.0.0.1:1", "a=http://127.0.0.1:1", "=ws://127.0.0.1:1", "a b=ws://x"):
        with pytest.raises(Refused, match="is no relay"):
            settings_of(PAPER, LOCAL | {"exchange.relays": wrong})
