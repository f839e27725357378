"""Which parts make which way of running? A table, and the one place that puts them together."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from engine import core as cores
from engine.errors import Refused
from engine.instruments import Instrument, instrument
from engine.journal.lock import Lock, hold
from engine.journal.recovery import chunks
from engine.journal.segments import Identity
from engine.journal.writer import Journal
from engine.log import Log
from engine.loop import Loop
from engine.market.simulated import START_NS, SimulatedMarket
from engine.messages import (
    BOOK_TOP,
    ENGINE_STARTED,
    LABEL,
    OPERATOR,
    REASON,
    RECORD_SIZE,
    TEXT,
    EngineStarted,
    OperatorReset,
    encode,
    texts_of,
)
from engine.opening import for_core, opening_records
from engine.options import Options
from engine.profile import Profile, load_profile, parameter_records
from engine.risk.breakers import HALTED, trading_state
from engine.state import KEYS
from engine.venues.paper import PaperVenue


class Source(NamedTuple):
    """Where the market comes from: `records(skip)` goes on after that many of its records."""

    label: str
    simulated: bool
    instruments: list[Instrument]
    start_ns: int
    heartbeat_ns: int  # 0 leaves it to the profile
    records: Callable[[int], Iterator[bytes]]


class Engine:
    """Everything a running engine consists of."""

    def __init__(self, core: Any, source: Source, profile: Profile, log: Log) -> None:
        self.core, self.source, self.profile, self.log = core, source, profile, log
        self.names = [traded.name for traded in source.instruments]
        self.lock: Lock
        self.journal: Journal
        self.loop: Loop
        self.market_records = 0
        self.epoch = 1

    def take_core(self, core: Any) -> None:
        """Go on with another core from the same state."""
        core.restore(self.core.image())
        self.core = self.loop.core = core
        self.loop.venue.core = core  # type: ignore[attr-defined]

    def close(self) -> None:
        """Everything appended becomes durable, the directory is free for the next start."""
        try:
            self.journal.close()
        finally:
            self.log.close()
            self.lock.release()


def simulated_source(options: Options, _native: Any) -> Source:
    """A seeded market, labelled for ever."""
    from datetime import UTC, datetime

    day = datetime.fromtimestamp(START_NS // 1_000_000_000, UTC).date()
    traded = instrument("ETHUSDT", day)
    market = SimulatedMarket(options.seed)
    label = f"SIMULATED seed {options.seed}"
    return Source(label, True, [traded], START_NS, 0, market.trades)


def replay_source(options: Options, native: Any) -> Source:
    """A record file; time is the file's."""
    from engine.market.history import open_history

    history = open_history(Path(options.replay), native)
    mapped = history.records

    def records(skip: int) -> Iterator[bytes]:
        for at in range(skip * RECORD_SIZE, len(mapped), RECORD_SIZE):
            yield bytes(mapped[at : at + RECORD_SIZE])

    label = f"REPLAY {Path(options.replay).name}" + (" SIMULATED" if history.simulated else "")
    heartbeat_ns = history.bar_ns if history.kind == "bars" else 0
    return Source(
        label,
        history.simulated,
        [history.instrument],
        history.first_ns - history.bar_ns,
        heartbeat_ns,
        records,
    )


# way of running -> where the market comes from; on paper orders go to the core's simulated fills.
SOURCES = {"simulated": simulated_source, "replay": replay_source}


def assemble(options: Options, say: Callable[[str], None]) -> Engine:
    """An engine ready for its next record: journal recovered, state folded, epoch begun."""
    native = cores.load_native()
    source = SOURCES["replay" if options.replay else "simulated"](options, native)
    changes = list(options.changes)
    if source.heartbeat_ns:
        changes.append(f"run.heartbeat_ns={source.heartbeat_ns}")
    profile = load_profile(options.profile, changes)
    data_dir = Path(options.data_dir)
    lock = hold(data_dir)
    log = Log(str(data_dir / "log" / "engine.log"), options.log_level, options.log_format, "")
    engine = Engine(cores.core_of(native), source, profile, log)
    engine.lock = lock
    try:
        engine.journal = Journal.open(
            data_dir / "journal",
            identity_of(profile, source),
            segment_size=int(profile.values["journal.segment_bytes"]),
            native=native,
        )
    except BaseException:
        lock.release()
        raise
    try:
        begin(engine, options, say)
    except BaseException:
        engine.close()
        raise
    return engine


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


