"""Does a person hear of what goes wrong beside a real engine, and can they answer?"""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from engine.control.client import Link, is_locked
from engine.service.keeper import NAME
from engine.service.standing import folder_of, standing_of
from supreme_cli.services import pid_of
from tests.acceptance.running import ended, supreme
from validators import postgres_server

NOWHERE = "postgresql://u:hush@127.0.0.1:1/db"


@pytest.fixture
def place(tmp_path: Path, native: object):
    """A data directory; whatever runs in it is stopped in the end."""
    folder = tmp_path / "data"
    yield folder
    ended(folder)


def up(place: Path, url: str = "") -> dict[str, Any]:
    """Engine and service in the background; their pids."""
    words = ("up", "--json", "--data-dir", str(place), "--speed", "60")
    done = supreme(*words, **({"POSTGRES_URL": url} if url else {}))
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def asked(place: Path, *words: str) -> dict[str, Any]:
    """What a command says in JSON."""
    done = supreme(*words, "--json", "--data-dir", str(place))
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def alerts(place: Path, *words: str) -> list[dict[str, Any]]:
    """The incidents that `alerts list` shows."""
    found: list[dict[str, Any]] = asked(place, "alerts", "list", *words)["incidents"]
    return found


def steps(place: Path) -> list[tuple[Any, ...]]:
    """What was tried to recover, as the tables tell it."""
    with sqlite3.connect(os.path.join(folder_of(str(place)), NAME)) as link:
        question = "SELECT rung, outcome, cause FROM recovery_steps ORDER BY number"
        found = link.execute(question).fetchall()
    link.close()
    return found


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_database_that_is_gone_is_said_acknowledged_and_its_breaker_is_held(place: Path):
    """One incident with all that was tried; who signed it and why stays, also for the next life."""
    up(place, NOWHERE)
    until(lambda: alerts(place) if pid_of(str(place)) else [])
    (raised,) = alerts(place)
    shown = supreme("status", "--data-dir", str(place)).stdout
    done = supreme("alerts", "ack", "1", "--note", "on it", "--data-dir", str(place))
    again = supreme("alerts", "ack", "1", "--data-dir", str(place))
    nothing = supreme("breaker", "trip", "postgres", "--data-dir", str(place))
    held = asked(place, "breaker", "trip", "postgres", "--reason", "moving it")
    listed = asked(place, "breaker", "list")["breakers"]
    freed = asked(place, "breaker", "reset", "postgres", "--reason", "moved")
    until(lambda: any(row[0] == "operator reset" for row in steps(place)))
    trading = supreme("breaker", "reset", "trading", "--reason", "x", "--data-dir", str(place))
    supreme("down", "--data-dir", str(place))
    (kept,) = alerts(place)
    alone = supreme("alerts", "ack", "1", "--data-dir", str(place))

    assert (raised["component"], raised["kind"]) == ("postgres", "failed_over")
    assert (raised["severity"], raised["state"]) == ("warning", "open")
    assert [step["rung"] for step in raised["tried"]][:2] == ["retry", "retry"]
    assert "1 open, 0 critical" in shown
    assert (done.returncode, "acknowledged" in done.stdout) == (0, True)
    assert (again.returncode, "was acknowledged by" in again.stderr) == (4, True)
    assert (nothing.returncode, "needs a reason" in nothing.stderr) == (2, True)
    assert held["breakers"]["postgres"]["state"] == listed["postgres"]["state"] == "held"
    assert freed["breakers"]["postgres"]["state"] == "closed"
    assert (listed["trading"]["state"], listed["trading"]["level"]) == ("active", 0)
    assert (trading.returncode, "supreme reset" in trading.stderr) == (2, True)
    assert (kept["state"], kept["note"]) == ("acknowledged", "on it")
    assert f"(uid {os.getuid()})" in kept["acknowledged_by"]
    assert (alone.returncode, "no service runs" in alone.stderr) == (3, True)
    told = steps(place)
    assert [row[:2] for row in told if row[0] == "failover"] == [
        ("failover", ""),
        ("failover", "worked"),
    ]
    signed = [cause for rung, _, cause in told if rung.startswith("operator")]
    assert [cause.partition(": ")[2] for cause in signed] == ["moving it", "moved"]
    log = (place / "service" / "service.log").read_text()
    assert "hush" not in log + json.dumps(told) + json.dumps(kept)


