"""Does an engine live on another program's records, whoever sends them, and lose or repeat none?"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.camera import restored
from engine.control.client import Link
from engine.errors import Refused
from engine.lines.feeding import Feeding
from engine.lines.hello import Hello
from engine.messages import TradeTick, encode
from tests.acceptance.exchanged import records
from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.builders import ETHER

START_NS, STEP_NS = 1_747_000_000_000_000_000, 100_000_000
BITCOIN = ETHER._replace(name="BTCUSDT", base="BTC")
MARKET = Hello("a test's market", is_simulated=True, instruments=(ETHER,))
WITHIN_S = 30.0


def trades(first: int, count: int) -> bytes:
    """So many of the market, which has one each 100 ms; numbered from 0."""
    return b"".join(
        encode(TradeTick(0, at_ns, at_ns, 250_000 + number % 7, 1_000, number))
        for number in range(first, first + count)
        for at_ns in (START_NS + number * STEP_NS,)
    )


@contextmanager
def engine(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One that listens at the socket beside its directory; killed behind us."""
    words = ("run", "--quiet", "--feed", str(socket_of(home)), "--data-dir", str(home))
    told = home.parent / "said"
    with told.open("wb") as said:
        process = subprocess.Popen([*COMMAND, *words], cwd=ROOT, stdout=said, stderr=said)
    try:
        until(lambda: b"waiting for a feeder" in told.read_bytes(), "it listens")
        yield process
    finally:
        process.kill()
        process.wait(WITHIN_S)


def socket_of(home: Path) -> Path:
    """Where the engine listens."""
    return home.parent / "feed" / "s"


def fed(home: Path, hello: Hello = MARKET) -> Feeding:
    """A feeder that was taken."""
    return Feeding(str(socket_of(home)), hello)


def until(holds: Callable[[], Any], what: str) -> None:
    """Wait for it; asking is what takes the time."""
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end, what


def heard(home: Path) -> int:
    """The number behind the newest trade the engine has."""
    try:
        with closing(Link(str(home), 10.0)) as link:
            last: int = restored(link.picture()).clock.now_ns
    except Refused:
        return 0  # it is still starting
    return (last - START_NS) // STEP_NS + 1


def journaled(home: Path) -> list[int]:
    """The numbers of the trades in the journal, in their order."""
    return [row["trade_id"] for row in records(home) if row["kind"] == "TradeTick"]


def log_of(home: Path) -> str:
    """All that the engine's log says."""
    return (home / "log" / "engine.log").read_text()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory."""
    return tmp_path / "d"


def test_one_feeder_after_another_feeds_the_same_market(home):
    """It is labelled, its end is told, another goes on; of other instruments none is taken."""
    with engine(home) as process:
        with fed(home) as one:
            one.send(trades(0, 500))
            until(lambda: heard(home) >= 500, "the first feeder is heard")
            shown = supreme("status", "--data-dir", str(home)).stdout
            with pytest.raises(Refused, match="another program feeds this engine"):
                fed(home)
        until(lambda: "the feeder left" in log_of(home), "that it left is told")
        with pytest.raises(Refused, match="this engine trades ETHUSDT"):
            fed(home, MARKET._replace(instruments=(BITCOIN,)))
        with fed(home, MARKET._replace(label="another program")) as other:
            other.send(trades(500, 500))
            until(lambda: heard(home) >= 1_000, "the second feeder is heard")
        supreme("down", "--data-dir", str(home))
        code = process.wait(WITHIN_S)

    assert code == 0
    assert "SIMULATED FEED a test's market" in shown
    assert journaled(home) == list(range(1_000))


def test_after_a_kill_the_journal_goes_on_with_what_is_fed_next(home):
    """What was taken before is there once and in order; the engine neither skips nor repeats."""
    with engine(home) as process, fed(home) as one:
        one.send(trades(0, 2_000))
        until(lambda: heard(home) >= 1_000, "half of it is heard")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(WITHIN_S)
    before = journaled(home)
    with engine(home) as process, fed(home) as one:
        one.send(trades(2_000, 500))
        until(lambda: heard(home) >= 2_500, "it goes on")
        supreme("down", "--data-dir", str(home))
        process.wait(WITHIN_S)

    assert before == list(range(len(before)))
    assert len(before) >= 500
    assert journaled(home) == [*before, *range(2_000, 2_500)]


@pytest.mark.parametrize("comes", [False, True])
def test_the_time_to_run_counts_while_a_feeder_is_waited_for(home, comes):
    """Nobody comes: it ends all the same, and says so. One that comes late has the rest of it."""
    words = ("--quiet", "--feed", str(socket_of(home)), "--data-dir", str(home), "--for", "4")
    with subprocess.Popen(
        [*COMMAND, "run", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "waiting for a feeder" in process.stderr.readline()
        began = time.monotonic()
        if comes:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(3.0)
            with fed(home) as one:
                one.send(trades(0, 500))
                process.wait(WITHIN_S)
        said = process.stderr.read().strip().splitlines()
        took_s = time.monotonic() - began

    assert 3.0 < took_s < 6.0
    assert process.returncode == (0 if comes else 5), said
    assert comes or ("nobody came to feed" in said[0] and len(said) == 2)
