"""Is a journal gone on with only where the same kind of money is traded?"""

import pytest

from engine.beginning import refuse_other_market
from engine.core import PlainCore
from engine.errors import Refused
from engine.journal.checkpoints import Said
from engine.journal.folded import Kept
from engine.messages import OUTSIDE
from engine.opening import for_core, opening_records
from engine.parts import Engine, Source
from engine.profile import load_profile
from engine.venues.settings import Exchange
from tests.builders import ETHER, START

PAPER, REAL = "ETHUSDT at testnet.binance.vision", "LIVE ETHUSDT at ws-api.binance.com"
FED = "FEED somebody's"


def begun_by(label: str, flags: int, asked: str, exchange: Exchange | None) -> None:
    """A journal begun under a label, gone on with under another one."""
    profile = load_profile("scalping")
    core = PlainCore()
    for record in for_core(opening_records(profile, [ETHER], START, flags)):
        core.process(record)
    source = Source(asked, False, [ETHER], START, 0, lambda _: iter(()), exchange)
    kept = Kept(Said(label, {0: ETHER.name}, 7, bytes(60), 2))
    refuse_other_market(Engine(core, source, profile), kept, "d")


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
    """An exchange has several addresses."""
    begun_by(REAL, OUTSIDE, "LIVE ETHUSDT at api3.binance.com", Exchange(real_money=True))
    begun_by(PAPER, OUTSIDE, "ETHUSDT at 127.0.0.1", Exchange("binance"))