def test_what_came_back_is_closed_by_its_health_and_its_outage_is_counted(place: Path):
    """Nobody has to close it; availability is what the recorded transitions say."""
    if why := postgres_server.absent():
        pytest.skip(why)
    with TemporaryDirectory() as folder, postgres_server.running(Path(folder)) as server:
        up(place, server.url)
        until(lambda: (standing_of(str(place)).get("postgres") or {}).get("connected"))
        server.stop()
        until(lambda: alerts(place))
        server.start()
        until(lambda: not alerts(place))
        (over,) = alerts(place, "--closed")
        rows = {row["component"]: row for row in asked(place, "status")["availability"]}
        supreme("down", "--data-dir", str(place))

    assert (over["state"], over["closed_by"]) == ("closed", "the component's health")
    assert (rows["postgres"]["is_up"], rows["postgres"]["outages"] >= 1) == (True, True)
    assert 0.0 < rows["postgres"]["share"] < 1.0
    assert (rows["engine"]["share"], rows["service"]["share"]) == (1.0, 1.0)


def test_a_killed_engine_is_critical_until_one_runs_again_and_a_stopped_one_is_nothing(place: Path):
    """The service outlives it and says so; what stopped as it was asked to is missed by nobody."""
    first = up(place)
    until(lambda: standing_of(str(place)).get("sequence"))
    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: alerts(place))
    (raised,) = alerts(place)
    up(place)
    until(lambda: not alerts(place))
    (over,) = alerts(place, "--closed")
    with closing(Link(str(place), 10.0)) as link:
        link.ask("stop", reason="for the night")
    until(lambda: not is_locked(str(place)))
    until(lambda: not one_of(place, "engine")["is_up"])
    later = alerts(place)

    assert (raised["component"], raised["kind"]) == ("engine", "died")
    assert (raised["severity"], raised["state"]) == ("critical", "open")
    assert f"pid {first['pid']} ended without a goodbye" in raised["cause"]
    assert (over["number"], over["closed_by"]) == (raised["number"], "the component's health")
    assert (later, pid_of(str(place))) == ([], first["service_pid"])


def test_the_engines_and_the_services_own_absence_are_counted(place: Path):
    """Killed -9: down from the last sign of life to the next start."""
    first = up(place)
    until(lambda: standing_of(str(place)).get("sequence"))
    until(lambda: "engine" in {row["component"] for row in availability(place)})
    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: not is_locked(str(place)))
    until(lambda: not one_of(place, "engine")["is_up"])
    os.kill(first["service_pid"], signal.SIGKILL)
    until(lambda: pid_of(str(place)) is None)
    alone = one_of(place, "service")
    up(place)
    until(lambda: one_of(place, "engine")["is_up"])
    shown = supreme("alerts", "list", "--availability", "--data-dir", str(place)).stdout

    assert (alone["is_up"], alone["outages"]) == (False, 1)
    assert (one_of(place, "engine")["outages"], one_of(place, "service")["outages"]) == (1, 1)
    assert ("engine" in shown, "%" in shown) == (True, True)


def availability(place: Path) -> list[dict[str, Any]]:
    """How long each component was there."""
    rows: list[dict[str, Any]] = asked(place, "alerts", "list")["availability"]
    return rows


def one_of(place: Path, component: str) -> dict[str, Any]:
    """The same of one component."""
    return next(row for row in availability(place) if row["component"] == component)
