"""Can the engine open, cut and merge history?"""

import pytest

from engine.errors import Refused
from engine.instruments import definition_records
from engine.journal.record_files import write_record_file
from engine.journal.segments import Header
from engine.market.history import RecordFile, between, definitions_of, merge, open_history
from engine.market.series import NOBODY
from engine.messages import (
    RECORD_SIZE,
    BarClosed,
    BookTop,
    Heartbeat,
    InstrumentDefined,
    TradeTick,
    decode,
    encode,
)
from tests.engine.test_instruments import ETHUSDT

BTCUSDT = ETHUSDT._replace(name="BTCUSDT", base="BTC", lot_e8=1_000)


def bars(*minutes: int) -> list[bytes]:
    """Bars that open at these minutes."""
    return [encode(BarClosed(0, at * 60, (at + 1) * 60, 5, 6, 4, 5, at)) for at in minutes]


def history_of(path, records, traded=ETHUSDT, *, simulated=False, definitions=None) -> RecordFile:
    """A file of these records, opened."""
    told = definition_records(0, traded, 60) if definitions is None else definitions
    header = Header(NOBODY._replace(simulated=simulated), 0, 0)
    write_record_file(path, [chunk for chunk in (told, *records) if chunk], header)
    return open_history(path)


def messages(raw) -> list:
    """Records as messages."""
    return [decode(bytes(raw[at : at + RECORD_SIZE])) for at in range(0, len(raw), RECORD_SIZE)]


def test_a_file_tells_what_it_holds(tmp_path):
    """Name, steps and limits from its definition, kind and times from its records."""
    history = history_of(tmp_path / "a.records", bars(1, 2, 5))

    assert (history.name, history.kind, history.bar_ns) == ("ETHUSDT", "bars", 60)
    assert (history.first_ns, history.last_ns) == (120, 360)
    assert history.instrument == ETHUSDT
    assert len(history.records) == 3 * RECORD_SIZE
    assert type(decode(history.definitions[-RECORD_SIZE * 2 : -RECORD_SIZE])) is InstrumentDefined
    assert not history.simulated


def test_trades_and_tops_lie_in_one_file(tmp_path):
    """Whichever comes first; a bar is not among them."""
    trade, top = encode(TradeTick(0, 9, 7, 100, 1, 1)), encode(BookTop(0, 9, 8, 99, 101, 5, 5))
    (bar,) = bars(1)

    assert history_of(tmp_path / "a.records", [trade, top]).kind == "ticks"
    assert history_of(tmp_path / "b.records", [top, trade]).kind == "ticks"
    assert history_of(tmp_path / "c.records", [top]).kind == "ticks"
    for records in ([trade, top, bar], [bar, top, trade]):
        with pytest.raises(Refused, match="is of another kind"):
            history_of(tmp_path / "d.records", records)


def test_a_simulated_market_is_labelled_for_ever(tmp_path):
    """The label lies in the file itself."""
    trades = [encode(TradeTick(0, 7, 9, 100, 1, 1))]

    history = history_of(tmp_path / "a.records", trades, simulated=True)

    assert history.simulated
    assert (history.kind, history.bar_ns) == ("trades", 0)


@pytest.mark.parametrize("name", ["ETHUSDT-PERP", "SOLBTC", "USDT", "XYZ"])
def test_base_and_quote_are_told_by_the_name(tmp_path, name):
    """Records carry the name alone."""
    history = history_of(tmp_path / "a.records", bars(1), ETHUSDT._replace(name=name))

    pairs = {"ETHUSDT-PERP": ("ETH", "USDT"), "SOLBTC": ("SOL", "BTC")}
    assert (history.instrument.base, history.instrument.quote) == pairs.get(name, (name, ""))


@pytest.mark.parametrize(
    "definitions",
    [
        b"",
        definition_records(0, ETHUSDT, 1) * 2,
        definition_records(0, ETHUSDT, 1)[RECORD_SIZE:],
        definition_records(0, ETHUSDT, 1)[:-RECORD_SIZE],
        encode(Heartbeat(0, 1, 1, 1)),
        definition_records(0, ETHUSDT, 1) + bytes([0, 0, 0, 0, 99]).ljust(RECORD_SIZE, b"\0"),
    ],
)
def test_a_file_that_does_not_define_one_instrument_is_refused(tmp_path, definitions):
    """Prices without a tick are only numbers."""
    with pytest.raises(Refused, match=r"instruments, not one|a record that is not known"):
        history_of(tmp_path / "a.records", bars(1), definitions=definitions)


