"""supreme up, down: engine and service in the background, started and ended from anywhere."""

import os
import subprocess
import sys
import time
from contextlib import closing, suppress
from json import dumps
from shutil import which
from typing import Annotated, Any, BinaryIO

import typer

from engine.control.client import Link, holder_of
from engine.control.places import operator
from engine.errors import Refused
from engine.journal.segments import unwritable
from engine.options import Options, parse
from engine.status import titled
from supreme_cli import services
from supreme_cli.asking import SCHEMA, Seen, linked, seen
from supreme_cli.common_options import DataDir, Json, Timeout
from supreme_cli.operate import Act, left, settled

START_SECONDS = 60.0
ACCOUNT_SECONDS = 8.0  # that an exchange is waited for, until it has told of the account once
LOOK_SECONDS = 0.05
OUT_BYTES_MAX = 1 << 20  # of what engines wrote to their terminal; beyond it begins another file
AT_STOP = ("keep", "cancel", "flatten")


def up(argv: list[str]) -> int:
    """Start the engine in the background with the options of `run`, then open the console.

    Where one runs already, only the console is opened. Returns the exit code.
    """
    words = [word for word in argv if word != "--no-console"]
    options = parse(words)
    if options.help:
        sys.stdout.write(UP_HELP)
        return 0
    if holder := holder_of(options.data_dir):
        pid = int(holder)
        print(f"an engine (pid {pid}) runs in {options.data_dir} already", file=sys.stderr)
    else:
        pid = start(words, options)
    named = ["--profile", options.profile] if options.given["profile"].name == "--profile" else []
    service = services.start_beside(options.data_dir, named)
    if options.json:
        said = {"pid": pid, "service_pid": service, "data_dir": options.data_dir}
        print(dumps({"schema_version": SCHEMA, **said}))
        return 0
    if "--no-console" in argv or not (sys.stdout.isatty() and sys.stdin.isatty()):
        return 0
    from supreme_cli.__main__ import dispatch

    return dispatch(["console", "--data-dir", options.data_dir])


UP_HELP = """\
Usage: supreme up [OPTIONS OF run] [--no-console]

Start the engine in the background, where it survives logout, the service beside it (see supreme
serve --help), and open the console on it. What runs there already is left as it is.

  --no-console         only start them
  --json               only start them, and print their pids as JSON
All other options are those of `supreme run`: see supreme run --help.
"""


def start(words: list[str], options: Options) -> int:
    """An engine in a session of its own, ready when this returns; Refused as it was refused.

    Ready is also who waits for an exchange that says nothing: that is said.
    """
    from supreme_cli.__main__ import engine_command, may_need_keys

    data_dir, handed = options.data_dir, None
    if may_need_keys(words, os.environ):
        from supreme_cli.handing import handed_for

        handed = handed_for(options)
    with opened_out(data_dir) as out:
        began = out.tell()
        engine = subprocess.Popen(
            engine_command([*words, "--quiet"]),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            pass_fds=(handed.fd,) if handed else (),
            env=handed.environ if handed else None,
        )
    if handed:
        os.close(handed.fd)
    hello = answering(engine, data_dir, out.name, began)
    if hello["exchange"] and not account_told(engine, data_dir, out.name, began):
        silent = f"the exchange has not told of the account after {ACCOUNT_SECONDS:g} s"
        print(f"{silent}: nothing is ordered until it does; see supreme exchange", file=sys.stderr)
    label = hello["label"]
    print(f"{titled(label, ' ')}: engine pid {engine.pid} runs in {data_dir}", file=sys.stderr)
    program = "supreme" if which("supreme") else os.path.join(sys.prefix, "bin", "supreme")
    print(f"{program} console watches it, {program} down stops it", file=sys.stderr)
    return engine.pid


def opened_out(data_dir: str) -> BinaryIO:
    """Where an engine's words go, after those of engines before it; Refused (4) as it would be.

    Another one may run there, whose words these are: nothing is ever cut.
    """
    path = os.path.join(data_dir, "log", "engine.out")
    try:
        for folder in (data_dir, os.path.dirname(path)):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        if os.path.exists(path) and os.path.getsize(path) > OUT_BYTES_MAX:
            os.replace(path, path + ".1")
        return open(path, "ab")
    except OSError as error:
        raise unwritable(data_dir, error) from error


def answering(
    engine: "subprocess.Popen[bytes]", data_dir: str, path: str, began: int = 0
) -> dict[str, Any]:
    """What an engine that is starting says first of itself; another one there is not it.

    Its own words stand in the file from byte `began` on.
    """
    end = time.monotonic() + START_SECONDS
    while engine.poll() is None and time.monotonic() < end:
        hello = greeting(data_dir)
        if hello.get("pid") == engine.pid:
            return hello
        time.sleep(LOOK_SECONDS)
    if engine.poll() is None:
        raise Refused(
            f"the engine (pid {engine.pid}) does not answer after {START_SECONDS:g} s",
            f"it may be folding a long journal: see {path}, then supreme status",
            code=5,
        )
    raise last_words(engine.returncode, path, began)


