"""Does an engine that goes on from a snapshot come to where a full replay comes to?"""

import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.running import COMMAND, ROOT, final_state, supreme
from tests.acceptance.test_crash import SMALL, lived, shim
from validators.degrade.market import trades_file

__all__ = ["shim"]  # a fixture that both files use
STOPS = 8
PACE = "6000"  # all stops together leave more than half of the market to the lives between


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some simulated hours of trades and their heartbeats."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 9_000)


def stopped(market: Path, directory: Path, seconds: str) -> subprocess.CompletedProcess[str]:
    """A life that is stopped gracefully before the market ends, however quick the machine is."""
    words = ("--replay", str(market), "--speed", PACE, "--data-dir", str(directory))
    return supreme("run", *words, "--for", seconds, "--quiet", *SMALL)


def snapshots(directory: Path) -> list[Path]:
    """The snapshot files, oldest first."""
    return sorted((directory / "snapshots").glob("*.snapshot"))


def killed(shim: Path, market: Path, directory: Path, fault: str, where: str) -> bool:
    """Kill a life at a counted disk call below a folder; whether it died of it."""
    faulted = {"LD_PRELOAD": str(shim), "SUPREME_FAULT": fault, "SUPREME_FAULT_ON": where}
    return lived(market, directory, **faulted).returncode == -signal.SIGKILL


def test_killed_and_stopped_again_and_again(market: Path, shim: Path, tmp_path: Path):
    """With its snapshots, without them and with bad ones: the digest of an engine never stopped."""
    expected = final_state(lived(market, tmp_path / "whole"))["state_digest"]
    draws, directory = random.Random(3), tmp_path / "d"
    for stop in range(STOPS):
        assert stopped(market, directory, ("0.1", "0.6")[stop == 3]).returncode == 0
        fault = f"pwrite:{draws.randint(2, 9)}:{draws.choice(('kill-before', 'kill-half'))}"
        assert killed(shim, market, directory, fault, "/journal/"), stop
    copies = {name: tmp_path / name for name in ("with", "without", "bad")}
    for copy in copies.values():
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("socket"))
    shutil.rmtree(copies["without"] / "snapshots")
    for path in snapshots(copies["bad"])[-2:]:
        path.write_bytes(path.read_bytes()[:-7])

    done = {name: lived(market, copy) for name, copy in copies.items()}

    assert {final_state(one)["state_digest"] for one in done.values()} == {expected}
    newest = int(snapshots(directory)[-1].stem)
    assert f"records after the snapshot at {newest:,} in" in done["with"].stderr
    assert "without a snapshot, in" in done["without"].stderr
    assert "is not what was written: it is not used" in done["bad"].stderr


@pytest.mark.parametrize("call", range(1, 6))
def test_killed_while_it_writes_a_snapshot(market: Path, shim: Path, tmp_path: Path, call: int):
    """Half a snapshot is none: the next start uses the one before, and ends up the same."""
    expected = final_state(lived(market, tmp_path / "whole"))["state_digest"]
    directory = tmp_path / "d"
    assert stopped(market, directory, "0.1").returncode == 0
    (before,) = snapshots(directory)

    killed(shim, market, directory, f"any:{call}:kill-half", "/snapshots/")
    done = lived(market, directory)

    assert final_state(done)["state_digest"] == expected
    assert before in snapshots(directory)


def test_no_snapshot_after_a_failure(market: Path, shim: Path, tmp_path: Path):
    """A state whose journal failed stands for nothing."""
    faulted = {
        "LD_PRELOAD": str(shim), "SUPREME_FAULT": "fdatasync:9:EIO",
        "SUPREME_FAULT_ON": "/journal/",
    }  # fmt: skip
    assert lived(market, tmp_path / "d", **faulted).returncode == 4

    assert snapshots(tmp_path / "d") == []


def test_a_disk_without_room_for_a_snapshot_stops_nobody(market: Path, shim: Path, tmp_path: Path):
    """It only makes the next start slower."""
    faulted = {
        "LD_PRELOAD": str(shim), "SUPREME_FAULT": "pwrite:1+:ENOSPC",
        "SUPREME_FAULT_ON": "/snapshots/",
    }  # fmt: skip
    done = lived(market, tmp_path / "d", **faulted)

    assert done.returncode == 0
    assert list((tmp_path / "d" / "snapshots").iterdir()) == []
    assert "SnapshotNotKept" in (tmp_path / "d" / "log" / "engine.log").read_text()


def test_a_journal_cut_behind_its_snapshot_is_refused(market: Path, tmp_path: Path):
    """Two lines that name the sequence; nothing is traded, nothing is changed."""
    directory = tmp_path / "d"
    assert stopped(market, directory, "0.1").returncode == 0
    last = sorted((directory / "journal").glob("*.segment"))
    begun = [path for path in last if path.read_bytes().strip(b"\0")][-1]
    raw = begun.read_bytes()
    begun.write_bytes(raw[: 4096 + 64].ljust(len(raw), b"\0"))

    done = lived(market, directory)

    assert done.returncode == 4
    assert f"(sequence {int(begun.stem) + 1}) is gone" in done.stderr
    assert f"all before sequence {int(snapshots(directory)[-1].stem)} was there" in done.stderr


def test_a_snapshot_kept_beside_a_running_engine(market: Path, tmp_path: Path):
    """Folded from its journal by another process: the engine, killed then, goes on from it."""
    expected = final_state(lived(market, tmp_path / "whole"))["state_digest"]
    directory = tmp_path / "d"
    words = ["run", "--replay", str(market), "--speed", "300", "--data-dir", str(directory), *SMALL]
    engine = subprocess.Popen([*COMMAND, *words], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (directory / "control" / "socket").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    kept = supreme("journal", "compact", "--yes", "--data-dir", str(directory))
    engine.kill()
    engine.wait()

    done = lived(market, directory)

    assert kept.returncode == 0, kept.stderr
    assert final_state(done)["state_digest"] == expected
    assert "records after the snapshot at" in done.stderr


def test_replay_shows_what_a_shortened_journal_still_holds(market: Path, tmp_path: Path):
    """The end as before; a time whose records are gone is refused, with what to do."""
    assert stopped(market, tmp_path / "d", "0.6").returncode == 0
    before = supreme("replay", str(tmp_path / "d"), "--json")

    cut = supreme(
        "journal", "compact", "--erase-before", "4000", "--yes", "--data-dir", str(tmp_path / "d")
    )

    assert "removed 0 files" not in cut.stdout
    assert final_state(supreme("replay", str(tmp_path / "d"), "--json")) == final_state(before)
    early = supreme("replay", str(tmp_path / "d"), "--at", "2025-01-01T00:05")
    assert (early.returncode, "were removed" in early.stderr) == (2, True)
