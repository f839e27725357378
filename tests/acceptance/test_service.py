"""Does the service live beside the engine without the engine noticing, and do people find it?"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from engine.control.client import holder_of, is_locked
from engine.service.standing import NAME, folder_of, standing_of
from supreme_cli.services import facts, pid_of, text
from tests.acceptance.running import COMMAND, ROOT, ended, supreme


@pytest.fixture
def place(tmp_path: Path, native: object):
    """A data directory; whatever runs in it is stopped in the end."""
    folder = tmp_path / "data"
    yield folder
    ended(folder)


def up(place: Path, *words: str) -> dict:
    """Engine and service in the background, at ten minutes a second unless told; their pids."""
    options = words or ("--speed", "600")
    done = supreme("up", "--json", "--data-dir", str(place), *options)
    assert done.returncode == 0, done.stderr
    answer: dict = json.loads(done.stdout)
    return answer


def status(place: Path) -> dict:
    """What `supreme status` says of the service."""
    done = supreme("status", "--json", "--data-dir", str(place))
    assert done.returncode == 0, done.stderr
    found: dict = json.loads(done.stdout)["service"]
    return found


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_compared_after(place: Path, sequence: int) -> bool:
    """Whether engine and fold were compared later than there."""
    compared: int = standing_of(str(place)).get("compared", -1)
    return compared > sequence


def test_up_starts_it_status_names_it_and_down_ends_it(place: Path):
    """In a session of its own, without a console; both are gone afterwards, all rows kept."""
    started = up(place)
    until(lambda: standing_of(str(place)).get("sequence"))
    found = status(place)
    shown = supreme("status", "--data-dir", str(place)).stdout
    down = supreme("down", "--json", "--data-dir", str(place))

    assert (found["state"], found["pid"]) == ("running", started["service_pid"])
    assert (found["postgres"], found["alarms"]) == (None, [])
    assert f"service   pid {started['service_pid']}" in shown
    said = json.loads(down.stdout)
    assert (said["stopped"], said["service_stopped"]) == (started["pid"], started["service_pid"])
    assert pid_of(str(place)) is None
    assert (standing_of(str(place))["ended"], standing_of(str(place))["behind"]) == (143, False)


def test_a_killed_service_is_not_noticed_by_the_engine_and_up_brings_it_back(place: Path):
    """Nor by the next service; the status says killed meanwhile."""
    started = up(place)
    os.kill(started["service_pid"], signal.SIGKILL)
    until(lambda: pid_of(str(place)) != started["service_pid"])
    killed = status(place)
    told = supreme("status", "--data-dir", str(place)).stdout
    again = up(place)

    assert (killed["state"], "killed; supreme up brings it back" in told) == ("killed", True)
    assert (again["pid"], again["service_pid"] == started["service_pid"]) == (started["pid"], False)
    assert int(holder_of(str(place))) == started["pid"]
    until(lambda: status(place)["state"] == "running")
    notices = json.loads(supreme("status", "--json", "--data-dir", str(place)).stdout)["notices"]
    assert notices == []


def test_a_service_outlives_its_engine_and_down_ends_it_then(place: Path):
    """Killed -9 the engine leaves it alone; the next engine finds it there and goes on with it."""
    started = up(place)
    os.kill(started["pid"], signal.SIGKILL)
    until(lambda: not is_locked(str(place)))
    between = pid_of(str(place))
    again = up(place)
    os.kill(again["pid"], signal.SIGKILL)
    until(lambda: not is_locked(str(place)))

    down = supreme("down", "--data-dir", str(place))
    none = supreme("down", "--data-dir", str(place))

    assert between == again["service_pid"] == started["service_pid"]
    assert (down.returncode, "no engine ran beside it" in down.stdout) == (0, True)
    assert (none.returncode, pid_of(str(place))) == (3, None)


def test_a_service_that_does_not_move_is_called_stale(place: Path):
    """Stopped by a signal it holds its lock and says nothing."""
    started = up(place)
    until(lambda: standing_of(str(place)).get("pid") == started["service_pid"])
    os.kill(started["service_pid"], signal.SIGSTOP)
    file = Path(folder_of(str(place))) / NAME
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "at_s": said["at_s"] - 3600}))

    found = facts(str(place), said["sequence"] + 77)
    os.kill(started["service_pid"], signal.SIGCONT)

    assert (found["state"], found["lag_records"]) == ("stale", 77)
    assert "it does not move" in text(found)


def test_run_alone_starts_none(place: Path):
    """And says so, with what starts one."""
    words = ["run", "--quiet", "--speed", "60", "--data-dir", str(place)]
    with subprocess.Popen([*COMMAND, *words], cwd=ROOT, stdout=subprocess.DEVNULL) as engine:
        until((place / "control" / "socket").exists)
        found = status(place)
        engine.terminate()

    assert (found["state"], "supreme serve" in text(found)) == ("none", True)


def test_a_service_that_does_not_start_leaves_the_engine_running(place: Path):
    """What was wrong is said; the engine trades on."""
    done = supreme("up", "--json", "--data-dir", str(place), "--speed", "60",
                   POSTGRES_URL="mysql://u:hush@h/db")  # fmt: skip

    assert (done.returncode, json.loads(done.stdout)["service_pid"]) == (0, None)
    assert "the service did not start, the engine runs without it" in done.stderr
    assert (is_locked(str(place)), "hush" in done.stderr + done.stdout) == (True, False)


def test_the_engines_state_is_what_its_journal_comes_to(place: Path):
    """Compared ten times a second, over acts, a restart and a kill -9: never an alarm."""
    started = up(place)
    supreme("down", "--data-dir", str(place))
    words = ["serve", "--compare", "0.1", "--data-dir", str(place)]
    with subprocess.Popen([*COMMAND, *words], cwd=ROOT, stderr=subprocess.DEVNULL) as service:
        until(lambda: pid_of(str(place)) == service.pid)
        compared = []
        for act in ("pause", "resume"):
            started = up(place)
            before = standing_of(str(place)).get("compared", -1)
            supreme(act, "--data-dir", str(place))
            until(partial(is_compared_after, place, before))
            compared.append(standing_of(str(place))["compared"])
            os.kill(started["pid"], signal.SIGKILL)
            until(lambda: not is_locked(str(place)))
        service.terminate()

    assert standing_of(str(place))["alarms"] == []
    assert service.returncode == 143
    assert compared[0] < compared[1]


def test_a_killed_engine_goes_on_from_the_services_snapshot(place: Path):
    """Not from the first record, nor from its last stop; and to the very state that was left."""
    up(place)
    supreme("down", "--data-dir", str(place))
    words = ["serve", "--compare", "0.1", "--snapshot", "0.1", "--data-dir", str(place)]
    with subprocess.Popen([*COMMAND, *words], cwd=ROOT, stderr=subprocess.DEVNULL) as service:
        until(lambda: pid_of(str(place)) == service.pid)
        stopped = newest_snapshot(place)
        started = up(place)
        until(lambda: newest_snapshot(place) > stopped)
        os.kill(started["pid"], signal.SIGKILL)
        until(lambda: not is_locked(str(place)))
        service.send_signal(signal.SIGSTOP)
        kept = newest_snapshot(place)
        again = supreme("run", "--for", "0.1", "--quiet", "--data-dir", str(place))
        service.send_signal(signal.SIGCONT)
        up(place)
        until(partial(is_compared_after, place, kept))
        service.terminate()

    assert f"records after the snapshot at {kept:,} in" in again.stderr
    assert standing_of(str(place))["alarms"] == []


def newest_snapshot(place: Path) -> int:
    """Its sequence."""
    return max((int(path.stem) for path in (place / "snapshots").glob("[0-9]*")), default=0)


def test_an_order_is_explained_while_the_engine_runs_and_afterwards(place: Path):
    """With the decision that caused it: indicators, agent, confidence, risk; and its fills."""
    up(place)
    tables = ("explain", "--json", "--data-dir", str(place))
    until(lambda: supreme(*tables, "1").returncode == 0)
    until(lambda: json.loads(supreme(*tables, "1").stdout)["fills"])
    listed = json.loads(supreme(*tables).stdout)["decisions"]
    supreme("down", "--data-dir", str(place))

    told = json.loads(supreme(*tables, "1").stdout)
    by_name = json.loads(supreme(*tables, told["order"]["name"]).stdout)
    shown = supreme("explain", "1", "--data-dir", str(place)).stdout
    unknown = supreme("explain", "999999", "--data-dir", str(place))

    assert by_name == told
    made = told["decision"]
    assert (made["agent"], made["verdict"], made["order_id"]) == ("vote", "approved", 1)
    assert {"rsi", "macd", "ema_fast", "last"} <= made["features"].keys()
    assert made["risk"]["limits"]["exposure"][1] == 50.0
    assert told["events"][0]["event"] == "accepted"
    assert told["fills"][0]["fee_e8"] > 0
    assert any(row["order_id"] == 1 for row in listed)
    for word in (told["order"]["name"], "vote:", "rsi", "approved by every check", "fill"):
        assert word in shown
    assert (unknown.returncode, "no order 999999 in the first" in unknown.stderr) == (2, True)


def test_where_there_are_no_tables_it_says_how_to_make_them(tmp_path: Path):
    """Two lines and code 3."""
    done = supreme("explain", "1", "--data-dir", str(tmp_path))

    assert (done.returncode, len(done.stderr.strip().splitlines())) == (3, 2)
    assert "supreme serve" in done.stderr