def account_told(engine: "subprocess.Popen[bytes]", data_dir: str, path: str, began: int) -> bool:
    """Whether its exchange tells a running engine of the account, by now; Refused as it ended."""
    end = time.monotonic() + ACCOUNT_SECONDS
    with suppress(Refused), closing(Link(data_dir, 5.0, operator())) as link:
        while engine.poll() is None and time.monotonic() < end:
            if link.ask("exchange")["exchange"]["account"]["seen"]:
                return True
            time.sleep(LOOK_SECONDS)
    with suppress(subprocess.TimeoutExpired):
        engine.wait(max(end - time.monotonic(), 0.0))
    if engine.returncode is None:
        return False
    raise last_words(engine.returncode, path, began)


def last_words(code: int, path: str, began: int) -> Refused:
    """How an engine ended early, as it said itself from byte `began` of a file on."""
    with open(path, "rb") as out:
        out.seek(began)
        said = out.read().decode(errors="replace").strip().splitlines()[-2:]
    what, fix = [*said, "", ""][:2]
    if code == 0:
        return Refused("the engine has ended already: its market is over", f"see {path}", code=3)
    code = code if code > 0 else 128 - code
    return Refused(what or "the engine ended at once", fix or f"see {path}", code=code)


def greeting(data_dir: str) -> dict[str, Any]:
    """What the engine there says of itself; nothing where none answers."""
    try:
        link = Link(data_dir, 5.0, operator())
    except Refused:
        return {}
    link.close()
    return link.hello


def down(
    data_dir: DataDir = "",
    orders: Annotated[
        str, typer.Option(metavar="|".join(AT_STOP), help="what becomes of open orders first")
    ] = "keep",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="why; kept in the log")] = "asked to",
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Stop engine and service: journal closed, nothing lost; the next start goes on from here.

    --orders keep leaves open orders as they are (stops at the venue go on protecting), cancel
    takes entries back and leaves a pause, flatten sells everything first and leaves a pause.
    Exit 5 when that takes longer than --timeout: the engine goes on, and goes on trying.
    """
    if orders not in AT_STOP:
        raise Refused(f"--orders {orders} is unknown", f"use {', '.join(AT_STOP)}")
    if place := services.left_alone(data_dir):
        tell_stopped(place, None, services.end(place, timeout), "", as_json=json)
        return
    link = linked(data_dir, 5.0)
    before = seen(link, link.picture())
    verb = {"cancel": "pause", "flatten": "flatten"}.get(orders, "")
    is_done = verb == "pause" and before.state.breakers.paused  # a pause still holds what it held
    if verb and before.snapshot.trading != "HALTED" and not is_done:
        link.ask(verb, reason=f"down: {reason}")
        before = settled(link, Act(verb, link.data_dir, reason, json, timeout))
    if orders == "cancel":
        before = withdrawn(link, timeout)
    pid = link.ask("stop", reason=reason)["pid"]
    wait_until_free(link.data_dir, pid, timeout)
    service = services.end(link.data_dir, timeout)
    tell_stopped(link.data_dir, pid, service, left(before), as_json=json)


def tell_stopped(
    data_dir: str, pid: int | None, service: int | None, kept: str, *, as_json: bool
) -> None:
    """What was ended."""
    if as_json:
        said = {"stopped": pid, "service_stopped": service, "data_dir": data_dir}
        print(dumps({"schema_version": SCHEMA, **said}))
        return
    if pid is not None:
        print(f"engine pid {pid} stopped with {kept}; the journal is closed")
    if service is not None:
        print(f"service pid {service} stopped{'' if pid else '; no engine ran beside it'}")


def withdrawn(link: Link, timeout: float) -> Seen:
    """The engine once no entry is open any more; Refused (5), naming those that are, otherwise."""
    end = time.monotonic() + timeout
    while True:
        one = seen(link, link.picture())
        rows = [row for row in one.snapshot.open_orders if row.side == "BUY"]
        if not rows:
            return one
        if time.monotonic() > end:
            named = ", ".join(f"{row.order_id} ({row.quantity} {row.symbol})" for row in rows)
            raise Refused(
                f"not canceled after {timeout:g} s: {named}; the engine goes on, paused",
                "see supreme orders --watch; supreme down stops it as it is",
                code=5,
            )
        time.sleep(LOOK_SECONDS)


def wait_until_free(data_dir: str, pid: int, timeout: float) -> None:
    """Until this engine has let go of its directory; Refused (5) when it does not."""
    end = time.monotonic() + timeout
    while holder_of(data_dir) == str(pid):  # another one may be started there at once
        if time.monotonic() > end:
            raise Refused(
                f"the engine (pid {pid}) is still stopping after {timeout:g} s",
                "its disk may be slow: see supreme status",
                code=5,
            )
        time.sleep(LOOK_SECONDS)
