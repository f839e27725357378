"""Do many readers of the service share one answer, and is it never older than promised?"""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="needs msgspec")

from engine.control.client import Link
from engine.errors import Refused
from engine.picture import curve_of, picture
from engine.preview import preview
from engine.service.showing import STRATEGY_AT, Showing, plain
from engine.service.standing import folder_of, standing_of
from supreme_cli.services import ask
from tests.acceptance.running import supreme
from tests.engine.service.copying import until
from tests.engine.service.keeping import projecting, run
from tests.engine.service.test_pages import started

READERS = 12
LONG = {"SUPREME_CACHE__TTL__SNAPSHOTS": "1000"}  # so that no reader comes after the end


@contextmanager
def serving(place: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A service that has read all, ended at the end."""
    one = started(place, **environment)
    try:
        yield one
    finally:
        one.terminate()
        one.wait(30)


def truth(place: Path, folder: Path) -> tuple[Any, dict[str, Any]]:
    """The preview of the first symbol and the state in words, folded here from a copy."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(place / "journal", folder / "journal")
    one = projecting(folder)
    one.finish(60.0)
    assert one.fold is not None
    name, state = one.fold.kept.names[0], one.fold.core.state
    found = preview(one.fold.core.image(), 0, name)
    words = {"snapshot": plain(picture(state, [name])), "curve": curve_of(state)._asdict()}
    one.close()
    one.standing.log.close()
    return found, json.loads(json.dumps(words))


def at_once(place: Path, verb: str, **fields: Any) -> list[dict[str, Any]]:
    """The answers of as many readers, each over a connection of its own."""
    gate = Barrier(READERS)

    def read(_number: int) -> dict[str, Any]:
        with closing(Link(folder_of(str(place)), 20.0, "reader")) as link:
            gate.wait()
            return link.ask(verb, **fields)

    with ThreadPoolExecutor(READERS) as readers:
        return list(readers.map(read, range(READERS)))


def loads(place: Path) -> dict[str, int]:
    """How often each namespace asked its source."""
    return {name: row["loads"] for name, row in ask(str(place), "cache")["namespaces"].items()}


def said(found: Any) -> tuple[Any, ...]:
    """What a preview says of a closed bar."""
    return (
        found.symbol, found.wanted, found.confidence, found.agent, found.cause, found.bars,
        found.bar_time_ns, found.indicators,
    )  # fmt: skip


def answered(found: dict[str, Any]) -> tuple[Any, ...]:
    """The same of an answer."""
    names = ("symbol", "wanted", "confidence", "agent", "cause", "bars", "bar_time_ns")
    return (*(found[name] for name in names), found["indicators"])


def test_many_readers_cost_one_load_and_a_later_bar_another_one(market, tmp_path):
    """A bar's signal and the newest state are made once for all; what the journal adds is seen."""
    place = tmp_path / "data"
    run(place, market, "--for", "0.4")
    before, words = truth(place, tmp_path / "copy")
    with serving(place, **LONG):
        signals = at_once(place, "signal", symbol="ETH-USDT", interval=60)
        snapshots = at_once(place, "snapshot")

        assert {answered_text(one) for one in signals} == {json.dumps(said(before))}
        assert all(one | words == one for one in snapshots)
        assert loads(place) == {"pages": 0, "signals": 1, "snapshots": 1}

        run(place, market)
        until(lambda: ask(str(place), "signal", symbol="ETHUSDT")["bars"] > before.bars)
        after, _ = truth(place, tmp_path / "copy")
        until(lambda: not standing_of(str(place))["behind"])
        until(lambda: ask(str(place), "signal", symbol="ETHUSDT")["bars"] == after.bars)
        later = at_once(place, "signal", symbol="ETHUSDT", interval=60)

    assert {answered_text(one) for one in later} == {json.dumps(said(after))}
    assert later[0]["next_bar_ns"] == after.bar_time_ns + 120_000_000_000


def answered_text(found: dict[str, Any]) -> str:
    """An answer that can be compared with others."""
    return json.dumps(answered(found))


def test_a_killed_service_comes_back_with_the_right_answers(place, tmp_path):
    """Nothing of the one before is believed: signals and states are of memory alone."""
    expected, words = truth(place, tmp_path / "copy")
    first = started(place)
    answers = [ask(str(place), verb, symbol="ETHUSDT") for verb in ("signal", "snapshot")]
    first.send_signal(signal.SIGKILL)
    first.wait(30)
    with serving(place):
        again = [ask(str(place), verb, symbol="ETHUSDT") for verb in ("signal", "snapshot")]
        counted = loads(place)
        tiers = ask(str(place), "cache")["namespaces"]

    assert again == answers
    assert answered(again[0]) == said(expected)
    assert again[1] | words == again[1]
    assert (counted["signals"], counted["snapshots"]) == (1, 1)
    assert tiers["signals"]["tiers"] == tiers["snapshots"]["tiers"] == {}


def test_a_state_is_never_older_than_its_time(market, tmp_path):
    """Its time over, the next reader gets what the journal comes to now."""
    place = tmp_path / "data"
    run(place, market, "--for", "0.4")
    with serving(place, SUPREME_CACHE__TTL__SNAPSHOTS="0.01"):
        before = ask(str(place), "snapshot")
        run(place, market)
        until(lambda: ask(str(place), "snapshot")["sequence"] > before["sequence"])
        until(lambda: not standing_of(str(place))["behind"])
        _, words = truth(place, tmp_path / "copy")
        until(lambda: ask(str(place), "snapshot")["curve"] == words["curve"])
        after = ask(str(place), "snapshot")

    assert after | words == after


def test_other_parameters_make_another_signal_within_the_bar(place, native):
    """They stand in the key beside the bar: whoever asks gets the agent chosen now."""
    one = projecting(place)
    one.finish(60.0)
    assert one.fold is not None
    showing, buffer = Showing(lambda: one.fold), one.fold.core.buffer
    before, work = showing.signal({"symbol": "ETHUSDT"})
    buffer[STRATEGY_AT : STRATEGY_AT + 8] = (2).to_bytes(8, "little")
    after, other = showing.signal({"symbol": "ETHUSDT"})
    found = [json.loads(each().value) for each in (work, other)]
    one.close()
    one.standing.log.close()

    assert before.rpartition(":")[0] == after.rpartition(":")[0]
    assert before != after
    assert [row["agent"] for row in found] == ["vote", "ema_cross"]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"symbol": "NONSENSE"}, "does not trade NONSENSE"),
        ({"symbol": "ETHUSDT", "interval": 300}, "builds bars of 60 s, none of 300 s"),
        ({"symbol": "ETHUSDT", "interval": 1e400}, "does not know this request"),
        ({"symbol": "ETHUSDT", "interval": "x"}, "does not know this request"),
        ({}, "does not know this request"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused(place, fields, what):
    """In words, and the service goes on."""
    with serving(place):
        with pytest.raises(Refused, match=what):
            ask(str(place), "signal", **fields)
        assert ask(str(place), "signal", symbol="ETHUSDT")["interval"] == 60


def test_people_read_both_when_no_engine_runs(place):
    """The last bar's signal, and the curve of equity, each labelled with its market."""
    words = ("--data-dir", str(place))
    with serving(place):
        bar = supreme("signal", "ETHUSDT", "--interval", "60", *words)
        odd = supreme("signal", "ETHUSDT", "--interval", "61", *words)
        curve = supreme("equity", "--service", *words)
        fields = json.loads(supreme("equity", "--service", "--json", *words).stdout)

    assert bar.stdout.startswith("PAPER  ")
    assert "\nnext_bar" in bar.stdout
    assert (odd.returncode, len(odd.stderr.strip().splitlines())) == (2, 2)
    assert curve.stdout.splitlines()[0].startswith("PAPER  ")
    assert curve.stdout.splitlines()[1].startswith("equity ")
    assert fields["curve"]["points"]
