"""Does `supreme venue` start, say where it is, refuse in two lines, and end politely?"""

import json
import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

from tests.acceptance.running import COMMAND, ROOT, supreme

SECRET = "a-very-secret-secret"


@contextmanager
def running(*words, **environment):
    """A venue as a process, once it said where it is; and what it said."""
    command = [*COMMAND, "venue", "--port", "0", "--json", *words]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(30)


def asked(told, path):
    """An answer of REST."""
    with urlopen(f"http://{told['host']}:{told['port']}/api/v3/{path}", timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def begun():
    """One venue with both usual symbols, for the whole file."""
    with running("--key", "k", "--secret", SECRET) as (process, told):
        yield process, told


def test_it_says_where_it_is(begun):
    """One object on stdout under --json; the secret is nowhere."""
    _, told = begun

    assert told["schema"] == "supreme.venue/1"
    assert (told["host"], told["key"], told["keys_file"]) == ("127.0.0.1", "k", None)
    assert told["symbols"] == ["ETHUSDT", "BTCUSDT"]
    assert told["label"] == "SIMULATED"
    assert SECRET not in json.dumps(told)


@pytest.mark.parametrize("symbol", ["ETHUSDT", "BTCUSDT"])
def test_there_is_a_market(begun, symbol):
    """Tick and step, an hour of closed bars with trades, and depth within a hundredth."""
    _, told = begun
    rows = asked(told, f"exchangeInfo?symbol={symbol}")["symbols"][0]["filters"]
    filters = {row["filterType"]: row for row in rows}
    bars = asked(told, f"klines?symbol={symbol}&interval=1m&limit=61")
    book = asked(told, f"depth?symbol={symbol}&limit=1000")

    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert float(filters["LOT_SIZE"]["stepSize"]) <= 0.0001
    assert len(bars) == 61
    assert all(bar[8] for bar in bars[:60])
    bid, ask = float(book["bids"][0][0]), float(book["asks"][0][0])
    assert bid < ask
    worth = sum(float(p) * float(q) for p, q in book["bids"] if float(p) > bid * 0.99)
    assert worth > 2 * 2_600


def test_it_ends_politely(begun):
    """SIGTERM: a last word to everybody, then exit code 143 and a quiet stderr."""
    with running("--symbols", "ETHUSDT", "--key", "k", "--secret", SECRET) as (process, told):
        with connect(f"ws://127.0.0.1:{told['port']}/ws/x@trade") as line:
            process.send_signal(signal.SIGTERM)
            last = json.loads(line.recv(timeout=30))
        code, said = process.wait(30), process.stderr.read()

    assert last["e"] == "serverShutdown"
    assert code == 143
    assert said.startswith("supreme venue at http://127.0.0.1:")
    assert len(said.splitlines()) == 2
    assert SECRET not in said


def test_a_signal_lets_faults_rest_and_go_on():
    """SIGUSR1: each time one object says so, and how often each fault was met."""
    words = ("--symbols", "ETHUSDT", "--key", "k", "--secret", SECRET, "--faults", "skew=1h")
    with running(*words) as (process, told):
        ahead_ms = [asked(told, "time")["serverTime"]]
        said = []
        for _ in range(2):
            process.send_signal(signal.SIGUSR1)
            said.append(json.loads(process.stdout.readline()))
            ahead_ms.append(asked(told, "time")["serverTime"])
        process.terminate()
        process.wait(30)
        words = process.stderr.read()

    assert [one["faults_rest"] for one in said] == [True, False]
    assert ahead_ms[0] - ahead_ms[1] > 3_500_000 < ahead_ms[2] - ahead_ms[1]
    assert "faults rest; met so far: none" in words


def test_a_signal_lets_symbols_be_traded_by_other_rules(tmp_path):
    """SIGUSR2: the file is read again; where it cannot be, the rules stay and a line says why."""
    file = tmp_path / "mine.toml"
    shipped = (ROOT / "engine" / "instruments.toml").read_text()
    file.write_text(shipped)
    words = ("--symbols", "ETHUSDT", "--key", "k", "--secret", SECRET, "--instruments", str(file))
    with running(*words) as (process, told):
        file.write_text(shipped.replace('tick = "0.01"', 'tick = "0.1"'))
        process.send_signal(signal.SIGUSR2)
        said = json.loads(process.stdout.readline())
        rows = asked(told, "exchangeInfo?symbol=ETHUSDT")["symbols"][0]["filters"]
        file.write_text("nothing of the kind")
        process.send_signal(signal.SIGUSR2)
        kept = said_until(process, "the rules stay")

    assert said["steps"] == {"ETHUSDT": ["0.1", "0.0001"]}
    assert [row["tickSize"] for row in rows if "tickSize" in row] == ["0.10000000"]
    assert f"the rules stay: {file} is no list of instruments" in kept


def said_until(process, words):
    """The line on stderr that has these words."""
    return next(line for line in process.stderr if words in line)


def test_its_own_key_is_made_once_and_kept(tmp_path):
    """Only the key is printed; both lie in a file for its owner alone, for the next start too."""
    home = {"XDG_DATA_HOME": str(tmp_path)}
    short = ("venue", "--port", "0", "--symbols", "ETHUSDT", "--for", "0.1", "--json")
    first, second = (supreme(*short, **home) for _ in range(2))

    told = json.loads(first.stdout)
    path = tmp_path / "supreme" / "venue" / "keys"
    key, secret = path.read_text().split()
    assert (first.returncode, second.returncode) == (0, 0)
    assert (told["keys_file"], told["key"]) == (str(path), key)
    assert json.loads(second.stdout)["key"] == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in first.stdout + first.stderr


def test_keys_it_cannot_read_are_not_replaced(tmp_path):
    """Somebody may trade with them elsewhere: they are named, and left."""
    path = tmp_path / "supreme" / "venue" / "keys"
    path.parent.mkdir(parents=True)
    path.write_text("half\n")

    done = supreme("venue", "--port", "0", XDG_DATA_HOME=str(tmp_path))

    assert done.returncode == 2
    assert str(path) in done.stderr.splitlines()[0]
    assert path.read_text() == "half\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--symbols", "NOPEUSDT"], "NOPEUSDT"),
        (["--symbols", "ETHUSDT-PERP"], "ETHUSDT-PERP is not traded here."),
        (["--faults", "rain"], "--faults: 'rain' is no fault"),
        (["--secret", "s"], "A secret was given and no key."),
        (["--key", "k"], "A key was given and no secret."),
        (["--key", "k", "--secret", "@nowhere"], "Cannot read nowhere"),
        (["--key", "k", "--secret", "-----BEGIN NOTHING"], "The secret is no key in PEM"),
        (["--recording", "nowhere.gz"], "There is no file nowhere.gz."),
        (["--port", "x"], "supreme venue: Invalid value for '--port'"),
    ],
)
def test_bad_words_are_refused_in_two_lines(words, said):
    """Exit code 2, what is wrong, and what to do."""
    done = supreme("venue", "--port", "0", *words)

    assert done.returncode == 2
    assert done.stderr.startswith(said) or said in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) == 2


