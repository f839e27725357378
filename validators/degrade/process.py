"""Does an engine come back from what is done to its process, to exactly where it would be?"""

import resource
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

from validators.degrade.life import (
    Engine,
    end_of,
    engine,
    journal_is_whole,
    market_in,
    seconds_of,
    supreme,
    undisturbed,
)
from validators.degrade.outcome import Broken, Judge, Outcome, until

SPEED = 600.0
PACED = ("--speed", f"{SPEED:g}")
KILLS, LIVES_S = 3, 0.7
FREEZE_S, JUMP_S = 3.0, 86_400
CLOCK = Path(__file__).with_name("clock.c")
PAGE = resource.getpagesize()
QUESTIONS = 40  # to an engine that gets no more memory
NEVER = ""  # nothing is needed


def no_need() -> str:
    """Whatever runs an engine can do this."""
    return NEVER


def killed(scratch: Path) -> Outcome:
    """Killed -9 again and again: what was told is still there, and the end is the same."""
    judge, words = Judge(), market_in(scratch)
    expected, home, recovered = undisturbed(scratch), scratch / "home", 0.0
    fills: list[dict[str, Any]] = []
    for _ in range(KILLS):
        with Engine(home, "run", "--quiet", *words, *PACED) as one:
            recovered = max(recovered, one.answering())
            missing = [row for row in fills if row not in trades_of(one)[-len(fills) :]]
            judge.must(not missing, f"{len(missing)} fills that were told are gone")
            time.sleep(LIVES_S)  # when it dies is what is chosen here
            fills = trades_of(one)[-20:]
            one.end(signal.SIGKILL)
    state = end_of(home, words)
    judge.must(state["state_digest"] == expected, "the state is not that of an engine never killed")
    judge.must(remembers_a_pause(scratch / "paused", words), "an acknowledged pause was forgotten")
    return judge.outcome(recovered, kills=KILLS, orders=state["orders"], fills=state["fills"])


def trades_of(one: Engine) -> list[dict[str, Any]]:
    """The fills that it tells of, the oldest first."""
    found: list[dict[str, Any]] = one.asked("trades").get("trades", [])
    return found[::-1]


def remembers_a_pause(home: Path, words: list[str]) -> bool:
    """Whether what was acknowledged just before a kill is so after it."""
    with engine(home, *words, *PACED) as one:
        if supreme("pause", "--data-dir", str(home)).returncode:
            raise Broken("an engine that answers refused a pause")
        one.end(signal.SIGKILL)
    with engine(home, *words, *PACED) as again:
        return bool(again.status()["paused"])


def frozen(scratch: Path) -> Outcome:
    """SIGSTOP and SIGCONT: it catches up with its market, and misses nothing of it."""
    judge, words = Judge(), market_in(scratch)
    expected, home = undisturbed(scratch), scratch / "home"
    with engine(home, *words, *PACED) as one:
        before = events_of(one)
        one.send(signal.SIGSTOP)
        time.sleep(FREEZE_S)  # how long it stands is what is chosen here
        one.send(signal.SIGCONT)
        # The heartbeats of the market's time that passed meanwhile, and never fewer.
        due = before + int(FREEZE_S * SPEED * 2)
        recovery_s = until(lambda: events_of(one) >= due or not one.is_alive, "it catches up")
        one.end()
    state = end_of(home, words)
    judge.must(state["state_digest"] == expected, "the state is not that of an engine never frozen")
    return judge.outcome(recovery_s, frozen_s=FREEZE_S, caught_up=due - before)


def events_of(one: Engine) -> int:
    """How many events it has taken; 0 where it does not answer."""
    found: int = one.status().get("events", 0)
    return found


def no_compiler() -> str:
    """Why the clock of one process cannot be moved here, or nothing."""
    return NEVER if shutil.which("cc") else "needs a C compiler (cc) to move one process's clock"


def clock_jumps(scratch: Path) -> Outcome:
    """A day ahead, two days back, and right again: no decision and no order notices."""
    judge, words = Judge(), market_in(scratch)
    expected, home = undisturbed(scratch), scratch / "home"
    built, offset = scratch / "clock.so", scratch / "offset"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(built), str(CLOCK)], check=True)
    offset.write_bytes(struct.pack("q", 0))
    own = {"LD_PRELOAD": str(built), "CLOCK_JUMP": str(offset)}
    log = home / "log" / "engine.log"
    with engine(home, *words, *PACED, **own) as one:
        for jump_s in (JUMP_S, -JUMP_S, 0):
            before = events_of(one)
            with offset.open("r+b") as file:
                file.write(struct.pack("q", jump_s))
            day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + jump_s))
            until(lambda day=day: f'"at": "{day}' in log.read_text(), "its log shows the jump")
            until(lambda before=before: events_of(one) > before, "events go on")
        one.end()
    state = end_of(home, words)
    judge.must(state["state_digest"] == expected, "the state depends on the wall clock")
    return judge.outcome(None, jumps=3, jump_s=JUMP_S, orders=state["orders"])


def squeezed(scratch: Path) -> Outcome:
    """Not a page more: it goes on, or ends with two lines and a whole journal."""
    judge, words = Judge(), market_in(scratch)
    expected, home = undisturbed(scratch), scratch / "home"
    with engine(home, *words, *PACED) as one:
        size = int(Path(f"/proc/{one.child.pid}/statm").read_text().split()[0]) * PAGE
        resource.prlimit(one.child.pid, resource.RLIMIT_AS, (size, size))
        answered = sum(bool(one.asked("trades")) for _ in range(QUESTIONS))
        survived = one.is_alive
        code = one.end() if survived else one.ended()
        said = one.said
    judge.must("Traceback" not in said, "it ended with a traceback")
    judge.must(survived or len(said.strip().splitlines()) <= 2, "it ended with many words")
    judge.must(journal_is_whole(home), "the journal is not whole")
    recovery_s = seconds_of(lambda: judge.must(starts_again(home, words), "no start afterwards"))
    state = end_of(home, words)
    judge.must(state["state_digest"] == expected, "the state is not that of an engine at ease")
    ended = "went on" if survived else f"ended with {code}"
    return judge.outcome(recovery_s, size_mb=size >> 20, answered=answered, engine=ended)


def starts_again(home: Path, words: list[str]) -> bool:
    """Whether an engine answers there, with all the memory there is."""
    with engine(home, *words, *PACED) as one:
        return one.is_alive
