"""Does an engine begin and end as whoever started it expects, whatever lies in its way?"""

import json
import os
import shutil
import stat
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from engine.camera import restored
from engine.control import client
from engine.control.client import Link, holder_of, is_locked
from engine.control.places import socket_path
from engine.errors import Refused
from engine.execution.orders import is_open
from engine.messages import BUY
from engine.options import parse
from supreme_cli.lifecycle import OUT_BYTES_MAX, answering, opened_out, start, wait_until_free
from tests.acceptance.running import (
    COMMAND,
    at_pace,
    ended,
    held,
    standing_still,
    supreme,
)
from validators.degrade.market import trades_file


@pytest.fixture
def fresh(tmp_path: Path):
    """A data directory that is not there yet; whatever runs in it is stopped in the end."""
    folder = tmp_path / "fresh"
    yield folder
    ended(folder)


def test_a_flatten_at_the_end_sells_though_the_engine_was_paused(place: Path):
    """A pause keeps what is held, so it is no reason to leave the flatten out."""
    link = standing_still(place, held)
    link.ask("pause", reason="while it holds")

    done = supreme("down", "--orders", "flatten", "--timeout", "0.5", "--data-dir", str(place))

    assert (done.returncode, "still closing" in done.stderr) == (5, True)
    assert restored(link.picture()).breakers.flattening == 1
    link.close()


def test_a_cancel_at_the_end_waits_until_the_venue_has_taken_the_entries_back(fresh: Path):
    """Asked for alone it is not done: an entry might fill with no engine there to protect it."""
    slow = "paper.latency_ns=4000000000"  # so that an entry is open long enough to be met
    resting = ("--set", "orders.entry=limit", "--set", slow)
    at_pace(fresh, "600", *resting)
    link = standing_still(fresh, entering, *resting)
    (order,) = [row for row in restored(link.picture()).orders.table if entry_is_open(row)]
    link.close()

    late = supreme("down", "--orders", "cancel", "--timeout", "0.5", "--data-dir", str(fresh))

    assert (late.returncode, f"not canceled after 0.5 s: {order.id} (" in late.stderr) == (5, True)
    assert is_locked(str(fresh))
    at_pace(fresh, "600", *resting)
    done = supreme("down", "--orders", "cancel", "--data-dir", str(fresh))
    at_pace(fresh, "0.001", *resting)
    with closing(Link(str(fresh), 10.0)) as link:
        orders = restored(link.picture()).orders.table
    assert (done.returncode, done.stderr) == (0, "")
    assert not any(entry_is_open(row) for row in orders)


def entry_is_open(order: Any) -> bool:
    """Whether it may still buy."""
    return bool(order.id and order.side == BUY and is_open(order.status))


def entering(state: Any) -> bool:
    """One entry is open, and nothing else."""
    return state.orders.open == 1 and any(entry_is_open(order) for order in state.orders.table)


def clear_away(path: Path) -> None:
    """Remove a folder in which others may be writing: what they wrote meanwhile goes too."""
    for last in (False,) * 20 + (True,):
        with suppress(*(() if last else (OSError,))):
            shutil.rmtree(path)
            return


@pytest.mark.parametrize("removed", ["", "journal"])
def test_an_engine_whose_directory_is_removed_ends(place: Path, removed: str):
    """Nobody would find its journal, and another one could be started at the same path."""
    pid = int(holder_of(str(place)))
    with closing(Link(str(place), 10.0)) as link:
        clear_away(place / removed)

        with pytest.raises(Refused, match=r"ended .*was removed or replaced") as ended:
            for _ in link.watch(20.0):
                pass

    while is_alive(pid):
        pass
    status = supreme("status", "--data-dir", str(place))
    assert (ended.value.code, status.returncode) == (3, 3)
    if not removed:
        assert "there is no such directory" in status.stderr


def is_alive(pid: int) -> bool:
    """Whether a process is there that is no zombie."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_foreground_engine_whose_directory_is_replaced_says_so(fresh: Path):
    """Exit 4 and two lines; the newcomer at the same path is left alone."""
    words = [*COMMAND, "run", "--quiet", "--data-dir", str(fresh)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as engine:
        while not is_locked(str(fresh)) or not os.path.exists(socket_path(str(fresh))):
            assert engine.poll() is None
        fresh.rename(fresh.parent / "moved")
        supreme("up", "--no-console", "--data-dir", str(fresh))
        assert engine.stderr is not None
        said = engine.stderr.read()

    assert (engine.returncode, "was removed or replaced" in said) == (4, True)
    assert "Traceback" not in said
    log = (fresh.parent / "moved" / "log" / "engine.log").read_text()
    assert log.count("was removed or replaced") == 1
    assert supreme("status", "--data-dir", str(fresh)).returncode == 0


def test_a_second_start_leaves_what_the_first_engine_wrote(place: Path):
    """Its terminal is a file that is never cut; the refused one's words come after."""
    out = place / "log" / "engine.out"
    out.write_text("said before\n")

    with pytest.raises(Refused, match="Another engine") as refused:
        start(["--data-dir", str(place)], parse(["--data-dir", str(place)]))

    assert refused.value.code == 4
    assert out.read_text().startswith("said before\nAnother engine")


