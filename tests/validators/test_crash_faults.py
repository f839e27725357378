"""What does an engine do on a disk that refuses, that is slow, and that is full?"""

import shutil
from random import Random
from typing import NamedTuple

import pytest

from tests.small_disk import fill, small_disk
from validators.crash.faults import after_a_delay, after_a_refusal, wrong_in
from validators.crash.kills import Trial
from validators.crash.tracing import hindrance, lived
from validators.degrade.market import trades_file

__all__ = ["small_disk"]
SMALL = (
    *("--set", "journal.segment_bytes=65536"),
    *("--set", "journal.reserved_bytes=0"),
    *("--set", "journal.free_disk_floor_bytes=0"),
)
REFUSALS = {
    "sync": ("fdatasync:error=EIO:when={}",),
    "write": ("pwrite64:error=EIO:when={}+", "pwrite64:error=ENOSPC:when={}+"),
}
SLOWEST_MS = 5_000
NO_SOCKET = shutil.ignore_patterns("socket")


class Market(NamedTuple):
    """What an engine runs on, with enough commits for so many faults; the digest without one."""

    words: list[str]
    expected: str
    faults: int


@pytest.fixture(scope="module", params=[6, pytest.param(200, marks=pytest.mark.long)])
def market(request, native, tmp_path_factory):
    """One for each count of faults."""
    if hindrance():
        pytest.skip(hindrance())
    folder, is_long = tmp_path_factory.mktemp("market"), request.param > 6
    trades = trades_file(folder / "eth.records", 6_000 if is_long else 3_600)
    words = ["--replay", str(trades), "--speed", "max", "--quiet", *SMALL]
    words += ["--set", f"run.heartbeat_ns={5_000_000_000 if is_long else 30_000_000_000}"]
    return Market(words, Trial(folder / "whole", words, 1).live(), request.param)


@pytest.mark.parametrize("call", REFUSALS)
def test_a_refused_call_ends_all_acknowledgement(market, native, memory, call):
    """Each of the first calls once: code 4, two lines, nothing acknowledged that is not synced."""
    for number in range(1, market.faults + 1):
        home, kinds = memory / str(number), REFUSALS[call]
        fault = kinds[number % len(kinds)].format(number)
        wrong = after_a_refusal(home, market.words, fault, native, market.expected)
        assert wrong == [], fault
        shutil.rmtree(home)


def test_a_slow_disk_loses_nothing(market, native, memory):
    """Syncs that take up to seconds: the market waits, and nothing is acknowledged before."""
    draw = Random(1)
    for number in range(1, market.faults + 1):
        delay_ms = int(10 * (SLOWEST_MS / 10) ** (draw.random() ** 4))
        home, fault = memory / str(number), f"fdatasync:delay_enter={delay_ms}ms:when={number}"
        wrong = after_a_delay(home, market.words, fault, native, market.expected)
        assert wrong == [], fault
        shutil.rmtree(home)


@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.long)])
def test_a_disk_that_is_really_full_stops_it(small_disk, native, tmp_path, count):
    """Wherever it becomes full; with room again it goes on, all that was sent is there."""
    if hindrance():
        pytest.skip(hindrance())
    trades = trades_file(tmp_path / "eth.records", 6_000)
    words = ["--replay", str(trades), "--speed", "max", "--quiet", *SMALL]
    draw = Random(1)
    for number in range(count):
        trial = Trial(small_disk / str(number), words, 1)
        fill(small_disk, left=draw.randrange(100_000, 500_000))

        stopped = lived(trial.command)

        assert wrong_in(stopped) == []
        assert "the disk is full" in stopped.errors
        assert trial.losses() == []
        (small_disk / "filler").unlink()
        moved = shutil.copytree(trial.home / "data", tmp_path / str(number), ignore=NO_SOCKET)
        shutil.rmtree(trial.home / "data")
        assert lived([*trial.command, "--data-dir", str(moved)]).code == 0
