"""Does the screen say whether the exchange is there, in words, before anything else is doubted?"""

from copy import deepcopy
from typing import Any

import pytest

from supreme_cli import exchange as told_in_words
from tests.tui.screens import text_of
from tui.panels import header
from tui.panels.exchange import PANEL, rows
from tui.seen import Seen, View

S = 1_000_000_000
TOLD: dict[str, Any] = {
    "host": "127.0.0.1",
    "real_money": False,
    "now_ns": 100 * S,
    "market": {
        "source": "streams",
        "since_ns": 50 * S,
        "why": "it speaks",
        "late_ms": 0.1,
        "sources": [
            {
                "name": "streams",
                "state": "well",
                "since_ns": 50 * S,
                "why": "proved",
                "heard_ns": 1,
            },
            {"name": "polling", "state": "idle", "since_ns": 0, "why": "", "heard_ns": 0},
        ],
        "symbols": [
            {"symbol": "ETHUSDT", "doubt": "", "heard_ns": 99 * S, "trades_missing": 0},
        ],
        "refused": {},
    },
    "account": {"heard": True, "since_ns": 51 * S, "trouble": "", "in_doubt": 0},
    "clock": {"known": True, "offset_ms": 0.4, "error_ms": 0.5},
    "limits": [{"type": "REQUEST_WEIGHT", "interval_s": 60, "used": 66, "limit": 6000}],
    "waits_until_ns": 0,
    "aside": [{"asset": "USDT", "amount": "90000"}, {"asset": "ETH", "amount": "10"}],
}


def changed(**how: Any) -> dict[str, Any]:
    """What was told, with some of it otherwise: PART__KEY=VALUE."""
    told = deepcopy(TOLD)
    for name, value in how.items():
        part, _, key = name.partition("__")
        if key:
            told[part][key] = value
        else:
            told[part] = value
    return told


@pytest.fixture
def at_exchange(view: View) -> View:
    """The same engine as if its orders went to an exchange that is well."""
    return view._replace(hello={**view.hello, "exchange": True}, exchange=TOLD)


def top(view: View, width: int) -> str:
    """The first line of the screen."""
    return text_of(header.lines(Seen(view=view), width, 1))


def test_the_header_names_the_source(at_exchange):
    """In place of a pace that a market of our own time does not have."""
    assert "● streams" in top(at_exchange, 120)
    assert "600x" in top(at_exchange._replace(hello={**at_exchange.hello, "exchange": False}), 160)
    assert "600x" not in top(at_exchange, 160)


def test_a_second_source_is_seen_as_one(at_exchange):
    """It feeds, and is not the one that should."""
    second = at_exchange._replace(exchange=changed(market__source="polling"))

    assert "◐ polling" in top(second, 120)
    assert rows(second)[0].state[0] == "◐ 2nd"


@pytest.mark.parametrize("width", [80, 120, 160])
@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"market__source": ""}, "✖ NO MARKET"),
        ({"account__heard": False}, "✖ ACCOUNT LOST"),
    ],
)
def test_what_is_lost_stands_in_the_first_line_at_every_width(at_exchange, how, word, width):
    """Whatever else has to go."""
    assert word in top(at_exchange._replace(exchange=changed(**how)), width)


def test_the_panel_says_what_is_aside_and_what_is_allowed(at_exchange):
    """Every row has its state as a word."""
    said = {row.what: row.says for row in rows(at_exchange)}

    assert said["aside"].startswith("90,000 USDT, 10 ETH")
    assert said["weight/1m"].endswith("66 of 6,000")
    assert said["clock"] == "+0.4 ms, give or take 0.5"
    assert all(
        row.state[0].split()[-1].isalpha() or row.state[0] == "○" for row in rows(at_exchange)
    )


def test_without_an_exchange_the_panel_says_so(view):
    """Nothing is invented."""
    assert PANEL.rows(view) == []
    assert told_in_words.text({"exchange": None}).startswith("no exchange")


def test_the_command_says_the_same():
    """Trouble in capitals, for it is read on a pipe too."""
    well = told_in_words.text({"exchange": TOLD})
    lost = changed(market__source="", account__heard=False, account__in_doubt=2)

    assert "90000 USDT, 10 ETH" in well
    assert "NOT HEARD" not in well
    said = told_in_words.text({"exchange": lost})
    assert "NO SOURCE" in said
    assert "NOT HEARD at 127.0.0.1 since" in said
    assert "2 orders in doubt" in said


@pytest.mark.parametrize("width", [60, 80, 160])
def test_real_money_on_a_simulated_market_is_both(at_exchange, width):
    """A rehearsal of a live profile: neither word may go."""
    label = "LIVE SIMULATED seed 1 ETHUSDT at 127.0.0.1"
    told = at_exchange._replace(hello={**at_exchange.hello, "label": label, "simulated": True})

    assert top(told, width).startswith(" LIVE  SIMULATED ")
