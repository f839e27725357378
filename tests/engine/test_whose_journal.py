"""Is a journal gone on with only where the same kind of money is traded?"""

import pytest

from engine.beginning import refuse_other_market, refuse_what_cannot_change
from engine.core import PlainCore
from engine.errors import Refused
from engine.instruments import Instrument
from engine.journal.checkpoints import Said
from engine.journal.folded import Kept
from engine.messages import OUTSIDE, CashDeposited, encode
from engine.opening import for_core, opening_records
from engine.options import parse
from engine.parts import Engine, Source
from engine.profile import load_profile
from engine.venues.settings import Exchange
from tests.builders import ETHER, START

PAPER, REAL = "ETHUSDT at testnet.binance.vision", "LIVE ETHUSDT at ws-api.binance.com"
FED = "FEED somebody's"


def gone_on(
    flags: int, asked: str, exchange: Exchange | None, *words: str, traded: Instrument = ETHER
) -> Engine:
    """An engine that goes on from a journal's opening records, at a market asked for now."""
    profile = load_profile("scalping", words)
    core = PlainCore()
    for record in for_core(opening_records(profile, [ETHER], START, flags)):
        core.process(record)
    source = Source(asked, False, [traded], START, 0, lambda _: iter(()), exchange)
    return Engine(core, source, profile)


def kept_of(label: str) -> Kept:
    """What the journal says of itself."""
    return Kept(Said(label, {0: ETHER.name}, 7, bytes(60), 2))


def begun_by(label: str, flags: int, asked: str, exchange: Exchange | None) -> None:
    """A journal begun under a label, gone on with under another one."""
    refuse_other_market(gone_on(flags, asked, exchange), kept_of(label), "d")


@pytest.mark.parametrize(
    ("label", "flags", "asked", "exchange"),
    [
        (PAPER, OUTSIDE, REAL, Exchange("binance", real_money=True)),
        (REAL, OUTSIDE, PAPER, Exchange("binance")),
        (FED, 0, REAL, Exchange("binance", real_money=True)),
        (FED, 0, PAPER, Exchange("binance")),
        (PAPER, OUTSIDE, FED, None),
    ],
)
def test_a_journal_of_other_money_is_refused(label, flags, asked, exchange):
    """A paper journal gone on with for real would trade without anybody's reset."""
    with pytest.raises(Refused, match="holds a journal of") as refused:
        begun_by(label, flags, asked, exchange)

    assert refused.value.code == 4


def test_another_host_of_the_same_money_is_no_other_journal():
    """An exchange has several addresses; those of another money are refused by it alone."""
    other = "LIVE ETHUSDT at api3.binance.com"

    assert not is_refused(REAL, OUTSIDE, other, Exchange(real_money=True))
    assert not is_refused(PAPER, OUTSIDE, "ETHUSDT at 127.0.0.1", Exchange("binance"))
    assert is_refused(PAPER, OUTSIDE, other, Exchange(real_money=True))


def is_refused(label: str, flags: int, asked: str, exchange: Exchange) -> bool:
    """Whether a journal begun under a label may not be gone on with under another one."""
    try:
        begun_by(label, flags, asked, exchange)
    except Refused:
        return True
    return False


def test_other_steps_are_another_market_but_at_an_exchange():
    """There they are carried over; a file's or another symbol is none to go on with."""
    coarse, other = ETHER._replace(lot_e8=100_000), ETHER._replace(name="BTCUSDT")

    refuse_other_market(gone_on(OUTSIDE, PAPER, Exchange(), traded=coarse), kept_of(PAPER), "d")

    for engine, label in (
        (gone_on(0, FED, None, traded=coarse), FED),
        (gone_on(OUTSIDE, PAPER, Exchange(), traded=other), PAPER),
    ):
        with pytest.raises(Refused, match="with other content") as refused:
            refuse_other_market(engine, kept_of(label), "d")
        assert refused.value.code == 4


def test_cash_that_an_exchange_took_does_not_keep_an_engine_from_its_next_start():
    """It was withdrawn by others; the command that began it must be able to go on."""
    words = ("account.cash=10000",)
    options = parse(["--set", words[0], "--data-dir", "d"])
    lost = encode(CashDeposited(0, START, START, -50_000_000))
    there, here = (gone_on(OUTSIDE, PAPER, one, *words) for one in (Exchange("binance"), None))
    for engine in (there, here):
        engine.core.process(lost)

    refuse_what_cannot_change(there, kept_of(PAPER), options)
    with pytest.raises(Refused, match="its cash is history"):
        refuse_what_cannot_change(here, kept_of(FED), options)
