"""Does an engine come back from what is done to its process, to exactly where it would be?"""

import resource
import shutil
import signal
import struct
import subprocess
import time
from functools import partial
from pathlib import Path

from validators.degrade.life import (
    Engine,
    end_of,
    engine,
    exported,
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
SLOWLY = ("--speed", "200")  # so that the market outlasts several lives
FREEZE_S, JUMP_S = 3.0, 86_400
CLOCK = Path(__file__).with_name("clock.c")
PAGE = resource.getpagesize()
QUESTIONS = 8  # to an engine that gets no more memory
SIGNALLED = (143,)  # it ended as it was told, and shows its state
NEVER = ""  # nothing is needed


def no_need() -> str:
    """Whatever runs an engine can do this."""
    return NEVER


def killed(scratch: Path) -> Outcome:
    """Killed -9 again and again: what was told is still there, and the end is the same."""
    judge, words = Judge(), market_in(scratch)
    expected, home, recovered = undisturbed(scratch), scratch / "home", 0.0
    told: set[tuple[int, int]] = set()
    for _ in range(KILLS):
        with Engine(home, "run", "--quiet", *words, *SLOWLY) as one:
            recovered = max(recovered, one.answering())
            time.sleep(LIVES_S)  # when it dies is what is chosen here
            trades = one.asked("trades")["trades"]
            told |= {(row["order_id"], row["now_ns"]) for row in trades}
            one.end(signal.SIGKILL)
    state = end_of(home, words)
    judge.must(told, "no fill was ever told of")
    judge.must(told <= journaled_fills(home), "fills that were told of are gone")
    judge.must(state["state_digest"] == expected, "the state is not that of an engine never killed")
    judge.must(remembers_a_pause(scratch / "paused", words), "an acknowledged pause was forgotten")
    return judge.outcome(recovered, kills=KILLS, told=len(told), fills=state["fills"])


def journaled_fills(home: Path) -> set[tuple[int, int]]:
    """Order and time of every fill in the journal."""
    fills = (row for row in exported(home) if row["kind"] == "OrderFilled")
    return {(row["order_id"], row["time_ns"]) for row in fills}


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
    with engine(home, *words, *SLOWLY, **own) as one:
        for jump_s in (JUMP_S, -JUMP_S, 0):
            before = events_of(one)
            with offset.open("r+b") as file:
                file.write(struct.pack("q", jump_s))
            day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + jump_s))
            until(partial(shows, log, f'"at": "{day}'), "its log shows the jump")
            judge.must(events_of(one) > before, f"no event after a jump of {jump_s} s")
        one.end()
    state = end_of(home, words)
    judge.must(state["state_digest"] == expected, "the state depends on the wall clock")
    return judge.outcome(None, jumps=3, jump_s=JUMP_S, orders=state["orders"])


def shows(log: Path, words: str) -> bool:
    """Whether these words stand in a log."""
    return words in log.read_text()


def squeezed(scratch: Path) -> Outcome:
    """Not a page more: it goes on, or ends with two lines and a whole journal."""
    judge, words = Judge(), market_in(scratch)
    expected, home = undisturbed(scratch), scratch / "home"
    with engine(home, *words, *SLOWLY) as one:
        size = int(Path(f"/proc/{one.child.pid}/statm").read_text().split()[0]) * PAGE
        resource.prlimit(one.child.pid, resource.RLIMIT_AS, (size, size))
        asked = [one.asked("trades", "--timeout", "2") for _ in range(QUESTIONS)]
        survived, answers = one.is_alive, bool(asked[-1])
        judge.must(answers or not survived, "it neither answers nor ends")
        code = one.end() if survived else one.ended()
        said = one.said.strip()
    judge.must(
        "Traceback" not in said and (code in SIGNALLED or len(said.splitlines()) <= 2),
        f"it ended with more than two lines, the first is: {said.partition(chr(10))[0]}",
    )
    judge.must(journal_is_whole(home), "the journal is not whole")
    recovery_s = seconds_of(lambda: judge.must(starts_again(home, words), "no start afterwards"))
    state = end_of(home, words)
    judge.must(state["state_digest"] == expected, "the state is not that of an engine at ease")
    answered = sum(map(bool, asked))
    return judge.outcome(recovery_s, size_mb=size >> 20, answered=answered, code=code)


def starts_again(home: Path, words: list[str]) -> bool:
    """Whether an engine answers there, with all the memory there is."""
    with engine(home, *words, *PACED) as one:
        return one.is_alive
