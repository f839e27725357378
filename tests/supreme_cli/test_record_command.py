"""Does `supreme data record` keep what it hears, and is it whole however it ends?"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.journal.segments import HEADER_SIZE, MAGIC
from engine.market.history import RecordFile, open_history
from engine.market.importing import Options, prepare
from engine.messages import TRADE_TICK, decode, split
from supreme_cli.commands import COMMANDS
from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.engine.market.played import RECORDING, recording, streamed
from tests.engine.market.playing import PlayingServer
from tests.engine.market.taped import depth, ticker, trade

pytest.importorskip("websockets")
pytest.importorskip("httpx")

TRADES, RECORDS, MESSAGES = 6_106, 30_183, 33_617
# A book and trades for ever, where the real recording is not at hand.
TAPE = [
    (0, line.partition(" ")[2].encode())
    for at in range(1, 20_000)
    for line in (
        ticker(at, 3 * at, f"{2683 + at % 7}.10", f"{2683 + at % 7}.20"),
        trade(at, at),
        depth(at, 3 * at, 3 * at + 2, bids=[["2600.00", str(at)]]),
    )
]


def silent(*_: object) -> None:
    """No progress."""


def begun(server: PlayingServer, folder: Path, *words: str) -> subprocess.Popen[str]:
    """A recording that goes on; not for ever, should the test fail before it ends it."""
    where = ["--url", server.url, "--out", str(folder), "--for", "200"]
    return subprocess.Popen(
        [*COMMAND, "data", "record", *where, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def recorded(tape: list[tuple[int, bytes]], folder: Path, *words: str) -> str:
    """What is told of a recording that was ended once it had the whole tape on the disk."""
    size = HEADER_SIZE + RECORDS * 64
    with PlayingServer(tape, pace=12_000) as server:
        process = begun(server, folder, *words)
        wait_for(lambda: any(one.stat().st_size > size for one in folder.glob("*s.part")), 120)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    return out


def is_flushed(path: Path) -> bool:
    """Whether records are on the disk, and the header says so."""
    raw = path.read_bytes()
    return len(raw) > 2 * HEADER_SIZE and raw.startswith(MAGIC)


def opened(folder: Path) -> list[RecordFile]:
    """Every record file there, verified."""
    return [open_history(path) for path in sorted(folder.glob("*.records"))]


def told(file: RecordFile) -> list:
    """Its messages without times of ours, which differ from run to run."""
    return [decode(one)._replace(received_ns=0) for one in split(bytes(file.records))]


def trades_in(records: bytes) -> list:
    """What is told of trades."""
    found = [decode(one) for one in split(records) if one[4] == TRADE_TICK]
    return [(one.time_ns, one.price, one.volume, one.trade_id, one.flags) for one in found]


def wait_for(condition, seconds: float = 60.0) -> None:
    """Until it holds; the test fails if it never does."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_real_market_is_recorded_and_its_messages_are_read_back_equal(shared, tmp_path):
    """Each of 30,183 trades and best prices; the messages, imported, tell the same as ever."""
    tape = recording(shared)
    said = json.loads(recorded(tape, tmp_path, "--raw", "--json"))

    assert said["symbols"] == [
        {"symbol": "ETHUSDT", "records": RECORDS, "trades_missing": 0, "gaps": 0}
    ]
    (file,) = opened(tmp_path)
    assert (len(file.records) // 64, file.kind, file.simulated) == (RECORDS, "ticks", True)
    (raw,) = tmp_path.glob("*.raw.gz")
    (again,) = prepare([str(raw)], Options(), silent)
    assert again.simulated, "what came from this machine is labelled, told again too"
    (original,) = prepare([str(shared / RECORDING)], Options(), silent)
    assert again.recorded
    assert original.recorded
    assert not original.simulated
    assert again.recorded.lines == MESSAGES + 3  # the label, a subscription's answer, a snapshot
    assert (again.recorded.gaps, again.recorded.different) == (0, 0)
    assert again.recorded.updates > original.recorded.updates * 0.8  # from its own snapshot on
    expected = trades_in(original.records.tobytes())
    assert len(expected) == TRADES
    assert trades_in(bytes(file.records)) == trades_in(again.records.tobytes()) == expected
    assert [line.partition(b" ")[2] for line in lines_of(raw) if b'{"stream"' in line] == [
        text for _, text in streamed(tape)
    ]
    assert supreme("data", "check", str(tmp_path / Path(said["files"][0]["file"]).name)).stdout


def lines_of(path: Path) -> list[bytes]:
    """The lines of a packed file."""
    import gzip

    with gzip.open(path) as file:
        return [line.rstrip(b"\n") for line in file]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_whole_files(tmp_path, kind):
    """The code says which; the next recording begins files of its own."""
    with PlayingServer(TAPE, pace=500, burst=10) as server:
        for number in (1, 2):
            process = begun(server, tmp_path, "--raw")
            wait_for(lambda: len(list(tmp_path.glob("*.part"))) == 2)
            sent = server.sent
            wait_for(lambda sent=sent: server.sent > sent + 500)
            process.send_signal(kind)
            out, errors = process.communicate(timeout=60)
            assert (process.returncode, errors) == (128 + kind, "")
            assert "ETHUSDT: " in out
            assert len(opened(tmp_path)) == number

    assert all(len(file.records) > 64 * 100 for file in opened(tmp_path))
    assert list(tmp_path.glob("*.part")) == []


def test_what_was_flushed_outlives_a_killed_recording(tmp_path):
    """The next one gives the files their names, cut to what is whole."""
    with PlayingServer(TAPE, pace=500, burst=10) as server:
        process = begun(server, tmp_path, "--raw")
        wait_for(lambda: any(map(is_flushed, tmp_path.glob("*s.part"))))
        wait_for(lambda: any(path.stat().st_size for path in tmp_path.glob("*.gz.part")))
        process.kill()
        process.communicate(timeout=60)
        assert list(tmp_path.glob("*.records")) == []

        process = begun(server, tmp_path)
        wait_for(lambda: list(tmp_path.glob("*.records")))
        wait_for(lambda: any(map(is_flushed, tmp_path.glob("*s.part"))))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert errors.count("was left unfinished and is whole now") == 2
    first, _ = opened(tmp_path)
    assert len(first.records) > 64 * 100
    (raw,) = tmp_path.glob("*.raw.gz")
    (series,) = prepare([str(raw)], Options(), silent)
    assert trades_in(series.records.tobytes())[: len(trades_in(bytes(first.records)))]
    assert list(tmp_path.glob("*.part")) == []


def test_files_are_rotated_and_bounded(tmp_path):
    """Small ones follow one another; together they end the recording."""
    with PlayingServer(TAPE, pace=20_000) as server:
        done = supreme(
            *("data", "record", "--url", server.url, "--out", str(tmp_path), "--json"),
            *("--file-mb", "0.1", "--total-mb", "0.6"),
        )

    said = json.loads(done.stdout)
    assert (done.returncode, said["ended"]) == (0, "full: --total-mb is reached")
    files = opened(tmp_path)
    assert len(files) == len(said["files"]) >= 2
    ids = [one[3] for file in files for one in trades_in(bytes(file.records))]
    assert ids == list(range(ids[0], ids[-1] + 1))


def test_a_recorded_file_is_traded(shared, tmp_path):
    """`backtest` takes it as it is, and says that its market is not a real one."""
    recorded(recording(shared), tmp_path)
    (path,) = tmp_path.glob("*.records")

    done = supreme("backtest", str(path))

    assert done.returncode == 0, done.stderr
    assert "SIMULATED" in done.stdout


def test_a_venue_that_breaks_lines_is_recorded_without_a_loss(tmp_path):
    """It ends lines, drops and doubles events: each trade is there once, the missing ones asked."""
    if "venue" not in COMMANDS:
        pytest.skip("needs supreme venue")
    venue = subprocess.Popen(
        [*COMMAND, "venue", "--port", "0", "--symbols", "ETHUSDT", "--key", "K", "--secret", "S",
         "--faults", "disconnect=3s,drop=0.02,duplicate=0.05"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert venue.stdout
    url = "ws://" + venue.stdout.readline().partition("ws://")[2].partition(": ")[0]

    done = supreme("data", "record", "--url", url, "--out", str(tmp_path), "--for", "20", "--json")
    venue.terminate()
    venue.communicate(timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["sources"]) > 3
    told = [one for file in opened(tmp_path) for one in trades_in(bytes(file.records))]
    ids = sorted(one[3] for one in told)
    assert len(ids) == len(set(ids)) > 10
    # What is missing is asked for when it was for two seconds, and a line may be cut meanwhile.
    newest_ns = max(one[0] for one in told)
    settled = max(one[3] for one in told if one[0] < newest_ns - 8_000_000_000)
    assert set(range(ids[0], settled)) <= set(ids)


def test_nobody_there(tmp_path):
    """Two lines and a code, after the time that was given."""
    done = supreme(
        *("data", "record", "--url", "ws://127.0.0.1:9", "--out", str(tmp_path)),
        *("--timeout", "0.6"),
    )

    assert done.returncode == 5
    assert "Nothing was heard in 0.6 s (binance streams: " in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--url", "nonsense"], "is no address"),
        (["--url", "ws://host:99999"], "is no address"),
        (["--symbol", "ETHUSDT,ETHUSDT"], "names nothing, or one twice"),
        (["--symbol", "NONEUSDT"], "There is no instrument"),
        (["--streams", "trade,kline_1m"], "kline_1m is not kept"),
        (["--out", "{file}"], "is a file"),
    ],
)
def test_bad_words_are_refused_at_once(tmp_path, words, what):
    """In two lines, before anything is opened."""
    file = tmp_path / "file"
    file.write_text("")

    done = supreme("data", "record", *(word.format(file=file) for word in words))

    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 2), done.stderr
    assert what in done.stderr


def test_progress_is_drawn_on_a_terminal_only(tmp_path):
    """One line, rewritten, and taken away at the end."""
    import pty

    master, slave = pty.openpty()
    with PlayingServer(TAPE, pace=500, burst=10) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "supreme_cli", "data", "record", "--url", server.url, "--out",
             str(tmp_path), "--for", "2"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=slave, text=True,
        )  # fmt: skip
        out, _ = process.communicate(timeout=60)
    os.close(slave)
    drawn = os.read(master, 1 << 16).decode()
    os.close(master)

    assert "ETHUSDT: " in out
    assert "binance streams  ETHUSDT " in drawn
    assert drawn.rstrip().endswith("\x1b[K")
