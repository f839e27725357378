"""Which parts make which way of running? A table, and the one place that puts them together."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from engine import core as cores
from engine.beginning import SEEDED, begin
from engine.control.places import printable
from engine.errors import Refused
from engine.folding import end
from engine.instruments_file import instrument
from engine.journal.lock import hold
from engine.journal.segments import HEADER_SIZE, Identity, unwritable
from engine.journal.writer import Journal
from engine.log import Log
from engine.market.simulated import PLAYED, START_NS, market_of
from engine.messages import RECORD_SIZE
from engine.options import DEFAULT, Options, letters
from engine.parts import Engine, Source
from engine.profile import Profile, load_profile
from engine.secrets.handed import handed_keys
from engine.secrets.mode import refuse_against_mode
from engine.started import keep_settings
from engine.state import KEYS
from engine.venues.settings import settings_of

READ_AT_ONCE = 1 << 16


class Around(NamedTuple):
    """What a source may need beside the options: the profile, and whom to tell and ask."""

    profile: Profile
    say: Callable[[str], None]
    stop: Callable[[], int]


def simulated_source(options: Options, _native: Any, _around: Around) -> Source:
    """A seeded market, labelled for ever."""
    from datetime import UTC, datetime

    day = datetime.fromtimestamp(START_NS // 1_000_000_000, UTC).date()
    traded = instrument(options.symbol, day)
    label = f"{SEEDED} {options.seed}" + (f" {traded.name}" if traded.name != PLAYED else "")
    return Source(label, True, [traded], START_NS, 0, market_of(traded, options.seed).trades)


def replay_source(options: Options, native: Any, _around: Around) -> Source:
    """A record file; time is the file's."""
    from engine.market.history import open_history

    history = open_history(Path(options.replay), native)
    refuse_other_symbol(options, history.name)
    start, size = HEADER_SIZE + len(history.definitions), len(history.records)
    fd = os.open(options.replay, os.O_RDONLY)

    def records(skip: int) -> Iterator[bytes]:
        for at in range(start + skip * RECORD_SIZE, start + size, READ_AT_ONCE):
            wanted = min(READ_AT_ONCE, start + size - at)
            chunk = os.pread(fd, wanted, at)
            if len(chunk) < wanted:
                raise Refused(f"{options.replay} became shorter", "import it again", code=4)
            for place in range(0, wanted, RECORD_SIZE):
                yield chunk[place : place + RECORD_SIZE]

    name = printable(named(options.replay))
    longest_ns = int(KEYS["run.heartbeat_ns"].high)
    return Source(
        f"{'SIMULATED ' if history.simulated else ''}REPLAY {name}",
        history.simulated,
        [history.instrument],
        history.first_ns - history.bar_ns,
        min(history.bar_ns, longest_ns),
        records,
    )


def refuse_other_symbol(options: Options, name: str) -> None:
    """Refused when another symbol was asked for than the file holds."""
    asked, by = options.given["symbol"]
    if by != DEFAULT and letters(asked) != letters(name):
        raise Refused(
            f"{options.replay} is of {name}, and {by} asks for {asked}",
            f"give a file of {asked}, or leave out {by}",
        )


def named(path: str) -> str:
    """A file's name without its folder."""
    return os.path.basename(path)


def exchange_source(options: Options, _native: Any, around: Around) -> Source:
    """An exchange's market and orders. Refused (4) without keys, or with a file to replay."""
    from engine import exchange
    from engine.venues.binance.signing import key_of

    profile = around.profile
    if options.replay or options.feed:
        raise Refused(
            f"the profile {profile.name} trades at an exchange, and another market is named",
            "leave out --replay and --feed, or name another profile",
        )
    settings = settings_of(profile.values, profile.texts)
    refuse_against_mode(os.environ, real_money=settings.real_money)
    keys = handed_keys()
    if keys is None:
        raise Refused(
            f"the profile {profile.name} trades at an exchange, and no API key was given",
            "keep one: supreme keys add NAME --from-env, then --set exchange.key=NAME",
            code=4,
        )
    key = key_of(keys.api_key, keys.secret)
    return exchange.exchange_source(options.symbol, settings, key, around.stop, options.seconds)


def feed_source(options: Options, _native: Any, around: Around) -> Source:
    """What another program sends, on paper."""
    from engine.overfeed import feed_source as heard

    if options.replay:
        raise Refused("--feed and --replay name two markets", "leave one of them out")
    return heard(options.feed, around.say, around.stop, options.seconds)


# way of running -> where the market comes from; on paper orders go to the core's simulated fills.
SOURCES = {
    "simulated": simulated_source,
    "replay": replay_source,
    "feed": feed_source,
    "exchange": exchange_source,
}


def way_of(options: Options, profile: Profile) -> str:
    """Which of the ways of running is asked for."""
    if settings_of(profile.values, profile.texts).venue != "none":
        return "exchange"
    if options.feed:
        return "feed"
    return "replay" if options.replay else "simulated"


def assemble(options: Options, say: Callable[[str], None], stop: Callable[[], int]) -> Engine:
    """An engine ready for its next record: journal recovered, state folded, epoch begun.

    Whatever was taken by then is given back when it cannot be made.
    """
    native = cores.load_native()
    profile = load_profile(options.profile, options.changes, options.environment)
    source = SOURCES[way_of(options, profile)](options, native, Around(profile, say, stop))
    if source.heartbeat_ns:
        changes = [*options.changes, f"run.heartbeat_ns={source.heartbeat_ns}"]
        profile = load_profile(options.profile, changes, options.environment)
    engine = Engine(cores.core_of(native), source, profile)
    engine.lock = hold(options.data_dir)
    engine.held.append(engine.lock.release)
    try:
        engine.keep_log(opened_log(options))
        engine.journal = Journal.open(
            os.path.join(options.data_dir, "journal"),
            identity_of(profile, source),
            segment_size=int(profile.values["journal.segment_bytes"]),
            native=native,
            reserved=int(profile.values["journal.reserved_bytes"]),
        )
        engine.held.append(lambda: end(engine))
        begin(engine, options, say, stop)
        keep_settings(engine, options.data_dir)
    except BaseException as error:
        engine.fail(error)
        engine.close()
        raise
    return engine


def opened_log(options: Options) -> Log:
    """The log in the data directory; Refused (4) when it cannot be written at all."""
    path = os.path.join(options.data_dir, "log", "engine.log")
    try:
        return Log(path, options.log_level, options.log_format, "")
    except OSError as error:
        raise unwritable(path, error) from error


def identity_of(profile: Profile, source: Source) -> Identity:
    """Whose journal this would be."""
    uname = os.uname()
    return Identity(
        os.urandom(16),
        cores.layout_digest(),
        cores.code_digest(),
        profile.digest(),
        f"{uname.sysname} {uname.machine}",
        source.simulated,
    )
