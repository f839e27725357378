"""Does `supreme data relay` tell another exchange's market, through the library that knows it?"""

import json
import re
import signal
import subprocess
import time

import pytest

from engine.market.history import open_history
from engine.messages import TRADE_TICK, decode, split
from supreme_cli.commands import COMMANDS
from tests.acceptance.running import COMMAND, ROOT, supreme


def begun(*words: str) -> tuple[subprocess.Popen[str], str]:
    """A process that serves, and the ws:// address that it tells."""
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    line = process.stdout.readline()
    found = re.search(r"ws://[\d.]+:\d+", line)
    assert found, line
    return process, found[0]


def urls_of(host: str) -> dict:
    """Where ccxt's Binance is."""
    rest = dict.fromkeys(("public", "private", "v3"), f"http://{host}/api/v3")
    streams = {"spot": f"ws://{host}/stream/ws", "ws-api": {"spot": f"ws://{host}/ws-api/v3"}}
    return {"api": {**rest, "sapi": f"http://{host}/sapi/v1", "ws": streams}}


def test_what_a_venue_trades_is_relayed_once_each(tmp_path):
    """Recorded from the relay and beside it: the same trades, in order."""
    pytest.importorskip("ccxt", reason="needs ccxt: pip install ccxt")
    if "venue" not in COMMANDS:
        pytest.skip("needs supreme venue")
    venue, address = begun("venue", "--port", "0", "--symbols", "ETHUSDT")
    config = tmp_path / "ccxt.json"
    options = {"fetchMarkets": {"types": ["spot"]}, "defaultType": "spot"}
    config.write_text(json.dumps({"urls": urls_of(address[5:]), "options": options}))
    relay, at = begun("data", "relay", "binance", "--port", "0", "--config", str(config))
    recordings = [
        subprocess.Popen(
            [*COMMAND, "data", "record", "--url", url, "--for", "12", "--out", str(tmp_path / out)]
            + (["--streams", "trade,bookTicker"] if out == "relayed" else []),
            cwd=ROOT,
        )
        for url, out in ((address, "direct"), (at, "relayed"))
    ]
    assert [process.wait(60) for process in recordings] == [0, 0]
    for process in (relay, venue):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    direct, relayed = (trades_in(tmp_path / out) for out in ("direct", "relayed"))

    first, last = max(direct[0][0], relayed[0][0]), min(direct[-1][0], relayed[-1][0])
    both = [[one for one in told if first <= one[0] <= last] for told in (direct, relayed)]
    assert len(both[0]) > 10
    assert both[0] == both[1]


def trades_in(folder) -> list[tuple[int, ...]]:
    """The trades of the one file in a folder."""
    (path,) = folder.glob("*.records")
    told = [decode(one) for one in split(bytes(open_history(path).records)) if one[4] == TRADE_TICK]
    return [(one.trade_id, one.time_ns, one.price, one.volume, one.flags) for one in told]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["coinbase", "--symbol", "ETH/USD,BTC/USD", "--name", "ETHUSDT"], "1 names for 2 symbols"),
        (["coinbase", "--symbol", ","], "names nothing"),
    ],
)
def test_bad_words_are_refused_before_the_library_is_loaded(words, what):
    """In two lines and at once: it takes seconds to load."""
    began = time.monotonic()

    done = supreme("data", "relay", *words)

    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 2)
    assert what in done.stderr
    assert time.monotonic() - began < 60
