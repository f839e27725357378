"""How does an engine come to an exchange? Its rules are asked, then its market and account."""

import random
import select
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from engine.errors import Refused
from engine.lines.lines import Lines
from engine.market.binance_streams import Addresses
from engine.market.doubts import Limits
from engine.market.failover import Patience
from engine.market.live import LiveMarket
from engine.market.putting_together import Settings, live_market
from engine.market.warming import INTERVALS, Past
from engine.market.wishes import Answer
from engine.parts import Engine, Source, Stopped
from engine.questions import Question, Questions
from engine.status import REAL
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.checks import refuse_lacking_types
from engine.venues.binance.naming import Names
from engine.venues.binance.reading import Unreadable, parsed
from engine.venues.binance.rules import Market, Rules, market_of
from engine.venues.binance.signing import Key
from engine.venues.settings import LOOPBACK, Exchange, host_of

RULES_TARGET = "/api/v3/exchangeInfo?symbol="
RULES_WITHIN_S = 10.0
BARS_MAX = 999  # of one answer
SIMULATED_HEADER = "x-supreme-market"  # what supreme venue says of a market made from a seed
SHOWN_MAX = 120


def never() -> int:
    """Nobody asks to stop."""
    return 0


class Exchanged(NamedTuple):
    """What an engine on an exchange has beside its core."""

    market: LiveMarket
    account: Account
    settings: Exchange


def exchange_source(
    symbol: str,
    settings: Exchange,
    key: Key,
    stop: Callable[[], int] = never,
    seconds: float = 0.0,
) -> Source:
    """The market and the venue of one symbol. Refused where they cannot be had; Stopped.

    Its answer is waited for no longer than so many seconds, if any are given.
    """
    began_s = time.monotonic()
    within_s = min(seconds or RULES_WITHIN_S, RULES_WITHIN_S)
    answer = asked(settings.rest_url, RULES_TARGET + symbol, within_s, stop)
    if stop():
        raise Stopped(stop())
    market = rules_in(answer, symbol, settings)
    rules = market.rules[symbol]
    simulated = answer.headers.get(SIMULATED_HEADER, "")
    return Source(
        label_of(symbol, settings, simulated),
        bool(simulated),
        [rules.instrument],
        time.time_ns(),
        0,
        lambda _skip: iter(()),
        settings,
        partial(join, rules=[rules], market=market, key=key),
        time.monotonic() - began_s,
    )


def label_of(symbol: str, settings: Exchange, simulated: str) -> str:
    """What every screen says of the money and the market."""
    host = host_of(settings.api_url)
    told = f"{simulated[:40]} " if simulated else ""
    return f"{REAL if settings.real_money else ''}{told}{symbol} at {host}"


def rules_in(answer: Answer, symbol: str, settings: Exchange) -> Market:
    """The symbol's rules; Refused (3) where nobody answers, (2) where it cannot be traded."""
    if answer.status == 0:
        is_here = host_of(settings.rest_url) in LOOPBACK
        todo = "start it: supreme venue" if is_here else "see supreme connectivity"
        raise Refused(
            f"{settings.rest_url} does not answer: {answer.body.decode(errors='replace')}",
            f"{todo}; nothing was traded",
            code=3,
        )
    said = answer.body[:SHOWN_MAX].decode(errors="replace")
    if answer.status == 400 and b"-1121" in answer.body:
        raise Refused(
            f"{symbol} is not traded at {host_of(settings.rest_url)}", "give another --symbol"
        )
    if answer.status != 200:
        raise Refused(
            f"{settings.rest_url} answers {answer.status}: {said}",
            "see supreme connectivity",
            code=3,
        )
    try:
        market = market_of(parsed(answer.body), frozenset([symbol]))
    except Unreadable as why:
        raise Refused(
            f"{settings.rest_url} tells no rules of {symbol}: {why}",
            "see supreme connectivity",
            code=3,
        ) from why
    if symbol not in market.rules:
        why_not = market.refused.get(symbol, "it is not among those told")
        raise Refused(f"{symbol} cannot be traded here: {why_not}", "give another --symbol")
    refuse_lacking_types(market.rules[symbol], settings.sends)
    return market


def asked(url: str, target: str, within_s: float, stop: Callable[[], int] = never) -> Answer:
    """One question to a host, asked again until an answer comes, the time is over, or `stop()`."""
    poll = select.epoll()
    questions = Questions(Lines(poll), url, seed=1)
    found: list[Answer] = []
    end_s = time.monotonic() + within_s
    question = Question("GET", target, (), b"", lambda answer, _: found.append(answer))
    try:
        questions.ask(question, time.time_ns())
        while time.monotonic() < end_s and not stop():
            now_ns = time.time_ns()
            questions.turn(now_ns)
            questions.lines.settle(now_ns)
            if found and found[-1].status:
                break
            if found and len(found) > len(questions.waiting):
                questions.ask(question, now_ns)
            for fd, _ in poll.poll(0.05):
                questions.lines.hear(fd, time.time_ns())
    finally:
        questions.close(time.time_ns())
        poll.close()
    return found[-1] if found else Answer(0, {}, b"no answer in time")


def join(engine: Engine, *, rules: list[Rules], market: Market, key: Key) -> Exchanged:
    """Market and account of a running engine, named by its journal."""
    settings = engine.source.exchange or Exchange()
    counted = zip(rules, engine.source.instruments, strict=True)
    rules = [one._replace(instrument=traded) for one, traded in counted]
    journal_id, epoch = engine.journal.identity.journal_id, engine.kept.epoch - 1
    names = Names(journal_id.hex()[:8], epoch, engine.ordered + 1)
    seed = int.from_bytes(journal_id[:4], "little") + epoch
    account = Account(key, Books(rules, names, market.filters), seed)
    draw = random.Random(seed).random  # noqa: S311  jitter
    made = live_market(
        [one.instrument for one in rules], settings_of(settings, past_of(engine)), draw
    )
    return Exchanged(made, account, settings)


def past_of(engine: Engine) -> Past | None:
    """The bars that closed since the newest one known; None where none of that length are told."""
    interval = INTERVALS.get(engine.core.state.parameters.features.bar_seconds)
    known_ns = engine.core.state.symbols[0].features.bar.open_time_ns
    return Past(BARS_MAX, interval, known_ns + 1) if interval else None


def settings_of(settings: Exchange, past: Past | None) -> Settings:
    """How the market is heard."""
    silence_ns = round(settings.silence_s * 1e9)
    addresses = Addresses(settings.stream_url, settings.rest_url)
    patience = Patience(silence_ns=silence_ns)
    return Settings(
        addresses, patience=patience, limits=Limits(), past=past, relays=settings.relays
    )
