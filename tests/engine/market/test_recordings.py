"""Do raw messages become the ticks they tell, and is what was missed told?"""

import csv
import gzip
from decimal import Decimal

import pytest

from engine.errors import Refused
from engine.market.history import open_history
from engine.market.importing import Options, prepare
from engine.market.inspection import inspected
from engine.market.series import Series, write_series
from engine.messages import BUYER_IS_MAKER, BookTop, TradeTick, decode, split
from tests.engine.market.klines import klines, written
from tests.engine.market.taped import AHEAD_MS, HEARD_NS, MS, depth, snapshot, ticker, trade

BIDS, ASKS = [["2683.80", "3"], ["2683.70", "1"]], [["2683.81", "2"]]
E8 = 10**8


def silent(*_: object) -> None:
    """No progress."""


def recorded(tmp_path, lines: list[str], **options: str) -> Series:
    """The one series of a recording of these lines."""
    path = written(tmp_path, "eth.gz", lines)
    (series,) = prepare([path], Options(**options), silent)  # type: ignore[arg-type]
    return series


def messages_of(series: Series) -> list:
    """Its records as messages."""
    return [decode(record.tobytes()) for record in series.records]


def top(after_ms: int, bid: int, bid_volume: int = 3, *, told: bool = True) -> BookTop:
    """A top with an ask of 2 at 2,683.81; `told` by the exchange's clock, else by ours."""
    heard_ns = HEARD_NS + after_ms * MS
    time_ns = heard_ns + AHEAD_MS * MS if told else heard_ns
    return BookTop(0, time_ns, heard_ns, bid, 268_381, bid_volume * E8, 2 * E8)