def test_a_taken_port_is_refused_in_two_lines():
    """And named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = supreme(
            "venue", "--port", port, "--symbols", "ETHUSDT", "--key", "k", "--secret", "s"
        )

    assert done.returncode == 2
    assert done.stderr.startswith(f"Nothing can be served at 127.0.0.1:{port}: ")
    assert len(done.stderr.splitlines()) == 2


def test_a_real_recording_is_played(shared):
    """Its own prices, from the first moment on, with an hour of bars behind them."""
    path = shared / "exchange_fixtures/hftbacktest/binance_spot_ethusdt_20240808.raw.gz"
    with running("--symbols", "ETHUSDT", "--recording", str(path)) as (_, told):
        book = asked(told, "depth?symbol=ETHUSDT&limit=100")
        bars = asked(told, "klines?symbol=ETHUSDT&interval=1m&limit=61")
        with connect(f"ws://127.0.0.1:{told['port']}/ws/ethusdt@trade", max_queue=None) as line:
            trade = json.loads(line.recv(timeout=30))

    bid, ask = (float(book[side][0][0]) for side in ("bids", "asks"))
    assert 2_600 < bid < ask < 2_800
    assert len(book["bids"]) > 30
    assert len(bars) == 61
    assert abs(float(bars[-1][4]) / bid - 1) < 0.01
    assert abs(float(trade["p"]) / bid - 1) < 0.01
