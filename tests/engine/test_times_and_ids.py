"""Do odd times and repeated ids stay harmless?"""

import pytest

from engine.messages import TradeTick, encode
from tests.builders import PRICE, QUICK, SECOND, Run


def test_a_time_that_cannot_be_never_reaches_the_clock():
    """A record received before 1970 or after 2116 is refused at the door."""
    run = Run(*QUICK)
    run.bar(PRICE)
    before = run.core.image()

    for received_ns in (-1, 2**63 - 1):
        with pytest.raises(ValueError, match="not a record the core knows"):
            run.core.process(encode(TradeTick(0, 1, received_ns, PRICE, 1, 1)))

    assert run.core.image() == before


def test_late_trades_do_not_split_a_bar():
    """Trades that arrive a little late, after a heartbeat closed their bar, count in the next."""
    run = Run("schedule.interval_seconds=0", "run.heartbeat_ns=500000000")
    for number in range(300):
        happened_ns = run.now_ns + number * SECOND
        trade = TradeTick(0, happened_ns, happened_ns + SECOND // 10, PRICE + number % 7, 10**6, 1)
        run.feed(trade)

    assert run.state.symbols[0].features.indicators.bars in (4, 5)


def test_the_same_fill_id_on_two_symbols_is_two_fills():
    """Venues number fills a symbol at a time."""
    run = Run(*QUICK, symbols=2)
    run.bar(PRICE)
    run.bar(PRICE, symbol=1, same_minute=1)

    run.fill(0, 10, 7, symbol=0)
    run.fill(0, 10, 7, symbol=1)
    run.fill(0, 10, 7, symbol=1)

    held = [run.state.symbols[number].position.lots for number in (0, 1)]
    assert held == [10, 10]
