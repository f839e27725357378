"""How does an engine go on where its journal ends? Folded, held against its market, begun anew."""

import os
from collections.abc import Callable, Iterator
from typing import Any, cast

from engine import core as cores
from engine.control.places import operator, printable
from engine.desk import signed
from engine.errors import Refused
from engine.execution.orders import NEW, PARTIALLY_FILLED, PENDING_CANCEL, is_open
from engine.folding import fold
from engine.journal.checkpoints import Said
from engine.journal.continuing import changed_from
from engine.journal.folded import CONTENT_AT, Kept
from engine.loop import Loop
from engine.messages import (
    LABEL,
    OUTSIDE,
    PARAMETER_NAME,
    TEXT,
    CodeChanged,
    EngineStarted,
    OperatorKilled,
    OperatorReset,
    encode,
    texts_of,
)
from engine.opening import E8, for_core, opening_records
from engine.options import Options
from engine.other_steps import counted_alike, tell_steps
from engine.parts import Engine, Source
from engine.ports import Venue
from engine.profile import parameter_records
from engine.risk.breakers import HALTED, trading_state
from engine.state import KEYS
from engine.status import REAL
from engine.venues.asking import Terms
from engine.venues.outside import Outside
from engine.venues.paper import PaperVenue
from engine.venues.settings import Exchange

SEEDED = "SIMULATED seed"  # how the label of a market made from a seed begins
DURABLE_SECONDS_MAX = 30.0
FEE_ASSET = "BNB"  # what fees may be taken from, beside what is traded
# A request is taken no more after so long: held for a second here, a receive window of 5 s by
# clocks a second apart, 10 s in the exchange's backend, and a margin.
SETTLE_NS = 20_000_000_000


def begin(
    engine: Engine, options: Options, say: Callable[[str], None], stop: Callable[[], int]
) -> None:
    """Fold what the journal holds, refuse what does not fit it, and only then write: a new epoch.

    What a crash cut off is decided again and appended first.
    """
    kept, lost = fold(engine, say, stop)
    refuse_other_market(engine, kept, options.data_dir)
    refuse_what_cannot_change(engine, kept, options)
    engine.source = counted_alike(engine.source, engine.core.state)
    engine.records = records_after(kept, engine.source, options.data_dir)
    engine.resumed, engine.ordered = kept.market_records > 0, engine.core.state.orders.last_id
    tell_what_stays(engine, say)
    journal = engine.journal
    engine.log.stamp = f"S{journal.identity.journal_id.hex()[:8]}-{kept.epoch}"
    engine.loop = Loop(engine.core, journal, venue_of(engine), engine.log)
    found = journal.recovered
    if found.left_open:
        ends = {"end": found.sequence, "proved": found.proved, "cut_bytes": found.cut_bytes}
        engine.log.say("warning", "JournalNotClosed", **ends)
    if lost:
        journal.append(lost)
    now_ns = engine.core.state.clock.now_ns
    before = changed_from(found)
    if before:
        whose = (int.from_bytes(one[:7], "little") for one in (before, cores.code_digest()))
        journal.append(encode(CodeChanged(0, now_ns, now_ns, *whose)))
        engine.log.say("warning", "CodeChanged", before=before.hex()[:14])
    started = encode(EngineStarted(0, now_ns, now_ns, kept.epoch, os.getpid()))
    journal.append(b"".join([*texts_of(engine.source.label, LABEL, received_ns=now_ns), started]))
    tell_beginning(engine)
    tell_steps(engine, say)
    tell_changes(engine)
    if engine.source.exchange is not None:
        take_up(engine, engine.source.exchange, now_ns)
    if options.reset_halt:
        reset_halt(engine, options.reason)
    if not journal.wait(journal.sequence, DURABLE_SECONDS_MAX):
        raise Refused(
            f"the disk took longer than {DURABLE_SECONDS_MAX:.0f} s to keep the first records",
            "nothing was traded; check the disk and start again",
            code=5,
        )
    engine.log.say("info", "EngineStarted", epoch=kept.epoch, label=engine.source.label)
    engine.kept = begun(kept, engine.source)
    engine.log.flush()


