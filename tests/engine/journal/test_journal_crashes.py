"""Is everything that was acknowledged there after a crash, a power cut or a failed disk?"""

import re
import struct
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from engine.errors import Refused
from engine.journal.recovery import recover
from tests.engine.journal.building import OURS, acknowledged, content, run_of, segments_in, writing
from tests.engine.journal.keep import TOTAL

SECTOR = 512


def tally_of(path):
    """Call -> how often, from the shim's file."""
    return {
        name: int(count) for name, count in (line.split() for line in path.read_text().splitlines())
    }


@pytest.fixture
def killed(tmp_path, disk, shim):
    """Kill a writing process at the k-th disk call; demand all it was told, and that it goes on."""

    def check(number, action):
        directory = tmp_path / f"{number}-{action}" / "journal"
        directory.parent.mkdir()
        done = writing(directory, disk, shim, SUPREME_FAULT=f"any:{number}:{action}")
        told = acknowledged(done)
        found = recover(directory, OURS, disk)
        assert done.returncode == -9
        assert told <= found.sequence <= TOTAL
        assert content(directory, disk) == run_of(0, found.sequence)
        again = writing(directory, disk)
        assert (again.returncode, again.stderr) == (0, "")
        assert content(directory, disk) == run_of(0, TOTAL)

    return check


def calls_of_a_whole_run(folder, disk, shim):
    """How many disk calls it takes to keep TOTAL records."""
    tally = folder / "tally"
    done = writing(folder / "journal", disk, shim, SUPREME_FAULT_TALLY=str(tally))
    assert (done.returncode, done.stderr, acknowledged(done)) == (0, "", TOTAL)
    return tally_of(tally)


