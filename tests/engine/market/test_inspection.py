"""Is a record file that tells no truth found out?"""

import pytest

from engine.market.inspection import inspected
from engine.messages import BarClosed, BookTop, TradeTick, encode
from tests.engine.market.test_history import bars, history_of


def bar(minute: int, **changes: int) -> bytes:
    """One bar, a field changed."""
    plain = BarClosed(0, minute * 60, (minute + 1) * 60, 5, 6, 4, 5, 1)
    return encode(plain._replace(**changes))


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([bar(1), bar(2), bar(2)], "market record 3: stands there twice"),
        ([bar(1), bar(3), bar(2)], "market record 3: was received before the one in front"),
        ([bar(1), bar(2, received_ns=190)], "market record 2: is a bar of another length"),
        ([bar(1), bar(2, high=3)], "market record 2: the high is below the low"),
        ([bar(1), bar(2, high=10**9)], "market record 2: a price is above price_max"),
        ([bar(1), bar(2, close=7)], "market record 2: the close lies outside low and high"),
        ([bar(1), bar(2), bar(2, close=6)], "market record 3: stands there twice"),
    ],
)
def test_what_cannot_be_true_is_named(tmp_path, records, said):
    """Checks on disk say that bytes are unchanged, not that they were right."""
    _, fault = inspected(history_of(tmp_path / "a.records", records))

    assert fault.startswith(said)


def trade(number: int, **changes: int) -> bytes:
    """One trade of a recording, a field changed."""
    return encode(TradeTick(0, 9, number, 100, 1, number)._replace(**changes))


def top(received_ns: int, **changes: int) -> bytes:
    """The best bid and ask of a recording, a field changed."""
    return encode(BookTop(0, 9, received_ns, 99, 101, 5, 5)._replace(**changes))


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([top(1), trade(2), top(3)], ""),
        ([top(1), top(2), trade(2)], ""),
        ([top(2), trade(1)], "market record 2: was received before"),
        ([top(1), trade(2), trade(3, trade_id=2)], "market record 3: stands there twice"),
        ([top(1), trade(2, price=0)], "market record 2: the price is zero"),
        ([trade(1), top(2, ask=99)], "market record 2: the ask is not above the bid"),
        ([trade(1), top(2), top(3, bid=0)], "market record 3: the bid is zero"),
        ([trade(1), top(2, ask_volume=-1)], "market record 2: a volume is negative"),
        ([trade(1), top(2, ask=10**9)], "market record 2: the ask is above price_max"),
    ],
)
def test_ticks_are_trades_and_tops(tmp_path, records, said):
    """Each by its own rules, named by its place among all."""
    findings, fault = inspected(history_of(tmp_path / "a.records", records))

    assert fault.startswith(said)
    assert bool(fault) == bool(said)
    assert findings.rows == len(records)


def test_a_true_file_has_no_fault_and_its_gaps_are_counted(tmp_path):
    """A gap is no fault."""
    findings, fault = inspected(history_of(tmp_path / "a.records", bars(1, 2, 5)))

    assert fault == ""
    assert (findings.rows, findings.missing) == (3, 2)


def test_trades_may_be_received_at_any_distance(tmp_path):
    """A recording's clock is not the exchange's."""
    trades = [encode(TradeTick(0, 10 - at, 20 + at, 100, 1, at)) for at in range(3)]

    findings, fault = inspected(history_of(tmp_path / "a.records", trades))

    assert fault == ""
    assert findings.rows == 3


@pytest.mark.filterwarnings("error")
def test_prices_of_zero_are_named_without_a_warning(tmp_path):
    """A file that lies costs nobody a line of numpy's on the screen."""
    lies = [bar(1, open=0, high=0, low=0, close=0), bar(2)]

    _, fault = inspected(history_of(tmp_path / "a.records", lies))

    assert fault == "market record 1: a price is zero or negative"