def begin(engine: Engine, options: Options, say: Callable[[str], None]) -> None:
    """Fold what the journal holds, finish what a crash cut off, and open a new epoch."""
    kept = fold(engine, say)
    _must_be_same_market(kept, engine, options)
    venue = PaperVenue(engine.core)
    journal_id = engine.journal.identity.journal_id.hex()[:8]
    engine.log.stamp = f"S{journal_id}-{engine.epoch}"
    engine.loop = Loop(engine.core, engine.journal, venue, engine.log)
    now_ns = engine.core.state.clock.now_ns
    started = encode(EngineStarted(0, now_ns, now_ns, engine.epoch, os.getpid()))
    label = texts_of(engine.source.label, LABEL)
    engine.journal.append(b"".join([*label, started]))
    tell_beginning(engine)
    tell_changes(engine)
    if options.reset_halt:
        reset_halt(engine, options.reason)
    engine.journal.wait(engine.journal.sequence, 30.0)
    engine.log.say("info", "EngineStarted", epoch=engine.epoch, label=engine.source.label)


def fold(engine: Engine, say: Callable[[str], None]) -> str:
    """Replay the journal into the empty state; the label it was kept under, empty for none.

    Refused (4) when what is decided now differs from what was recorded.
    """
    recovered = engine.journal.recovered
    span, label = cores.Span(), ""
    if recovered.cut_records or recovered.cut_bytes:
        say(f"journal: cut an unfinished write of {recovered.cut_bytes} bytes at its end")
    if recovered.sequence > 1_000_000:
        say(f"journal: folding {recovered.sequence:,} records")
    for first, chunk in chunks(recovered.segments):
        kinds = bytes(chunk[4::RECORD_SIZE])
        engine.market_records += sum(kinds.count(kind) for kind in range(1, BOOK_TOP + 1))
        engine.epoch += kinds.count(ENGINE_STARTED)
        label = label or label_in(chunk, kinds)
        fold_chunk(engine.core, chunk, span, first)
    lost = span.yielded()
    if lost:
        engine.journal.append(lost)
    return label


def fold_chunk(core: Any, chunk: Any, span: cores.Span, first: int) -> None:
    """One chunk of journal into the state."""
    span.start()
    while span.at.next * RECORD_SIZE < len(chunk):
        core.run_replay(chunk, span.out, span.raw)
        if span.at.differs >= 0:
            raise Refused(
                f"the journal does not replay: record {first + span.at.differs} is not what this "
                "engine decides",
                "use the build that wrote it, or a fresh --data-dir",
                code=4,
            )


def label_in(chunk: Any, kinds: bytes) -> str:
    """The label of the first start found in these records."""
    from engine.messages import text_of

    rows = [
        bytes(chunk[number * 64 : number * 64 + 64])
        for number, kind in enumerate(kinds[:16])
        if kind == TEXT and chunk[number * 64 + 5] == LABEL
    ]
    return text_of(rows)


def _must_be_same_market(kept: str, engine: Engine, options: Options) -> None:
    if kept and kept != engine.source.label:
        raise Refused(
            f"{options.data_dir} holds a journal of {kept}, not of {engine.source.label}",
            "give the same market, or another --data-dir",
            code=4,
        )


def tell_beginning(engine: Engine) -> None:
    """The opening records, or what a crash left out of them."""
    if engine.core.state.account.deposits_e8 != 0 or engine.market_records:
        return
    source = engine.source
    told = engine.core.state.clock.events
    for record in opening_records(engine.profile, source.instruments, source.start_ns):
        if record[4] == TEXT:
            engine.journal.append(record)
        elif told > 0:
            told -= 1
        else:
            engine.loop.take(record)


def tell_changes(engine: Engine) -> None:
    """Profile values that differ from the journal's become events, with who changed them."""
    now_ns = engine.core.state.clock.now_ns
    held = engine.core.state.parameters
    wanted = for_core(parameter_records(engine.profile, now_ns))
    for key, record in zip(KEYS, wanted, strict=True):
        value: Any = held
        for part in key.split("."):
            value = getattr(value, part)
        if value != engine.profile.values[key]:
            engine.journal.append(b"".join(texts_of(operator(), OPERATOR, received_ns=now_ns)))
            engine.loop.take(record)
            engine.log.say("info", "ParameterChanged", key=key, value=engine.profile.values[key])


def reset_halt(engine: Engine, reason: str) -> None:
    """An operator ends a halt; Refused (4) when there is none."""
    state = engine.core.state
    if trading_state(state.breakers) != HALTED:
        raise Refused(
            "the engine is not halted: there is nothing to reset",
            "start it without --reset-halt",
            code=4,
        )
    now_ns = state.clock.now_ns
    who = texts_of(operator(), OPERATOR, received_ns=now_ns)
    why = texts_of(reason, REASON, received_ns=now_ns)
    engine.journal.append(b"".join(who + why))
    engine.loop.take(encode(OperatorReset(0, now_ns, now_ns)))
    engine.log.say("warning", "OperatorReset", operator=operator(), reason=reason)


def operator() -> str:
    """Who asks, as the system knows them."""
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"