def test_what_engines_wrote_is_bounded(tmp_path: Path):
    """One older file is kept."""
    with opened_out(str(tmp_path)) as out:
        out.write(bytes(OUT_BYTES_MAX + 1))
    with opened_out(str(tmp_path)) as out:
        assert out.tell() == 0

    assert (tmp_path / "log" / "engine.out.1").stat().st_size == OUT_BYTES_MAX + 1


@pytest.mark.parametrize("verb", ["run", "up"])
def test_a_directory_that_the_system_refuses_has_one_code(verb: str, tmp_path: Path):
    """4, in two lines, from `up` as from `run`."""
    (tmp_path / "file").write_text("")

    done = supreme(verb, "--data-dir", str(tmp_path / "file" / "below"))

    assert (done.returncode, len(done.stderr.strip().splitlines())) == (4, 2)
    assert done.stderr.startswith(f"Cannot use {tmp_path / 'file' / 'below'}")


def test_an_engine_in_a_deep_directory_is_found_from_another_session(tmp_path: Path):
    """Whoever asks may have another runtime directory than whoever started it."""
    deep = str(tmp_path / ("deep" * 30))
    started = supreme("up", "--no-console", "--data-dir", deep, XDG_RUNTIME_DIR=str(tmp_path))

    status = supreme("status", "--data-dir", deep, XDG_RUNTIME_DIR="")
    down = supreme("down", "--data-dir", deep, XDG_RUNTIME_DIR="")

    assert (started.returncode, status.returncode, down.returncode) == (0, 0, 0)


def test_the_end_is_waited_for_where_the_kernel_lists_no_locks(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whether the directory is held is then tried."""
    pid = holder_of(str(place))
    monkeypatch.setattr(client, "LOCKS", str(place / "none"))

    with pytest.raises(Refused, match="still stopping"):
        wait_until_free(str(place), int(pid), 0.2)
    supreme("down", "--data-dir", str(place))

    assert (pid != "", holder_of(str(place))) == (True, "")


def test_of_two_starts_at_once_each_names_the_engine_that_runs(fresh: Path):
    """The one that came too late is refused; it never claims the other's engine as its own."""
    words = [*COMMAND, "up", "--json", "--data-dir", str(fresh)]
    started = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]

    said = [(json.loads(one.communicate()[0]), one.returncode) for one in started]

    pid = int(holder_of(str(fresh)))
    verdicts = {(answer.get("pid"), code) for answer, code in said}
    assert (pid, 0) in verdicts <= {(pid, 0), (None, 4)}


def test_the_data_directory_is_its_owners_alone(fresh: Path):
    """Whoever starts the engine makes it, with the mode that `run` gives it."""
    supreme("up", "--no-console", "--data-dir", str(fresh))

    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700


def test_an_engine_that_a_supervisor_started_again_is_not_waited_for(place: Path):
    """What was asked to stop has stopped; the next one holds the directory by now."""
    newer = int(holder_of(str(place)))

    wait_until_free(str(place), newer - 1, 0.2)
    with pytest.raises(Refused, match="still stopping"):
        wait_until_free(str(place), newer, 0.2)


def test_a_market_that_is_over_at_once_is_no_refusal_of_the_engine(fresh: Path):
    """The start has come too late to be watched, and says so instead of the final state's lines."""
    market = trades_file(fresh.parent / "short.records", 3)

    done = supreme("up", "--json", "--speed", "max", "--replay", str(market),
                   "--data-dir", str(fresh))  # fmt: skip

    answer = json.loads(done.stdout)
    assert (done.returncode, "its market is over" in answer["error"]) == (3, True)


def test_an_engine_that_a_signal_ended_at_its_start_has_the_shells_code(tmp_path: Path):
    """128 and the signal's number, as if it had been started by hand."""
    out = tmp_path / "engine.out"
    out.write_text("")
    with subprocess.Popen(["sh", "-c", "kill -9 $$"]) as engine:
        engine.wait()
        with pytest.raises(Refused, match="ended at once") as refused:
            answering(engine, str(tmp_path), str(out))

    assert refused.value.code == 137