def fee_asset_of(source: Source) -> str:
    """The asset beside quote and base that fees may be taken from; none where it is one of them."""
    traded = {name for one in source.instruments for name in (one.base, one.quote)}
    return "" if source.exchange is None or FEE_ASSET in traded else FEE_ASSET


def venue_of(engine: Engine) -> Venue:
    """Who answers the orders."""
    exchange = engine.source.exchange
    if exchange is None:
        return PaperVenue(engine.core)
    answer_ns, reconcile_ns = round(exchange.answer_s * 1e9), round(exchange.reconcile_s * 1e9)
    terms = Terms(answer_ns=answer_ns, settle_ns=SETTLE_NS, reconcile_ns=reconcile_ns)
    is_fresh = engine.core.state.account.deposits_e8 == 0 and not engine.resumed
    return Outside(engine.holds, terms, fee_asset_of(engine.source), is_fresh=is_fresh)


def take_up(engine: Engine, exchange: Exchange, now_ns: int) -> None:
    """What an exchange may have done meanwhile is asked; fresh real money waits for an operator."""
    state, venue = engine.core.state, cast("Outside", engine.loop.venue)
    venue.begin(max(engine.source.start_ns, now_ns))
    if exchange.real_money and not engine.resumed and state.clock.heartbeats == 0:
        why = "a fresh start with real money waits for an operator's reset"
        engine.loop.take(encode(OperatorKilled(0, now_ns, now_ns)), signed("engine", why, now_ns))
        engine.log.say("warning", "HaltedAtStart", why=why)
    for order in state.orders.table:
        if order.id and is_open(order.status):
            canceling, accepted = order.status == PENDING_CANCEL, was_taken(order)
            for fact in venue.adopt(order.id, order.symbol, accepted=accepted, canceling=canceling):
                engine.loop.take(fact)


def was_taken(order: Any) -> bool:
    """Whether the journal shows that the venue has an open order: asked to be canceled is not."""
    return order.status in (NEW, PARTIALLY_FILLED) or order.filled > 0


def begun(kept: Kept, source: Source) -> Kept:
    """What the journal says once this start stands in it."""
    names = dict(enumerate(traded.name for traded in source.instruments))
    label = kept.label or source.label
    return Kept(Said(label, names, kept.market_records, kept.last, kept.epoch + 1))


def refuse_other_market(engine: Engine, kept: Kept, data_dir: str) -> None:
    """Refused (4) when the journal is of other money, another seed or other instruments.

    A file may have another name by now: it is its content that counts. Other steps alone are no
    other instrument at an exchange: what is held there is carried over.
    """
    label, source = kept.label, engine.source
    if label and label.startswith(REAL) != source.label.startswith(REAL):
        raise another_market(kept, source, data_dir)  # on paper nobody was asked for a reset
    was_outside, is_outside = engine.core.state.venue.outside == 1, source.exchange is not None
    if engine.core.state.clock.symbols and was_outside != is_outside:
        raise another_market(kept, source, data_dir)
    seeded = SEEDED in (label[: len(SEEDED)], source.label[: len(SEEDED)])
    if seeded and label and label != source.label:
        raise another_market(kept, source, data_dir)
    symbols = engine.core.state.symbols
    for number in range(engine.core.state.clock.symbols):
        known = symbols[number].instrument
        wanted = source.instruments[number] if number < len(source.instruments) else None
        if wanted is None or kept.names.get(number) != wanted.name:
            raise another_market(kept, source, data_dir)
        steps = (known.tick_e8, known.lot_e8)
        if not is_outside and steps != (wanted.tick_e8, wanted.lot_e8):
            raise another_market(kept, source, data_dir)


def records_after(kept: Kept, source: Source, data_dir: str) -> Iterator[bytes]:
    """The source's records that the journal lacks; Refused (4) if it was fed from another one."""
    if not kept.market_records or source.join is not None:
        return source.records(0)
    records = source.records(kept.market_records - 1)
    if next(records, b"")[CONTENT_AT:] != kept.last:
        raise another_market(kept, source, data_dir)
    return records


