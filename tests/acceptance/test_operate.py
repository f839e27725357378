"""Can an operator start, ask, command and stop an engine from any shell?"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from engine.control.client import Link, is_locked
from tests.acceptance.running import COMMAND, ended, held, standing_still, supreme

SLOW = ("--speed", "0.01")  # the market stands nearly still


@pytest.fixture
def place(tmp_path: Path):
    """A data directory; whatever runs in it is stopped in the end."""
    folder = tmp_path / "data"
    yield folder
    ended(folder)


def up(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """An engine in the background, at ten minutes a second unless told."""
    options = words or ("--speed", "600")
    done = supreme("up", "--no-console", "--data-dir", str(place), *options)
    assert done.returncode == 0, done.stderr
    return done


def asked(verb: str, place: Path, *words: str) -> dict:
    """A verb's JSON answer."""
    done = supreme(verb, "--json", "--data-dir", str(place), *words)
    assert done.returncode == 0, done.stderr
    answer: dict = json.loads(done.stdout)
    assert answer["schema_version"] == 1
    return answer


def until_held(place: Path) -> None:
    """Wait until the engine holds something."""
    link = Link(str(place), 10.0)
    end = time.monotonic() + 60
    while json.dumps(asked("positions", place)).find('"quantity": "0"') >= 0:
        assert time.monotonic() < end
    link.close()


def test_an_engine_outlives_the_command_that_started_it(place: Path):
    """In a session of its own; a second start only says so; `down` closes the journal."""
    said = up(place)
    first = asked("status", place)
    again = up(place)

    assert f"pid {first['pid']}" in said.stderr
    assert "runs in" in again.stderr
    assert os.getsid(first["pid"]) == first["pid"]
    assert asked("status", place)["pid"] == first["pid"]
    down = supreme("down", "--data-dir", str(place))
    assert (down.returncode, down.stdout.count("the journal is closed")) == (0, 1)
    assert not is_locked(str(place))
    assert supreme("replay", str(place)).returncode == 0


def test_every_panel_has_a_verb(place: Path):
    """Each answers in JSON and in text, says PAPER and SIMULATED, and names its market time."""
    up(place)
    until_held(place)

    for verb in ("status", "positions", "orders", "trades", "equity", "risk", "latency"):
        answer = asked(verb, place)
        text = supreme(verb, "--data-dir", str(place))
        assert answer["market"] == "SIMULATED seed 1"
        assert text.stdout.startswith("PAPER  SIMULATED seed 1  ACTIVE  2025-01-01T")
    assert asked("positions", place)["positions"][0]["symbol"] == "ETHUSDT"
    assert asked("trades", place)["trades"][0]["side"] in ("BUY", "SELL")
    assert len(asked("equity", place)["curve"]["points"]) > 60
    assert asked("latency", place)["latency_ns"]["decided"]["p50"] > 0
    shown = asked("signal", place, "eth/usdt")
    assert (shown["symbol"], shown["agent"]) == ("ETHUSDT", "vote")
    assert shown["reason"] in ("votes up", "votes down", "votes split", "flat market")
    assert shown["price_time"].startswith("2025-01-01T")


