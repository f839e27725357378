"""Is what a journal says beside its state the same, fed record by record or read in chunks?"""

from engine.journal.folded import CONTENT_AT, Kept
from engine.messages import Heartbeat, TradeTick, encode


def test_a_record_fed_says_what_a_record_read_says():
    """How many of the market there were, and the last of them without its check."""
    trades = [encode(TradeTick(0, 10 + n, 10 + n, 100, 5, n)) for n in range(3)]
    read, fed = Kept(), Kept()
    assert (read.last, fed.said()) == (b"", read.said())

    read.read(b"".join([*trades, encode(Heartbeat(0, 20, 20, 1))]))
    for trade in trades:
        fed.fed(trade)

    assert fed.said() == read.said()
    assert (fed.market_records, fed.last) == (3, trades[-1][CONTENT_AT:])
    assert Kept(fed.said()).said() == fed.said()
