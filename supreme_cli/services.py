"""How is the service started, ended and looked at beside its engine? By up, down and status."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

from engine.control.client import UNREACHABLE, Link, holder_of, is_locked, the_engine
from engine.control.places import base_directory, operator
from engine.errors import Refused
from engine.resilience.incidents import CRITICAL
from engine.service.alerts import availabilities
from engine.service.keeper import NAME
from engine.service.noted import kept_in
from engine.service.standing import folder_of, standing_of

START_SECONDS, LOOK_SECONDS = 20.0, 0.05
ANSWER_SECONDS = 10.0
STALE_SECONDS = 30.0  # a service that tells nothing for so long does not move


def pid_of(data_dir: str) -> int | None:
    """The service of a data directory, if one runs."""
    holder = holder_of(folder_of(data_dir))
    return int(holder) if holder.isdigit() else None


def start_beside(data_dir: str, words: list[str]) -> int | None:
    """A service in a session of its own, or the one that runs already; its pid.

    None where it does not start, which is said: the engine runs without it.
    """
    from supreme_cli.__main__ import PROCESSES, engine_command

    if (running := pid_of(data_dir)) is not None:
        return running
    os.makedirs(folder_of(data_dir), mode=0o700, exist_ok=True)
    path = os.path.join(folder_of(data_dir), "service.out")
    with open(path, "wb") as out:
        service = subprocess.Popen(
            engine_command(["--data-dir", data_dir, *words], PROCESSES["serve"]),
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    end = time.monotonic() + START_SECONDS
    while service.poll() is None and time.monotonic() < end:
        if pid_of(data_dir) == service.pid:
            return service.pid
        time.sleep(LOOK_SECONDS)
    if service.poll() is None:
        return service.pid
    with open(path, encoding="utf-8", errors="replace") as said:
        why = said.read().strip() or f"see {path}"
    print(f"the service did not start, the engine runs without it:\n{why}", file=sys.stderr)
    return None


def end(data_dir: str, timeout: float) -> int | None:
    """End the service there, once it has kept what was written; its pid, None without one.

    Refused (5) when it does not end.
    """
    pid = pid_of(data_dir)
    if pid is None:
        return None
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + timeout
    while pid_of(data_dir) == pid:
        if time.monotonic() > until:
            raise Refused(
                f"the service (pid {pid}) is still stopping after {timeout:g} s",
                f"the engine is not concerned; kill -9 {pid} ends it without harm",
                code=5,
            )
        time.sleep(LOOK_SECONDS)
    return pid


def left_alone(data_dir: str) -> str:
    """The directory whose service runs without an engine, if it is that one or the only one."""
    places = [data_dir] if data_dir else directories()
    found = [place for place in places if pid_of(place) is not None and not is_locked(place)]
    return found[0] if len(found) == 1 else ""


def tables_of(data_dir: str) -> str:
    """The directory asked for, of the engine that runs, or the only one that has tables."""
    try:
        return the_engine(data_dir)
    except Refused:
        kept = [one for one in directories() if os.path.exists(os.path.join(folder_of(one), NAME))]
        if len(kept) != 1:
            raise
        return kept[0]


def directories() -> list[str]:
    """The data directories in the usual place."""
    base = base_directory()
    names = sorted(os.listdir(base)) if os.path.isdir(base) else []
    return [os.path.join(base, name) for name in names]


def ask(data_dir: str, verb: str, **fields: Any) -> dict[str, Any]:
    """What the service there answers; Refused (3) where none runs."""
    if pid_of(data_dir) is None:
        raise Refused(
            f"no service runs in {data_dir}", "supreme up starts it, or supreme serve",
            code=UNREACHABLE,
        )  # fmt: skip
    link = Link(folder_of(data_dir), ANSWER_SECONDS, operator())
    try:
        return link.ask(verb, **fields)
    finally:
        link.close()


def alerts_of(data_dir: str) -> dict[str, Any]:
    """All incidents, and how long each component was there: of the others as long as it looked."""
    kept, now_ns = kept_in(folder_of(data_dir)), time.time_ns()
    moves, seen_ns = kept["moves"], now_ns
    if pid_of(data_dir) is None and "service" in moves:
        told_ns = int(standing_of(data_dir).get("at_s", 0.0) * 1e9)
        seen_ns = max(told_ns, *(rows[-1][0] for rows in moves.values()))
        moves["service"].append([seen_ns, False])
    rows = availabilities({"service": moves.pop("service")}, now_ns) if "service" in moves else []
    return {"incidents": kept["incidents"], "availability": rows + availabilities(moves, seen_ns)}


def alerts_text(rows: list[dict[str, Any]]) -> str:
    """The open incidents in a line, nothing without any."""
    grave = sum(row["severity"] == CRITICAL for row in rows)
    newest = rows[-1]["cause"] if rows else ""
    return f"{len(rows)} open, {grave} critical: {newest}; see supreme alerts list" if rows else ""


def facts(data_dir: str, sequence: int) -> dict[str, Any]:
    """How the service stands beside an engine whose journal has so many records."""
    told, pid = standing_of(data_dir), pid_of(data_dir)
    if pid is None:
        was_there = os.path.exists(os.path.join(folder_of(data_dir), "lock"))
        state = ("killed" if told.get("ended") is None else "stopped") if was_there else "none"
        return {"state": state, "alarms": told.get("alarms", [])}
    if told.get("pid") != pid:
        return {"state": "starting", "pid": pid, "alarms": []}
    silent_s = time.time() - told["at_s"]
    return {
        "state": "stale" if silent_s > STALE_SECONDS else "running",
        "pid": pid,
        "silent_seconds": round(silent_s, 1),
        "lag_records": max(sequence - told["sequence"], 0),
        "compared": told["compared"],
        "postgres": told["postgres"],
        "alarms": told["alarms"],
    }


def text(found: dict[str, Any]) -> str:
    """The same in a line."""
    state = found["state"]
    if "lag_records" not in found:
        return BESIDES[state].format(**found)
    said = f"pid {found['pid']}, {found['lag_records']:,} records behind"
    if state == "stale":
        said += f", silent for {found['silent_seconds']:.0f} s: it does not move"
    postgres = found["postgres"]
    if postgres is None:
        return said
    link = "connected" if postgres["connected"] else f"gone ({postgres['why']})"
    return f"{said}; PostgreSQL {postgres['where']} {link}"


BESIDES = {
    "none": "none; supreme serve starts one",
    "killed": "killed; supreme up brings it back, nothing is lost",
    "stopped": "stopped; supreme up brings it back",
    "starting": "pid {pid}, starting",
}
