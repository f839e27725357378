"""Is every answer of a slow source a value, or refused with a named reason?"""

import random
from collections.abc import Callable
from copy import deepcopy
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest

from engine.instruments import e8_of
from engine.service.context import bitquery, coingecko, etherscan, whalealert
from engine.service.context.asking import Odd, Told, parsed
from engine.service.context.settings import Source
from tests.engine.service.slow_sources import GOOD

NOW_NS = 1_772_359_200_000_000_000
PAGES: dict[str, Any] = {
    "coingecko": coingecko,
    "etherscan": etherscan,
    "bitquery": bitquery,
    "whalealert": whalealert,
}
VALUES = {
    "coingecko": Told("votes", "0.61250000", 1_772_359_200_500_000_000),
    "etherscan": Told("gas", "12.50000000", NOW_NS),
    "bitquery": Told("dex", "81234567.12500000", NOW_NS),
    "whalealert": Told("whales", "1500000.50000000", NOW_NS),
}


def source(name: str, key: str = "hush") -> Source:
    """A source with a key."""
    return Source(name, "https://there.example", key, 60.0, 10.0)


def read(name: str, found: Any) -> Told:
    """What a page makes of an answer."""
    told: Told = PAGES[name].read(parsed(dumps(found).encode()), NOW_NS)
    return told


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_is_a_value_to_the_last_digit(name):
    """Read exactly, and written so that the engine reads the same."""
    told = read(name, GOOD[name])

    assert told == VALUES[name]
    assert e8_of(told.value) == round(float(told.value) * 1e8)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("coingecko", {"status": {"error_code": 429}}, "an error of the source's"),
        ("coingecko", {"sentiment_votes_up_percentage": None}, "nothing under sentiment"),
        ("coingecko", {"sentiment_votes_up_percentage": 101}, "cannot be true"),
        ("coingecko", {"sentiment_votes_up_percentage": True}, "is no number"),
        ("coingecko", {"last_updated": "yesterday"}, "is no time"),
        ("coingecko", {"last_updated": "2026-03-01T10:00:00"}, "is no time"),
        ("etherscan", {"status": "0", "result": "Max rate limit reached"}, "an error"),
        ("etherscan", {"result": []}, "nothing under ProposeGasPrice"),
        ("etherscan", {"result": {"ProposeGasPrice": "-1"}}, "cannot be true"),
        ("etherscan", {"result": {"ProposeGasPrice": "NaN"}}, "cannot be true"),
        ("etherscan", {"result": {"ProposeGasPrice": "1e99999"}}, "cannot be true"),
        ("bitquery", {"errors": [{"message": "no"}]}, "an error of the source's"),
        ("bitquery", {"data": {"EVM": {"DEXTrades": []}}}, "not one sum"),
        ("bitquery", {"data": {"EVM": {"DEXTrades": [{"volume": []}]}}}, "is no number"),
        ("whalealert", {"result": "error"}, "an error of the source's"),
        ("whalealert", {"transactions": {"a": 1}}, "are no list"),
        ("whalealert", {"transactions": [{"amount_usd": 5}]}, "nothing under to"),
        ("whalealert", {"transactions": GOOD["whalealert"]["transactions"] * 50}, "more transfers"),
    ],
)
def test_a_bad_answer_is_refused_with_its_reason(name, change, why):
    """Each in a few words, none of them the answer's own."""
    with pytest.raises(Odd, match=why):
        read(name, {**GOOD[name], **change})


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"[]", b"7", b"\xff\xfe", b'{"a":', b"[" * 100_000, b'{"a": NaN}']
)
def test_what_is_no_json_object_is_refused(raw):
    """Pages of proxies, halves, and depths without end."""
    for name in GOOD:
        with pytest.raises(Odd):
            PAGES[name].read(parsed(raw), NOW_NS)


def test_no_transfer_at_all_is_a_flow_of_nothing():
    """The list is left out where an hour had none."""
    assert read("whalealert", {"result": "success", "count": 0}).value == "0.00000000"


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_spoiled_anywhere_is_a_value_or_refused(name):
    """500 answers, each with a part replaced, removed or repeated: never another error."""
    draw, spoiled = random.Random(name), 0
    for _ in range(500):
        found = deepcopy(GOOD[name])
        spoil(found, draw)
        try:
            e8_of(read(name, found).value)
        except Odd:
            spoiled += 1

    assert spoiled > 50


def spoil(found: Any, draw: random.Random) -> None:
    """Something in it is not what it was."""
    if isinstance(found, dict) and found:
        key: Any = draw.choice(list(found))
    elif isinstance(found, list) and found:
        key = draw.randrange(len(found))
    else:
        return
    if isinstance(found[key], dict | list) and draw.random() < 0.7:
        spoil(found[key], draw)
    elif draw.random() < 0.3:
        del found[key]
    else:
        found[key] = draw.choice((None, True, -1, 10**40, 1e308, "", "x", [], {}, [[]], "1e400"))


def recorded(shared: Path, name: str) -> list[tuple[str, Any]]:
    """Real answers of a source, each with its name; absent on most machines."""
    folder = shared / "exchange_fixtures" / name
    if not folder.is_dir():
        pytest.skip(f"needs recorded answers in {folder}")
    if name == "coingecko":
        (path,) = folder.glob("*.json")
        return [(row["test"], row["value"]) for row in loads(path.read_text())]
    return [(path.stem, loads(path.read_text())["res"]) for path in sorted(folder.glob("*.json"))]


@pytest.mark.parametrize(
    ("name", "worded"),
    [
        ("coingecko", lambda found: found),
        ("etherscan", lambda found: {"status": "1", "message": "OK", "result": found}),
    ],
)
def test_recorded_answers_to_other_questions_are_refused_by_name(
    shared: Path, name: str, worded: Callable[[Any], Any]
):
    """None of them holds what is asked for: each says what it lacks, none passes for a value."""
    answers = recorded(shared, name)

    reasons = {}
    for asked, found in answers:
        with pytest.raises(Odd) as odd:
            read(name, worded(found))
        reasons[asked] = str(odd.value)

    assert len(answers) >= 10
    assert all(reasons.values())


def test_recorded_gas_prices_are_read_where_the_oracle_has_them(shared: Path):
    """A real average price in wei, as the oracle would tell it in gwei."""
    rows = dict(recorded(shared, "etherscan"))["get_eth_daily_average_gas_price"]
    for row in rows:
        gwei = f"{int(row['avgGasPrice_Wei']) / 10**9:.8f}"
        answer = {"status": "1", "message": "OK", "result": {"ProposeGasPrice": gwei}}

        assert read("etherscan", answer).value == gwei


@pytest.mark.parametrize("name", GOOD)
def test_a_question_holds_its_key_once_and_in_a_header_where_that_serves(name):
    """An URL stands in the logs of others; etherscan takes its key nowhere else."""
    asked = PAGES[name].question(source(name), NOW_NS // 10**9)
    bare = PAGES[name].question(source(name, key=""), NOW_NS // 10**9)

    assert str(asked).count("hush") == 1
    assert any("hush" in value for value in asked.headers.values()) is (name != "etherscan")
    assert asked.url == bare.url
    assert "hush" not in asked.url
    assert not bare.headers


def test_a_source_prints_no_key():
    """Not even by mistake."""
    assert "hush" not in repr(source("etherscan"))
    assert "hush" not in str(source("etherscan"))
    assert "hush" not in f"{[source('etherscan')]}"
