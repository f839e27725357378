"""How does the service live? Beside the engine, following its journal; `supreme serve` execs this.

The engine knows nothing of it: it reads the engine's files, and asks it for its state now and then.
"""

import asyncio
import os
import random
import threading
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from engine import core as cores
from engine import environment, streams
from engine.answering import Answering, Metrics, Sign
from engine.beside import ASK_S, state_of, tell_engine
from engine.cache import settings as caching
from engine.cache.redis_address import address_of
from engine.cache.settings import Settings
from engine.control.client import is_dead, is_locked, pid_in, the_engine
from engine.errors import Refused
from engine.journal.lock import hold
from engine.journal.segments import unwritable
from engine.log import Log
from engine.options import OPTIONS, number
from engine.parts import code_of
from engine.profile import Given, load_profile
from engine.resilience.settings import Resilience, settings_of
from engine.service import comparing
from engine.service.context import feeding
from engine.service.context.settings import Source, sources_of
from engine.service.copying import Copier
from engine.service.postgres import asking, place, place_of, refuse_without_libraries
from engine.service.projecting import POLL_S, Duty, Projecting
from engine.service.reads import REDIS as REDIS_NAME
from engine.service.reads import Reads, RedisHand, cache_of
from engine.service.recovering import COMPONENT, Recovery
from engine.service.showing import Showing
from engine.service.standing import Standing, folder_of, standing_of
from engine.service.watching import EVERY_S, Watching
from engine.stopping import Stop

URL, REDIS = "service.postgres_url", "cache.redis_url"
NICER = 10  # the engine goes first where both want the processor
ALARMED = 1
SNAPSHOT_S = 300.0
LAST_S = 10.0  # at the end, for what is read and not yet kept, and as long for PostgreSQL
TAKES = {
    "data-dir": "whose journal [the engine that runs]",
    "profile": "names the PostgreSQL, where POSTGRES_URL does not [scalping]",
    "compare": "seconds between two comparisons with the engine's state [300]",
    "snapshot": "seconds between two durable snapshots [300]",
}
FLAGS = {"rebuild": "make the tables anew from the journal's first record"}
HELP = """\
Usage: supreme serve [OPTIONS]

Follow an engine's journal and keep what it says: orders, fills, trades, equity, and each order
with the decision that caused it, in DIR/service/projections.sqlite and, where POSTGRES_URL is set,
in PostgreSQL. The engine does not notice it; `supreme up` starts it, `supreme down` ends it.
Every five minutes the engine's state is held against what its journal comes to, and the state is
kept as a snapshot from which the next start goes on.

Options:
"""
HELP += "".join(f"  {f'--{name} X':16} {text}\n" for name, text in TAKES.items())
FLAGS_TOLD = {**{f"--{name}": text for name, text in FLAGS.items()}, "-h, --help": "this text"}
HELP += "".join(f"  {name:16} {text}\n" for name, text in FLAGS_TOLD.items())


class Asked(NamedTuple):
    """What `supreme serve` was asked for; `url` is empty where PostgreSQL is not wanted."""

    data_dir: str
    url: str
    compare_s: float
    rebuild: bool
    snapshot_s: float = SNAPSHOT_S
    recovery: Resilience = Resilience()
    floor_bytes: int = 0
    cache: Settings = Settings()
    redis_url: str = ""
    sources: tuple[Source, ...] = ()


def parse(argv: list[str], environ: Mapping[str, str] = os.environ) -> Asked:
    """The options of a command line and of the environment. Refused names what is wrong."""
    given = dict.fromkeys(TAKES, "")
    rest, rebuild = list(argv), False
    while rest:
        word, has_value, value = rest.pop(0).partition("=")
        name = word.removeprefix("--")
        if word == "--rebuild" and not has_value:
            rebuild = True
        elif word.startswith("--") and name in TAKES:
            given[name] = value or (rest.pop(0) if rest and not has_value else "")
            if not given[name].strip():
                raise Refused(f"supreme serve: {word} needs a value", "see: supreme serve --help")
        else:
            raise Refused(f"supreme serve: unknown option {word}", "see: supreme serve --help")
    asked = environment.read(environ)
    named = {name: said.value for name, said in asked.options.items()}
    usual = named.get("profile", OPTIONS["profile"].usual)
    profile = load_profile(given["profile"] or usual, (), asked.keys)
    url = profile.secrets.get(URL, "")
    if url:
        place_of(url)
        refuse_without_libraries()
    every = Given(given["compare"] or comparing.EVERY_S, "--compare")
    kept = Given(given["snapshot"] or SNAPSHOT_S, "--snapshot")
    data_dir = given["data-dir"] or named.get("data-dir", "")
    seconds = [number(one, 0.1, 86_400) for one in (every, kept)]
    floor = int(profile.values["journal.free_disk_floor_bytes"])
    redis = profile.secrets.get(REDIS, "")
    if redis:
        address_of(redis)
    sources = tuple(sources_of(profile.values, profile.secrets))
    if sources:
        feeding.refuse_without_library()
    recovery, cache = settings_of(profile.values), caching.settings_of(profile.values)
    where = the_engine(data_dir)
    kinds = (recovery, floor, cache, redis, sources)
    return Asked(where, url, seconds[0], rebuild, seconds[1], *kinds)


