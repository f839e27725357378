"""What do acceptance tests share: the executable, and a market of the project's own making."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.camera import restored
from engine.control.client import Link, is_locked
from supreme_cli.services import pid_of

ROOT = Path(__file__).resolve().parents[2]


COMMAND = [sys.executable, "-m", "supreme_cli"]


def supreme(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, in an environment with a home of its own."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def ended(place: Path) -> None:
    """Whatever runs in a data directory, engine or service, is stopped."""
    if is_locked(str(place)) or pid_of(str(place)) is not None:
        supreme("down", "--data-dir", str(place))


def final_state(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The state that a run with --json printed."""
    assert done.returncode == 0, done.stderr
    state: dict[str, Any] = json.loads(done.stdout)
    return state


def at_pace(place: Path, speed: str, *words: str) -> None:
    """The engine there, stopped if it runs, goes on at this speed."""
    if is_locked(str(place)):
        with closing(Link(str(place), 10.0)) as link:
            link.ask("stop", reason="another pace")
        while is_locked(str(place)):
            pass
    done = supreme("up", "--no-console", "--data-dir", str(place), "--speed", speed, *words)
    assert done.returncode == 0, done.stderr


def standing_still(place: Path, is_there: Callable[[Any], bool], *words: str) -> Link:
    """The engine in a market that stands nearly still, once its state is as wanted.

    The state may pass while the engine is stopped: then it goes on, and is stopped again.
    """
    while True:
        with closing(Link(str(place), 10.0)) as link:
            while not is_there(restored(link.picture())):
                pass
        at_pace(place, "0.001", *words)
        link = Link(str(place), 10.0)
        if is_there(restored(link.picture())):
            return link
        link.close()
        at_pace(place, "600", *words)


def held(state: Any) -> bool:
    """Some of the first symbol is held, its stop is placed, and nothing else is on the way."""
    position = state.symbols[0].position
    return bool(position.lots and position.stop_id and state.orders.open == 1)
