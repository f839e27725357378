"""Does `supreme connectivity` tell what is so of a venue, whatever state the venue is in?"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from engine.venues.binance.requests import open_orders, order_status
from engine.venues.binance.signing import key_of
from tests.acceptance.running import supreme
from tests.engine.secrets.sealing import API_KEY, SECRET, private
from tests.validators.connecting import (
    ENVIRON,
    NAMES,
    SHORT,
    addresses,
    checks,
    serving,
    states,
    visit_at,
)
from validators.connectivity.outcome import Failed, Skipped
from validators.connectivity.places import BINANCE
from validators.connectivity.trading import must_be, round_trip
from validators.connectivity.visit import Asked, Visit


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A venue on a good day."""
    with serving() as at:
        yield at


def test_all_is_well_with_a_venue_on_a_good_day(port: int):
    """Ten checks hold, with figures; the order that went there is gone."""
    found = checks(port, "--from-env", environ=ENVIRON)

    assert states(found) == ["ok"] * 10
    assert abs(found["clock"]["figures"]["offset_ms"]) < 50
    assert found["filters"]["figures"]["tick"] == "0.01"
    assert {"place_ms", "status_ms", "cancel_ms"} <= set(found["order"]["figures"])
    ages = found["latency"]["figures"]
    assert sum(ages["histogram"].values()) == ages["events"] > 0
    assert "REQUEST_WEIGHT" in found["headroom"]["said"]
    with closing(visit_at(port)) as visit:
        assert visit.ask(open_orders("ETHUSDT")) == []


def test_people_and_pipelines_read_the_same(port: int):
    """Text with bars, Markdown, and JUnit with as many cases."""
    words = (*addresses(port), *SHORT, "--from-env")
    text, markdown, junit = (
        supreme("connectivity", *words, "--output", form, **ENVIRON)
        for form in ("text", "markdown", "junit")
    )

    assert [done.returncode for done in (text, markdown, junit)] == [0, 0, 0]
    assert "PLACE" in text.stdout
    assert "10 ok" in text.stdout
    assert "#" * 40 in text.stdout
    assert "| binance | order | ok |" in markdown.stdout
    suite = ET.fromstring(junit.stdout)
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("10", "0", "0")
    assert [case.get("name") for case in suite] == [f"binance.{name}" for name in NAMES]


def test_sealed_keys_are_as_good_as_the_environments(port: int, tmp_path: Path):
    """Opened by their passphrase file, or not: then nothing is asked."""
    pair = private(tmp_path / "pair", f"{API_KEY}\n{SECRET}\n")
    phrase = private(tmp_path / "phrase", "a horse of no colour")
    home = {"XDG_DATA_HOME": str(tmp_path / "share")}
    supreme("keys", "add", "paper", "--file", pair, "--passphrase-file", phrase, **home)

    found = checks(port, "--keys", "paper", environ=home | {"SUPREME_PASSPHRASE_FILE": phrase})
    refused = supreme("connectivity", *addresses(port), "--keys", "paper", **home)

    assert states(found) == ["ok"] * 10
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 2)


def test_without_keys_what_needs_them_is_skipped(port: int):
    """Which is no failure: a new user has none yet."""
    found = checks(port)

    assert states(found) == ["ok"] * 5 + ["skipped"] * 3 + ["ok"] * 2
    assert "no keys were given" in found["auth"]["said"]


def test_keys_that_are_not_taken_are_told(port: int):
    """With the venue's own words, and what they mean."""
    wrong = ENVIRON | {"EXCHANGE_SECRET": SECRET[::-1]}

    found = checks(port, "--from-env", code=1, environ=wrong)

    assert found["auth"]["state"] == "failed"
    assert "-1022" in found["auth"]["said"]
    assert "the secret is not this key's" in found["auth"]["said"]
    assert found["order"]["state"] == "skipped"


def test_a_symbol_that_is_not_there_is_told(port: int):
    """By the venue's own words, and the streams stay silent."""
    found = checks(port, "--symbol", "NOSUCH", code=1)

    assert "-1121" in found["filters"]["said"]
    assert "no event of NOSUCH" in found["latency"]["said"]


def test_a_clock_that_differs_is_a_failure():
    """Ours decides what is stale; requests are stamped with the venue's, so keys still work."""
    with serving("--faults", "skew=2s") as port:
        found = checks(port, "--from-env", code=1, environ=ENVIRON)

    assert found["clock"]["state"] == "failed"
    assert found["clock"]["figures"]["offset_ms"] == pytest.approx(2_000, abs=100)
    assert (found["auth"]["state"], found["latency"]["state"]) == ("ok", "ok")


def test_an_order_whose_outcome_is_lost_is_looked_for():
    """It is a failure, and whatever came of it, it is told and nothing stays open."""
    with serving("--faults", "unknown=1") as port:
        found = checks(port, "--from-env", code=1, environ=ENVIRON)
        with closing(visit_at(port)) as visit:
            left = visit.ask(open_orders("ETHUSDT"))

    assert found["order"]["state"] == "failed"
    assert "order connectivity-" in found["order"]["said"]
    assert left == []


def test_no_order_is_sent_where_money_is_real():
    """Unless the word was said; nothing is even asked before that."""
    asked = Asked("ETHUSDT", key_of(API_KEY, SECRET), 0.1, 0.1, may_order=False)

    with pytest.raises(Skipped, match="repeat with --confirm live"):
        round_trip(Visit(BINANCE, asked))


def test_an_answer_of_another_kind_is_a_failure(port: int):
    """A venue that takes the order and shows something else must not pass."""
    with closing(visit_at(port)) as visit, pytest.raises(Failed, match="-2013"):
        visit.ask(order_status("ETHUSDT", 0, "never-sent"))
    for other in ({}, {"orderId": 1, "status": "FILLED", "executedQty": "1.0"},
                  {"orderId": 1, "status": "NEW", "executedQty": "0.0001"}):  # fmt: skip
        with pytest.raises(Failed):
            must_be(other, "NEW")