def test_trades_and_tops_come_as_they_were_heard(tmp_path):
    """In our time, with the exchange's beside it; a top only when it is another one."""
    lines = [
        snapshot(0, 10, BIDS, ASKS),
        trade(1, 7),
        depth(2, 11, 12, bids=[["2683.70", "9"]]),
        depth(3, 13, 13, bids=[["2683.80", "0"]]),
        trade(4, 8, "2683.70", m=False),
        depth(5, 14, 14, bids=[["2683.70", "4"]]),
    ]

    series = recorded(tmp_path, lines)

    heard_ns = HEARD_NS + 1 * MS
    assert messages_of(series) == [
        top(0, 268_380, told=False),
        TradeTick(0, heard_ns + AHEAD_MS * MS, heard_ns, 268_380, E8 // 2, 7, BUYER_IS_MAKER),
        top(3, 268_370, 9),
        TradeTick(0, HEARD_NS + (4 + AHEAD_MS) * MS, HEARD_NS + 4 * MS, 268_370, E8 // 2, 8),
        top(5, 268_370, 4),
    ]
    assert (series.kind, series.name) == ("ticks", "ETHUSDT-ticks_2024-08-08_2024-08-08")


def test_until_the_snapshot_the_ticker_quotes(tmp_path):
    """One that comes late is caught up with from the updates before it."""
    lines = [
        ticker(0, 9, "2683.70", "2683.81", "2"),
        depth(1, 9, 10),
        depth(2, 11, 11, bids=[["2683.80", "5"]]),
        ticker(3, 11, "2683.80", "2683.81", "2"),
        snapshot(4, 10, BIDS, ASKS),
        ticker(5, 12, "2683.75", "2683.81", "2"),
        depth(6, 12, 12, bids=[["2683.80", "6"]]),
    ]

    series = recorded(tmp_path, lines)

    assert messages_of(series) == [
        top(0, 268_370, 2, told=False),
        top(3, 268_380, 2, told=False),
        top(4, 268_380, 5, told=False),
        top(6, 268_380, 6),
    ]
    told = series.recorded
    assert told
    assert (told.tops_of_ticker, told.tops_of_book, told.updates) == (2, 2, 2)
    assert (told.compared, told.different) == (1, 1)  # that ticker told another bid


def test_after_a_gap_the_ticker_quotes_until_a_snapshot(tmp_path):
    """The gap is counted, and no top of a wrong book is shown."""
    lines = [
        snapshot(0, 10, BIDS, ASKS),
        depth(1, 11, 11),
        depth(2, 13, 13, bids=[["2683.79", "1"]]),
        ticker(3, 13, "2683.79", "2683.81", "2"),
        depth(4, 14, 14, bids=[["2683.80", "1"]]),
        snapshot(5, 13, [["2683.79", "1"]], ASKS),
    ]

    series = recorded(tmp_path, lines)

    assert messages_of(series) == [
        top(0, 268_380, told=False),
        top(3, 268_379, 2, told=False),
        top(5, 268_380, 1, told=False),
    ]
    told = series.recorded
    assert told
    assert (told.gaps, told.crossings, told.tops_of_ticker) == (1, 0, 1)


def test_repeated_trades_are_dropped_and_missing_ones_counted(tmp_path):
    """Two connections tell the same twice; an id that nobody told is missing."""
    again = trade(2, 2, T=HEARD_NS // MS + 1 + AHEAD_MS)
    lines = [trade(0, 1), trade(1, 2), again, trade(3, 5)]

    series = recorded(tmp_path, lines)

    assert [message.trade_id for message in messages_of(series)] == [1, 2, 5]
    assert series.kind == "trades"
    assert series.repairs.repeated == 1
    assert series.recorded
    assert series.recorded.trades_missing == 2


def test_trades_that_contradict_are_refused(tmp_path):
    """Both lines are named."""
    lines = [trade(0, 1), trade(0, 1, "2683.90")]

    with pytest.raises(Refused, match=r"line 2 contradicts .*line 1: the same trade id"):
        recorded(tmp_path, lines)


def test_aggregates_count_where_there_are_no_trades(tmp_path):
    """They are the same trades once more."""
    aggregate = trade(1, 0).replace('"e": "trade"', '"e": "aggTrade", "a": 77')

    alone, beside = (recorded(tmp_path, lines) for lines in ([aggregate], [aggregate, trade(2, 3)]))

    assert [one.trade_id for one in messages_of(alone)] == [77]
    assert [one.trade_id for one in messages_of(beside)] == [3]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([trade(0, 1), "x", "y", trade(1, 2)], "2 of 4 lines are no message .* line 2: is no time"),
        ([trade(0, 1, "2683.805")], "line 1: price 2683.80500000 is no multiple of the tick"),
        ([trade(0, 1, "0.00")], "line 1: the price is zero or negative"),
        ([ticker(0, 1, "2683.805", "2683.81")], "line 1: bid 2683.80500000 is no multiple"),
        ([depth(0, 1, 1)], "tells no trade and no price of ETHUSDT"),
        (['1723161254000000000 {"id":1}'], "tells of no symbol"),
        ([trade(0, 1).replace("ETHUSDT", "ABCUSDT")], "no instrument 'ABCUSDT'"),
    ],
)
def test_what_is_no_market_is_refused(tmp_path, lines, said):
    """With the line it stands in."""
    with pytest.raises(Refused, match=said):
        recorded(tmp_path, lines)


def test_one_of_several_symbols_may_be_chosen(tmp_path):
    """A combined stream tells of many, and each becomes a series of its own."""
    lines = [trade(0, 1), trade(1, 1).replace("ETHUSDT", "BTCUSDT")]
    path = written(tmp_path, "both.txt", lines)

    both = prepare([path], Options(), silent)

    assert [series.instrument.name for series in both] == ["BTCUSDT", "ETHUSDT"]
    assert recorded(tmp_path, lines, symbol="BTCUSDT").instrument.name == "BTCUSDT"
    with pytest.raises(Refused, match="tells of BTCUSDT, ETHUSDT, not of BNBUSDT"):
        recorded(tmp_path, lines, symbol="BNBUSDT")


def test_files_are_heard_together(tmp_path):
    """A recording that goes on in another file, in whatever order they are given."""
    first = written(tmp_path, "a.gz", [snapshot(0, 10, BIDS, ASKS), trade(1, 1)])
    second = written(tmp_path, "b.gz", [depth(2, 11, 11, bids=[["2683.80", "5"]]), trade(3, 2)])
    bars = written(tmp_path, "ETHUSDT-1m.csv", klines(3))

    of_bars, series = prepare([second, bars, first], Options(), silent)

    assert of_bars.kind == "bars"
    assert [type(one) for one in messages_of(series)] == [BookTop, TradeTick] * 2
    assert series.recorded
    assert series.recorded.gaps == 0


def test_the_file_written_is_the_one_opened(tmp_path):
    """Ticks are a kind of record file, and nothing is wrong with it."""
    series = recorded(tmp_path, [snapshot(0, 10, BIDS, ASKS), trade(1, 7), trade(2, 8)])
    write_series(series, tmp_path / "a.records", silent)

    history = open_history(tmp_path / "a.records")

    assert (history.kind, history.bar_ns, history.first_ns) == ("ticks", 0, HEARD_NS)
    assert inspected(history) == (series.findings, "")
    assert [decode(one) for one in split(bytes(history.records))] == messages_of(series)


# Symbol, trades, updates behind the snapshot, and those of them heard after it.
REAL = {
    "spot_ETHUSDT_20240808": ("ETHUSDT", 6_106, 3_432, 3_432),
    "spot_BTCUSDT_20240808": ("BTCUSDT", 9_757, 3_449, 3_448),
    "usdm_perp_BTCUSDT_20230404": ("BTCUSDT-PERP", 2_197, 4_322, 4_322),
    "usdm_perp_BTCUSDT_20240718": ("BTCUSDT-PERP", 974, 3_321, 3_320),
    "usdm_perp_ETHUSDT_20240718": ("ETHUSDT-PERP", 1_640, 3_267, 3_266),
}


@pytest.mark.parametrize("name", REAL)
def test_the_real_book_is_the_exchanges(shared, name):
    """Every top of every update equals the recorded bookTicker, with no gap and no trade lost."""
    (series,) = prepare([str(shared / f"data/l2_feed/{name}.gz")], Options(), silent)

    told, (symbol, trades, updates, heard) = series.recorded, REAL[name]
    assert told
    assert (series.instrument.name, told.updates) == (symbol, updates)
    assert (told.compared, told.different) == (heard, 0)
    assert (told.gaps, told.crossings, told.trades_missing, told.unreadable) == (0, 0, 0, 0)
    assert len(series.records) == trades + told.tops_of_book + told.tops_of_ticker


def test_real_trades_are_those_of_the_archive(shared):
    """The same 6,106 trades as in the exchange's own layout, each with the time we heard it."""
    (series,) = prepare([str(shared / "data/l2_feed/spot_ETHUSDT_20240808.gz")], Options(), silent)
    path = shared / "data/trades/spot_ETHUSDT-trades-2024-08-08.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))

    trades = [one for one in messages_of(series) if isinstance(one, TradeTick)]

    for one, (number, price, volume, _, time_ms, maker, *_) in zip(trades, rows, strict=True):
        assert (one.trade_id, one.time_ns) == (int(number), int(time_ms) * MS)
        assert (one.price, one.volume) == (int(Decimal(price) * 100), int(Decimal(volume) * E8))
        assert one.flags == (maker == "True")
        assert 1_000 * MS < one.time_ns - one.received_ns < 1_300 * MS


def test_a_real_recording_goes_on_after_midnight(shared):
    """The second file has no snapshot: alone the ticker quotes, behind the first the book does."""
    files = [str(shared / f"data/l2_feed/usdm_perp_ETHUSDT_202407{day}.gz") for day in (18, 19)]

    (alone,) = prepare(files[1:], Options(), silent)
    (both,) = prepare(files, Options(), silent)

    assert alone.recorded
    assert both.recorded
    assert (alone.recorded.tops_of_book, alone.recorded.tops_of_ticker) == (0, 38_239)
    assert (both.recorded.updates, both.recorded.gaps, both.recorded.different) == (8_923, 0, 0)