@pytest.mark.parametrize("action", ["kill-before", "kill-half", "kill-after"])
def test_a_killed_writer_loses_nothing_acknowledged(tmp_path, disk, shim, killed, action):
    """Six points over append, sync, preparing and rotating; every point in the long test."""
    calls = calls_of_a_whole_run(tmp_path, disk, shim)["any"]

    for part in range(6):
        # The last at four fifths: a run whose records share more syncs makes fewer calls.
        killed(1 + (calls - 4) * part * 4 // 25, action)


@pytest.mark.long
@pytest.mark.parametrize("action", ["kill-before", "kill-half", "kill-after"])
def test_a_writer_killed_anywhere_loses_nothing_acknowledged(tmp_path, disk, shim, killed, action):
    """Every single disk call of the run."""
    for number in range(1, calls_of_a_whole_run(tmp_path, disk, shim)["any"] - 3):
        killed(number, action)


def test_recovery_syncs_what_only_the_cache_may_hold(tmp_path, disk, shim):
    """What survived a killed process is acted upon, so a power cut after it must not take it."""
    tally = tmp_path / "tally"
    writing(tmp_path / "journal", disk)

    again = writing(tmp_path / "journal", disk, shim, SUPREME_FAULT_TALLY=str(tally))

    assert again.returncode == 0
    assert tally_of(tally)["fdatasync"] == 1


@pytest.mark.parametrize("number", [2, 3, 20, 50])
def test_a_failed_sync_ends_all_acknowledgement(tmp_path, disk, shim, number):
    """What it would have made durable is not acknowledged, and no sync is ever tried again."""
    tally = tmp_path / "tally"
    fault = {"SUPREME_FAULT": f"fdatasync:{number}:EIO", "SUPREME_FAULT_TALLY": str(tally)}

    done = writing(tmp_path / "journal", disk, shim, **fault)

    assert done.returncode == 4
    assert "Input/output error" in done.stdout
    assert f"stopped at {acknowledged(done)}" in done.stdout
    assert "went on" not in done.stdout
    assert tally_of(tally)["fdatasync"] == number
    assert recover(tmp_path / "journal", OURS, disk).sequence >= acknowledged(done)
    assert writing(tmp_path / "journal", disk).returncode == 0
    assert content(tmp_path / "journal", disk) == run_of(0, TOTAL)


@pytest.mark.parametrize(("number", "error"), [(4, "EIO"), (30, "ENOSPC"), (45, "EIO")])
def test_a_failed_write_ends_all_acknowledgement(tmp_path, disk, shim, number, error):
    """A full disk and a broken one are told apart."""
    fault = f"pwrite:{number}+:{error}"

    done = writing(tmp_path / "journal", disk, shim, SUPREME_FAULT=fault)

    assert done.returncode == 4
    assert ("the disk is full" if error == "ENOSPC" else "Input/output error") in done.stdout
    assert "went on" not in done.stdout
    assert recover(tmp_path / "journal", OURS, disk).sequence >= acknowledged(done)
    assert writing(tmp_path / "journal", disk).returncode == 0


@pytest.mark.parametrize("call", ["openat:1+", "pwrite:1+", "fsync:1+", "fdatasync:1+"])
def test_a_full_disk_at_the_start_is_refused(tmp_path, disk, shim, call):
    """Two lines, exit code 4; once there is space it starts."""
    done = writing(tmp_path / "journal", disk, shim, SUPREME_FAULT=f"{call}:ENOSPC")

    assert (done.returncode, done.stderr) == (4, "")
    assert re.fullmatch(r"Cannot use .*: the disk is full\.\nFree some space.*\n", done.stdout)
    assert writing(tmp_path / "journal", disk).returncode == 0


def test_one_failure_to_prepare_is_overcome(tmp_path, disk, shim):
    """There is half a segment's time to try again."""
    done = writing(tmp_path / "journal", disk, shim, SUPREME_FAULT="fsync:6:ENOSPC")

    assert (done.returncode, acknowledged(done)) == (0, TOTAL)
    assert content(tmp_path / "journal", disk) == run_of(0, TOTAL)


def test_a_disk_that_stays_full_ends_at_the_last_segments_end(tmp_path, disk, shim):
    """What was reserved is used to its last record, then the failure is final."""
    done = writing(tmp_path / "journal", disk, shim, SUPREME_FAULT="fsync:6+:ENOSPC")

    assert done.returncode == 4
    assert "the disk is full" in done.stdout
    assert len(segments_in(tmp_path / "journal")) == 1
    found = recover(tmp_path / "journal", OURS, disk)
    assert acknowledged(done) <= found.sequence == found.segments[-1].header.capacity


class Call(NamedTuple):
    """One disk call of a traced run."""

    name: str
    path: str
    offset: int
    raw: bytes


def trace_in(path):
    """The calls of a trace, as fault.c writes them."""
    raw, at = path.read_bytes(), 0
    while at < len(raw):
        call, length = struct.unpack_from("<BH", raw, at)
        place = raw[at + 3 : at + 3 + length].decode()
        offset, size = struct.unpack_from("<qq", raw, at + 3 + length)
        at += 19 + length
        yield Call(("openat", "pwrite", "fsync", "fdatasync")[call], place, offset, raw[at:][:size])
        at += size


def lie(offset, raw):
    """The sectors of a write: (offset, bytes)."""
    while raw:
        size = SECTOR - offset % SECTOR
        yield offset, raw[:size]
        offset, raw = offset + size, raw[size:]


class Disk:
    """What a disk holds: what was synced for sure, of the rest any sectors or none."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.unsynced: dict[str, list[tuple[int, bytes]]] = {}
        self.told = 0

    def take(self, call: Call) -> None:
        """One more call, as the kernel promises it."""
        if call.path.endswith("-marks.segment"):
            self.told = max(self.told, int.from_bytes(call.raw, "little"))
        elif call.name == "openat":
            self.files.setdefault(call.path, bytearray())
        elif call.name == "pwrite":
            self.unsynced.setdefault(call.path, []).extend(lie(call.offset, call.raw))
        else:
            for offset, raw in self.unsynced.pop(call.path, []):
                put(self.files[call.path], offset, raw)

    def after_a_power_cut(self, random: Random) -> dict[str, bytes]:
        """Every file, with a random choice of the sectors that were under way."""
        found, share = {}, random.random()
        for path, synced in self.files.items():
            file = bytearray(synced)
            for offset, raw in self.unsynced.get(path, []):
                if random.random() < share:
                    put(file, offset, raw)
            found[path] = bytes(file)
        return found


def put(file, offset, raw):
    """Write into a file that grows with zeros."""
    file.extend(bytes(max(0, offset + len(raw) - len(file))))
    file[offset : offset + len(raw)] = raw


def lost_in(folder, calls, states, disk):
    """Of so many power cuts over the calls, how many lost something that was acknowledged."""
    random, lost = Random(11), 0
    moments = sorted(random.randrange(len(calls)) for _ in range(states))
    state, done = Disk(), 0
    for moment in moments:
        for call in calls[done:moment]:
            state.take(call)
        done = moment
        lost += not survives(folder, state, random, disk)
    return lost


def survives(folder, state, random, disk):
    """Whether recovery finds a whole beginning, with all that was acknowledged."""
    for path in segments_in(folder):
        path.unlink()
    for name, raw in state.after_a_power_cut(random).items():
        (folder / Path(name).name).write_bytes(raw)
    try:
        found = recover(folder, OURS, disk)
    except Refused:
        return False
    whole = content(folder, disk) == run_of(0, found.sequence)
    return whole and found.sequence >= state.told


@pytest.fixture
def traced(tmp_path, disk, shim):
    """The disk calls of a whole run, with what was acknowledged between them."""
    trace = tmp_path / "trace"
    done = writing(tmp_path / "journal", disk, shim, SUPREME_FAULT_TRACE=str(trace))
    assert acknowledged(done) == TOTAL
    (tmp_path / "after").mkdir()
    return list(trace_in(trace))


def test_a_power_cut_loses_nothing_acknowledged(tmp_path, disk, traced):
    """Unsynced sectors kept or lost at random, at 300 moments of a run."""
    assert lost_in(tmp_path / "after", traced, 300, disk) == 0


def test_the_power_cut_would_find_a_missing_sync(tmp_path, disk, traced):
    """The same run without its syncs: kill -9 would never notice, this does."""
    calls = [call for call in traced if call.name != "fdatasync"]

    assert lost_in(tmp_path / "after", calls, 60, disk) > 30