def another_market(kept: Kept, source: Source, data_dir: str) -> Refused:
    """The refusal to trade one account on two markets."""
    what = f"{data_dir} holds a journal of {kept.label}, not of {source.label}"
    if kept.label == source.label:
        what = f"{data_dir} holds a journal of {kept.label} with other content"
    return Refused(what, "give the same market, or another --data-dir", code=4)


def refuse_what_cannot_change(engine: Engine, kept: Kept, options: Options) -> None:
    """Refused (4) for other cash than the account began with, or a reset where nothing halted.

    At an exchange cash goes as its holdings say: the words of the first start must start it again.
    """
    state = engine.core.state
    told = state.account.deposits_e8 != 0 or kept.market_records > 0
    told = told and engine.source.exchange is None
    asked = any(change.partition("=")[0].strip() == "account.cash" for change in options.changes)
    if told and asked and round(engine.profile.values["account.cash"] * E8) != cash_of(state):
        raise Refused(
            f"this account began with {cash_of(state) / E8:.2f}: its cash is history now",
            "leave out --set account.cash, or give another --data-dir",
            code=4,
        )
    if options.reset_halt and trading_state(state.breakers) != HALTED:
        raise Refused(
            "the engine is not halted: there is nothing to reset",
            "start it without --reset-halt",
            code=4,
        )


def cash_of(state: Any) -> int:
    """What the account began with, in 1e-8 of quote."""
    deposits_e8: int = state.account.deposits_e8
    return deposits_e8


def tell_what_stays(engine: Engine, say: Callable[[str], None]) -> None:
    """Settings of the profile that an existing journal holds on to for now."""
    segments = engine.journal.recovered.segments
    wanted = int(engine.profile.values["journal.segment_bytes"])
    if segments and segments[-1].header.segment_size != wanted:
        say(f"journal: the next file will have {wanted:,} bytes, those begun stay as they are")
    cash = round(engine.profile.values["account.cash"] * E8)
    if engine.resumed and cash != cash_of(engine.core.state):
        say(f"account: it began with {cash_of(engine.core.state) / E8:,.2f}, and that stays")


def tell_beginning(engine: Engine) -> None:
    """The opening records, or what a crash left out of them, each with its texts before it."""
    state, source = engine.core.state, engine.source
    if state.account.deposits_e8 != 0 or engine.resumed:
        return
    told, texts = state.clock.events, b""
    around = (OUTSIDE, fee_asset_of(source)) if source.exchange is not None else ()
    opening = opening_records(engine.profile, source.instruments, source.start_ns, *around)
    for record in opening:
        if record[4] == TEXT:
            texts += record
            continue
        if told > 0:
            told -= 1
        else:
            engine.loop.take(record, texts)
        texts = b""


def tell_changes(engine: Engine) -> None:
    """Profile values that differ from the journal's become events: which, by whom, why."""
    now_ns = engine.core.state.clock.now_ns
    wanted = for_core(parameter_records(engine.profile, now_ns))
    for key, record in zip(KEYS, wanted, strict=True):
        value: Any = engine.core.state.parameters
        for part in key.split("."):
            value = getattr(value, part)
        if value != engine.profile.values[key]:
            why = f"profile {engine.profile.name}"
            name = texts_of(key, PARAMETER_NAME, received_ns=now_ns)
            engine.loop.take(record, b"".join(name) + signed(operator(), why, now_ns))
            engine.log.say("info", "ParameterChanged", key=key, value=engine.profile.values[key])


def reset_halt(engine: Engine, reason: str) -> None:
    """An operator ends a halt."""
    now_ns = engine.core.state.clock.now_ns
    who, why = operator(), printable(reason)
    engine.loop.take(encode(OperatorReset(0, now_ns, now_ns)), signed(who, why, now_ns))
    engine.log.say("warning", "OperatorReset", operator=who, reason=why)