def test_watching_prints_again_and_again(place: Path):
    """One JSON line a picture, until it is ended."""
    up(place)
    with subprocess.Popen(
        [*COMMAND, "status", "--watch", "--json", "--hz", "10", "--data-dir", str(place)],
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        lines = [json.loads(watching.stdout.readline()) for _ in range(5)]
        watching.send_signal(signal.SIGINT)
        code = watching.wait(timeout=20)

    assert [line["events"] for line in lines] == sorted(line["events"] for line in lines)
    assert lines[0]["events"] < lines[-1]["events"]
    assert code == 130


def test_pause_flatten_kill_and_reset_are_four_things_and_outlive_a_restart(place: Path):
    """Each is journaled with who and why, and the next start finds it as it was."""
    up(place)
    until_held(place)

    paused = asked("pause", place, "--reason", "news")
    supreme("down", "--data-dir", str(place))
    up(place)
    assert (paused["trading"], asked("status", place)["why"]) == (
        "REDUCING",
        "paused by the operator",
    )
    asked("resume", place)
    until_held(place)
    flat = asked("flatten", place, "--confirm", "FLATTEN", "--reason", "weekend")
    assert (flat["why"], flat["left"]) == ("paused by the operator", [])
    assert asked("status", place)["held"] == 0
    asked("resume", place)
    until_held(place)
    killed = asked("kill", place, "--confirm", "KILL", "--reason", "odd fills")
    supreme("down", "--data-dir", str(place))
    up(place)
    assert (killed["trading"], asked("status", place)["why"]) == (
        "HALTED",
        "killed by the operator",
    )
    assert asked("reset", place, "--confirm", "RESET", "--reason", "checked")["trading"] == "ACTIVE"
    supreme("down", "--data-dir", str(place))
    raw = b"".join(path.read_bytes() for path in sorted(place.glob("journal/*.segment")))
    for reason in (b"news", b"weekend", b"odd fills", b"checked"):
        assert raw.count(reason) == 1


def test_a_parameter_set_while_running_is_checked_and_journaled(place: Path):
    """As the profile would be checked; the key, who and why travel with the event."""
    up(place)

    done = supreme("config", "set", "risk.position_max", "0.07", "--reason", "calmer",
                   "--data-dir", str(place))  # fmt: skip
    wrong = supreme("config", "set", "risk.position_mx", "0.07", "--data-dir", str(place))
    beyond = supreme("config", "set", "risk.position_max", "7", "--data-dir", str(place))
    fixed = supreme("config", "set", "account.cash", "7", "--data-dir", str(place))

    assert (done.returncode, done.stderr) == (0, "")
    limits = {row["name"]: row["limit"] for row in asked("risk", place)["limits"]}
    assert limits["position"] == pytest.approx(7.0)
    assert (wrong.returncode, "did you mean risk.position_max" in wrong.stderr) == (2, True)
    assert (beyond.returncode, "from 0.0 to 1.0" in beyond.stderr) == (2, True)
    assert (fixed.returncode, "cannot change while the engine runs" in fixed.stderr) == (2, True)
    supreme("down", "--data-dir", str(place))
    raw = b"".join(path.read_bytes() for path in sorted(place.glob("journal/*.segment")))
    assert raw.count(b"calmer") == 1


def test_what_an_act_would_do_is_said_before(place: Path):
    """--dry-run shows the consequences and asks nothing of the engine."""
    up(place)
    standing_still(place, held).close()

    shown = supreme("kill", "--dry-run", "--data-dir", str(place))

    assert shown.returncode == 0
    assert "then HALTED until reset" in shown.stderr
    assert "sell 0." in shown.stderr
    assert asked("status", place)["trading"] == "ACTIVE"


REFUSALS = [
    (["flatten"], 4, "was not confirmed"),
    (["kill", "--confirm", "kill"], 4, "was not confirmed"),
    (["reset", "--confirm", "RESET", "--reason", "x"], 4, "not halted"),
    (["resume"], 4, "not paused"),
    (["reset"], 2, "needs a reason"),
    (["signal", "BTCUSDT"], 2, "does not trade BTCUSDT"),
    (["status", "--hz", "99"], 2, "--hz"),
    (["down", "--orders", "sell"], 2, "--orders sell is unknown"),
    (["positions", "--nonsense"], 2, "nonsense"),
]


def test_what_is_refused_says_what_and_what_to_do(place: Path):
    """Two lines and the right code; nothing was done."""
    up(place, *SLOW)

    for words, code, said in REFUSALS:
        done = supreme(*words, "--data-dir", str(place))
        lines = done.stderr.strip().splitlines()
        assert (done.returncode, said in done.stderr) == (code, True), (words, done.stderr)
        assert done.stdout == ""
        consequences = ("PAPER", f"{words[0]}:", "  sell")
        assert len([line for line in lines if not line.startswith(consequences)]) <= 2

    assert asked("status", place)["trading"] == "ACTIVE"


def test_a_flatten_that_takes_too_long_exits_5_and_goes_on(place: Path):
    """In a market that stands still nothing fills; the engine keeps trying."""
    up(place)
    standing_still(place, held).close()

    done = supreme("flatten", "--confirm", "FLATTEN", "--timeout", "0.5", "--data-dir", str(place))

    assert done.returncode == 5
    assert "still closing after 0.5 s" in done.stderr
    assert asked("status", place)["why"] == "flattening"


def test_an_engine_that_died_is_told_from_one_that_never_ran(place: Path):
    """Each in two lines, exit 3; after a kill -9 the next start goes on from the journal."""
    never = supreme("status", "--data-dir", str(place))
    up(place)
    before = asked("status", place)
    os.kill(before["pid"], signal.SIGKILL)
    while is_locked(str(place)):
        time.sleep(0.01)

    died = supreme("status", "--json", "--data-dir", str(place))
    up(place)

    assert (never.returncode, never.stderr.count("no engine runs")) == (3, 1)
    assert died.returncode == 3
    assert "ended without a goodbye" in json.loads(died.stdout)["error"]
    assert asked("status", place)["events"] >= before["events"] - 300


def test_a_start_that_is_refused_says_why(place: Path):
    """The engine's own two lines and its code, from `up` as from `run`."""
    up(place)
    supreme("down", "--data-dir", str(place))

    other = supreme("up", "--no-console", "--seed", "9", "--data-dir", str(place))
    wrong = supreme("up", "--no-console", "--spead", "9", "--data-dir", str(place))

    assert (other.returncode, "SIMULATED seed 1" in other.stderr) == (4, True)
    assert (wrong.returncode, "did you mean --speed" in wrong.stderr) == (2, True)


def test_equity_can_be_drawn(place: Path, tmp_path: Path):
    """A picture of the running account, labelled SIMULATED; another ending is refused first."""
    pytest.importorskip("matplotlib", reason="needs matplotlib to draw")
    up(place)

    drawn = supreme("equity", "--plot", str(tmp_path / "e.svg"), "--data-dir", str(place))
    refused = supreme("equity", "--plot", str(tmp_path / "e.gif"), "--data-dir", str(place))

    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert "SIMULATED" in (tmp_path / "e.svg").read_text()
    assert (refused.returncode, "Let it end in .png or .svg" in refused.stderr) == (2, True)