def serve(asked: Asked) -> int:
    """Follow until told to stop: the signal's code, or 1 after an alarm."""
    stop = Stop()
    folder = folder_of(asked.data_dir)
    lock = hold(folder, "service")
    try:
        log = Log(os.path.join(folder, "service.log"), "info", "json", "")
    except OSError as error:
        raise unwritable(folder, error) from error
    seen_s = standing_of(asked.data_dir).get("at_s", 0.0)
    standing = Standing(folder, log)
    if seen_s:  # the last sign of life of the service before
        standing.alerts.up("service", int(seen_s * 1e9), is_up=False)
    standing.alerts.up("service", is_up=True)
    standing.write()  # from here on a kill is seen as one
    os.nice(NICER)
    code = 0
    try:
        projecting = Projecting(asked.data_dir, cores.load_native(), standing, anew=asked.rebuild)
        entrust(projecting, asked)
        where = place_of(asked.url) if asked.url else "none"
        standing.say("info", "ServiceStarted", pid=os.getpid(), postgres=where)
        streams.say(f"supreme serve follows {asked.data_dir} (PostgreSQL: {where})")
        asyncio.run(live(projecting, asked, standing, stop))
        code = ALARMED if standing.alarms else stop.code
    except BaseException as error:
        code = code_of(error)
        if isinstance(error, Refused):
            standing.alarm(error.what)
        raise
    finally:
        standing.ended = code
        standing.write()
        log.say("info", "ServiceStopped", code=code)
        log.close()
        lock.release()
    return code


def entrust(projecting: Projecting, asked: Asked) -> None:
    """What it does beside following."""
    standing = projecting.standing
    ask = comparing.Comparing(lambda: state_of(asked.data_dir), standing).ask
    watching = Watching(standing, asked.data_dir, asked.floor_bytes)
    projecting.heard = watching.heard

    def look_for_engine(_fold: object) -> None:
        standing.alerts.up("engine", is_up=is_locked(asked.data_dir))
        watching.look_at_engine(death_of(asked.data_dir))

    projecting.duties += [
        Duty(asked.compare_s, ask),
        Duty(asked.snapshot_s, projecting.snapshot, waits=True),
        Duty(EVERY_S, watching.look),
        Duty(EVERY_S, look_for_engine),
    ]


def death_of(data_dir: str) -> str:
    """How the engine there ended, where it ended badly and none runs; else nothing."""
    if not is_dead(data_dir):
        return ""
    return f"pid {pid_in(data_dir)} ended without a goodbye: supreme up goes on from its journal"


async def live(projecting: Projecting, asked: Asked, standing: Standing, stop: Stop) -> None:
    """The follower in a thread of its own, PostgreSQL beside it, until a signal or a failure."""
    copier, answering = None, Answering(folder_of(asked.data_dir), standing)
    loop, draw = asyncio.get_running_loop(), random.SystemRandom().random
    if asked.url:
        recovery = Recovery(asked.recovery, standing, draw)
        tables = partial(asking, projecting.keeper.path)
        copier = Copier(place(asked.url), tables, standing, recovery)
        answering.breakers[COMPONENT] = within(loop, recovery)
    here = standing, projecting.keeper.path, projecting.native
    cache = cache_of(asked.cache, *here, (asked.redis_url, asked.url))
    await cache.start()
    if cache.redis:
        standing.alerts.up(REDIS_NAME, is_up=cache.redis.is_connected)
        answering.breakers[REDIS_NAME] = within(loop, RedisHand(cache.redis.breaker))
    reads = Reads(cache, projecting, Showing(lambda: projecting.fold))
    answering.reads, answering.later = reads.verbs, reads.refresh
    copying = asyncio.create_task(copier.run()) if copier else None
    if copying:
        copying.add_done_callback(lambda task: stop.set() if failed(task) else None)
    told = feeding.Place(standing, draw, partial(tell_engine, asked.data_dir))
    try:
        async with feeding.running(asked.sources, asked.recovery, told) as feeds:
            answering.breakers |= {one.name: within(loop, RedisHand(one.breaker)) for one in feeds}
            with stop.on(loop):
                await asyncio.to_thread(follow, projecting, answering, stop)
    finally:
        await cache.close()
        if copying and copier:
            copier.is_closing = True
            # Who is gone is not waited for: what it lacks is copied after the next start.
            is_there = standing.postgres is not None and standing.postgres["connected"]
            await asyncio.wait([copying], timeout=LAST_S if is_there else 0.0)
            copying.cancel()
    if copying and failed(copying):
        copying.result()


def failed(task: "asyncio.Task[None]") -> bool:
    """Whether it ended by a fault of ours."""
    return task.done() and not task.cancelled() and task.exception() is not None


def within(loop: asyncio.AbstractEventLoop, recovery: Recovery | RedisHand) -> tuple[Sign, Metrics]:
    """Its breaker's acts and figures, for another thread than its own."""

    def sign(act: str, who: str, reason: str) -> None:
        async def signed() -> None:
            recovery.sign(act, who, reason)

        asyncio.run_coroutine_threadsafe(signed(), loop).result(ASK_S)

    return sign, recovery.metrics


def follow(projecting: Projecting, answering: Answering, stop: threading.Event) -> None:
    """Step after step; at the end what is written by then is kept too."""
    try:
        while not stop.is_set():
            answering.attend(0.0 if projecting.step() else POLL_S)
        projecting.finish(LAST_S)
    finally:
        answering.close()
        projecting.close()


def main(argv: list[str]) -> int:
    """The exit code of `supreme serve`; whatever happens, no traceback is shown."""
    homes: list[str] = []

    def life() -> int:
        if {"-h", "--help"} & set(argv):
            return streams.output(HELP)
        asked = parse(argv)
        homes.append(asked.data_dir)
        return serve(asked)

    return streams.guarded(life, homes, as_json=False)
