"""Does an engine trade on its journal's account alone, and never beside a copy of itself?"""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.control.client import holder_of, is_locked
from engine.venues.exchange.door.signing_check import key_of
from supreme_cli.services import pid_of
from tests.acceptance.exchanged import (
    RESTLESS,
    SECRET,
    Place,
    addresses_of,
    agree,
    records,
    state_of,
    until,
    venue,
)
from tests.acceptance.running import ended, held, supreme
from tests.venue_house import FUNDS, serving

pytest.importorskip("websockets", reason="supreme venue needs websockets")

AGES = ("an-older", "a-newer")
TAKEN_OVER = ("PositionCorrected", "CashDeposited", "HeldAside")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose engine is stopped in the end."""
    place = tmp_path / "first"
    yield place
    ended(place)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """Where its copy is to lie."""
    place = tmp_path / "second"
    yield place
    ended(place)


def words_for(home: Path) -> tuple[str, ...]:
    """An engine there, at a venue on this machine."""
    return ("--data-dir", str(home), "--profile", "binance-paper", "--log-format", "text")


def up(home: Path, environment: dict[str, str]) -> Any:
    """It begins in the background."""
    return supreme("up", "--no-console", *words_for(home), *RESTLESS, **environment)


def run(home: Path, environment: dict[str, str]) -> Any:
    """It lives for three seconds."""
    return supreme("run", *words_for(home), *RESTLESS, "--for", "3", "--json", **environment)


def counted(home: Path) -> Counter[str]:
    """How often the journal has each kind of what concerns an account."""
    kinds = (*TAKEN_OVER, "AccountNamed", "SubmitOrder")
    return Counter(row["kind"] for row in records(home) if row["kind"] in kinds)


def fills_of(home: Path) -> dict[int, dict[str, Any]]:
    """The journal's fills by their numbers at the venue, each of an order that it sent itself."""
    journaled = records(home)
    sent = {row["order_id"] for row in journaled if row["kind"] == "SubmitOrder"}
    fills = [row for row in journaled if row["kind"] == "OrderFilled"]
    assert {row["order_id"] for row in fills} <= sent
    found = {row["fill_id"]: row for row in fills}
    assert len(found) == len(fills)
    return found


def test_another_accounts_key_ends_the_start_and_takes_nothing_over(home):
    """Its own key goes on, also at a venue that began anew."""
    other = {"EXCHANGE_API_KEY": "another-account-1"}
    with venue() as exchange:
        assert run(home, exchange.environment).returncode == 0
    before = counted(home)
    assert before["AccountNamed"] == 1

    with venue("--key", other["EXCHANGE_API_KEY"]) as exchange:
        refused = [begin(home, exchange.environment | other) for begin in (run, up)]

    for done in refused:
        assert done.returncode == 4, done.stderr
        told = done.stderr.strip().splitlines()[-2:]
        assert "this journal is of account ..." in told[0]
        assert told[1] == "give a key of that account, or another --data-dir"
    assert not is_locked(str(home))
    assert pid_of(str(home)) is None
    assert counted(home) == before
    with venue() as exchange:
        again = run(home, exchange.environment)
    assert again.returncode == 0, again.stderr
    assert counted(home)["AccountNamed"] == 1


def test_a_new_key_of_the_same_account_goes_on(home):
    """Keys are exchanged; whose account it is stays."""
    keys = [{"EXCHANGE_API_KEY": f"{age}-key-of-one", "EXCHANGE_SECRET": SECRET} for age in AGES]
    with serving() as served:
        customer = served.house.admit(key_of(keys[0]["EXCHANGE_API_KEY"], SECRET), dict(FUNDS))
        newer = key_of(keys[1]["EXCHANGE_API_KEY"], SECRET)
        served.do(lambda: served.house.members.update({newer.name: customer._replace(key=newer)}))

        done = [run(home, addresses_of(served.port) | pair) for pair in keys]

    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    assert counted(home)["AccountNamed"] == 1


def test_keys_that_the_exchange_refuses_end_supreme_up_with_two_lines(home):
    """And leave neither engine nor service."""
    with venue() as exchange:
        done = up(home, exchange.environment | {"EXCHANGE_SECRET": "another-secret-123"})

    assert done.returncode == 4, done.stderr
    assert "the exchange refuses the API key: -1022" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
    assert not is_locked(str(home))
    assert pid_of(str(home)) is None


def traded(home: Path, exchange: Place, fills: int) -> None:
    """An engine that made so many fills more, and was stopped; its stop may lie there."""
    done = up(home, exchange.environment)
    assert done.returncode == 0, done.stderr
    wanted = state_of(home).account.fills + fills
    until(lambda: state_of(home).account.fills >= wanted, f"{fills} fills")


def test_of_two_engines_on_copies_of_a_journal_one_ends_and_no_fill_is_counted_twice(home, copy):
    """Whichever hears of the other's order first: it counts nothing of it."""
    with venue() as exchange:
        traded(home, exchange, 2)
        ended(home)
        shutil.copytree(home, copy)
        common = fills_of(home)
        began = [up(place, exchange.environment) for place in (home, copy)]
        assert {done.returncode for done in began} <= {0, 4}

        until(lambda: not (is_locked(str(home)) and is_locked(str(copy))), "one has ended")
        for place in (home, copy):
            if is_locked(str(place)):
                supreme("down", "--data-dir", str(place))

    words = [told(place) for place in (home, copy)]
    assert any("another engine trades with a copy of this journal" in said for said in words)
    here, there = fills_of(home), fills_of(copy)
    assert here.keys() & there.keys() == common.keys()


def told(home: Path) -> str:
    """What the engine said at its end, which came with exit code 4."""
    said = (home / "log" / "engine.out").read_text()
    log = "".join(path.read_text() for path in sorted((home / "log").glob("*.log")))
    assert "another engine" not in log or "code=4" in log
    return said + log


def test_a_backup_whose_original_is_gone_trades_on(home, copy):
    """Its names come again; its balances are corrected, and it counts what it does itself."""
    with venue() as exchange:
        traded(home, exchange, 2)
        ended(home)
        shutil.copytree(home, copy)
        traded(home, exchange, 4)
        supreme("down", "--data-dir", str(home), "--orders", "flatten")
        assert exchange.asked("openOrders", symbol="ETHUSDT") == []

        traded(copy, exchange, 4)
        supreme("pause", "--data-dir", str(copy), "--reason", "counted now")

        agree(copy, exchange)
        ended(copy)
    assert fills_of(copy).keys() & (fills_of(home).keys() - fills_of(copy).keys()) == set()


def test_a_backup_whose_original_left_an_open_order_waits_for_a_person(home, copy):
    """It ends at its first look, and the stop that protects lies there as it did."""
    with venue() as exchange:
        traded(home, exchange, 1)
        ended(home)
        shutil.copytree(home, copy)
        left: list[Any] = []
        while not left:  # it may be taken back just now
            traded(home, exchange, 1)
            until(lambda: held(state_of(home)), "a stop that protects")
            os.kill(int(holder_of(str(home))), signal.SIGKILL)
            left = exchange.asked("openOrders", symbol="ETHUSDT")

        done = up(copy, exchange.environment)

        assert exchange.asked("openOrders", symbol="ETHUSDT") == left
    assert done.returncode == 4, done.stderr
    assert "cancel its open orders at the exchange by hand" in done.stderr
    assert fills_of(copy).keys() < fills_of(home).keys()