def test_a_file_without_market_records_is_refused(tmp_path):
    """A definition alone is no history."""
    with pytest.raises(Refused, match="holds no market records"):
        history_of(tmp_path / "a.records", [])


def test_a_missing_file_is_refused(tmp_path):
    """With exit code 2."""
    with pytest.raises(Refused, match=r"none\.records") as refused:
        open_history(tmp_path / "none.records")

    assert refused.value.code == 2


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        (0, 1 << 62, [1, 2, 5]),
        (120, 360, [1, 2]),
        (121, 361, [2, 5]),
        (361, 1 << 62, []),
        (300, 200, []),
    ],
)
def test_a_cut_holds_what_was_received_in_it(tmp_path, start, end, minutes):
    """From the first moment on, before the last; a bar counts when it closed."""
    history = history_of(tmp_path / "a.records", bars(1, 2, 5))

    found = messages(between(history.records, start, end))

    assert [bar.volume for bar in found] == minutes


def test_merged_records_are_in_order_and_numbered(tmp_path):
    """By received time, at one time in file order; the symbol is the file's place."""
    first = history_of(tmp_path / "a.records", bars(1, 3, 4))
    second = history_of(tmp_path / "b.records", bars(2, 3, 5), BTCUSDT)

    found = messages(merge([first, second]))

    assert [(bar.symbol, bar.volume) for bar in found] == [
        (0, 1),
        (1, 2),
        (0, 3),
        (1, 3),
        (0, 4),
        (1, 5),
    ]
    assert [bar.volume for bar in messages(merge([first, second], 181, 300))] == [3, 3]


def test_one_file_is_merged_as_it_is(tmp_path):
    """Nothing is copied: the records stay on disk until they are read."""
    history = history_of(tmp_path / "a.records", bars(1, 2))

    assert merge([history]) == history.records
    assert messages(merge([history], 121)) == messages(history.records)[1:]


def test_definitions_are_numbered_like_the_records(tmp_path):
    """All of them are received with the first record."""
    first = history_of(tmp_path / "a.records", bars(4))
    second = history_of(tmp_path / "b.records", bars(2), BTCUSDT)

    found = messages(definitions_of([first, second]))

    assert [(one.symbol, one.received_ns) for one in found] == [(0, 180)] * 3 + [(1, 180)] * 3


def test_two_files_of_one_symbol_are_refused(tmp_path):
    """They would be two positions in one thing."""
    history = history_of(tmp_path / "a.records", bars(1))

    with pytest.raises(Refused, match="Two of the files are of ETHUSDT"):
        definitions_of([history, history])


@pytest.mark.parametrize(
    ("strange", "said"),
    [
        (TradeTick(0, 120, 180, 5, 1, 1), "market record 3 is of another kind"),
        (BarClosed(1, 120, 180, 5, 6, 4, 5, 1), "market record 3 is of another symbol"),
        (BarClosed(256, 120, 180, 5, 6, 4, 5, 1), "market record 3 is of another symbol"),
        (BarClosed(0, -120, 180, 5, 6, 4, 5, 1), "market record 3 has a time that cannot be"),
        (BarClosed(0, 120, 1 << 62, 5, 6, 4, 5, 1), "market record 3 was received at a time"),
    ],
)
def test_a_record_that_is_none_of_the_series_is_refused(tmp_path, strange, said):
    """The engine takes the file as told by its first record: every other one must be the same."""
    records = [*bars(1, 2), encode(strange), *bars(4)]

    with pytest.raises(Refused, match=said) as refused:
        history_of(tmp_path / "a.records", records)

    assert refused.value.code == 2


def test_a_bar_without_length_is_refused(tmp_path):
    """Its length is what every other bar's is compared with."""
    with pytest.raises(Refused, match="market record 1 is a bar that ends before it begins"):
        history_of(tmp_path / "a.records", [encode(BarClosed(0, 60, 60, 5, 6, 4, 5, 1))])
