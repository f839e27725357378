"""Do downloaded files become records, whole, exact and once?"""

import numpy as np
import pytest

from engine.errors import Refused
from engine.market.history import open_history
from engine.market.importing import Options, prepare
from engine.market.series import Repairs, Series, write_series
from engine.messages import BUYER_IS_MAKER, BarClosed, TradeTick, decode
from tests.engine.market.klines import (
    BEGIN_MS,
    HEADER,
    MINUTE_MS,
    PRICES,
    dated,
    kline,
    klines,
    written,
)

MINUTE = 60_000_000_000
BEGIN = BEGIN_MS * 1_000_000
TRADE = "{},2683.80000000,0.00200000,5.3676,{},True,True"


def silent(*_: object) -> None:
    """No progress."""


def series_in(*paths: str, **options: object) -> Series:
    """The one series of these files."""
    (series,) = prepare(paths, Options()._replace(**options), silent)  # type: ignore[arg-type]
    return series


def messages_of(series: Series) -> list:
    """Its market records as messages."""
    return [decode(record.tobytes()) for record in series.records]


def refused_for(*paths: str, **options: object) -> Refused:
    """The refusal of these files."""
    with pytest.raises(Refused) as refused:
        series_in(*paths, **options)
    return refused.value


def test_a_line_becomes_a_bar(tmp_path):
    """Ticks, volume in 1e-8, received when the bar closed."""
    path = written(tmp_path, "ETHUSDT-1m-2022-08-14.csv", klines(2))

    bars = messages_of(series_in(path))

    assert bars[0] == BarClosed(
        0, BEGIN, BEGIN + MINUTE, 198_355, 198_390, 198_214, 198_229, 20_513_100_000
    )
    assert bars[1].time_ns == BEGIN + MINUTE


def test_microseconds_are_the_same_bars(tmp_path):
    """Binance writes spot archives in microseconds since 2025."""
    ms = written(tmp_path, "ETHUSDT-1m-a.csv", klines(3))
    us = written(tmp_path, "ETHUSDT-1m-b.csv", klines(3, unit=1_000))

    assert messages_of(series_in(us)) == messages_of(series_in(ms))


def test_a_line_becomes_a_trade(tmp_path):
    """The time is both the trade's and ours; the flag says that the taker sold."""
    lines = [TRADE.format(10, 1_723_161_255_611), TRADE.format(11, 1_723_161_255_612)]
    lines[1] = lines[1].replace("True,True", "False,True")
    path = written(tmp_path, "ETHUSDT-trades-2024-08-08.csv.gz", lines)

    first, second = messages_of(series_in(path))

    time = 1_723_161_255_611_000_000
    assert first == TradeTick(0, time, time, 268_380, 200_000, 10, BUYER_IS_MAKER)
    assert (second.trade_id, second.flags) == (11, 0)


def test_files_of_one_symbol_and_interval_become_one_series(tmp_path):
    """Days are put in order, whatever order they are given in; that is no repair."""
    second = written(tmp_path, "ETHUSDT-1m-2.csv", klines(5)[2:])
    first = written(tmp_path, "ETHUSDT-1m-1.zip", klines(3))

    series = series_in(second, first)

    assert series.findings.rows == 5
    assert series.repairs == Repairs(sorted=0, repeated=1, still_open=0)
    assert series.name == "ETHUSDT-1m_2022-08-14_2022-08-14"


def test_other_symbols_intervals_and_archives_stay_apart(tmp_path):
    """Trades and aggregated trades are the same trades twice."""
    hours = [kline(minute) for minute in (0, 60)]
    trades = [TRADE.format(number, BEGIN_MS + number) for number in (1, 2)]
    aggregates = [f"{number},1.5,1,7,8,{BEGIN_MS + number},True,True" for number in (1, 2)]
    paths = [
        written(tmp_path, "ETHUSDT-1m.csv", klines(2)),
        written(tmp_path, "ETHUSDT-1h.csv", hours),
        written(tmp_path, "BTCUSDT-1m.csv", klines(2)),
        written(tmp_path, "ETHUSDT-perp-1m.csv", [HEADER, *klines(2)]),
        written(tmp_path, "ETHUSDT-trades.csv", trades),
        written(tmp_path, "ETHUSDT-aggTrades.csv", aggregates),
    ]

    names = [series.name.partition("_")[0] for series in prepare(paths, Options(), silent)]

    assert names == [
        "ETHUSDT-1m",
        "ETHUSDT-1h",
        "BTCUSDT-1m",
        "ETHUSDT-PERP-1m",
        "ETHUSDT-trades",
        "ETHUSDT-aggTrades",
    ]


def test_order_and_repetition_are_mended_and_told(tmp_path):
    """What is repeated exactly is dropped, what is late is put back."""
    lines = klines(5)
    path = written(tmp_path, "ETHUSDT-1m.csv", [lines[0], lines[2], lines[1], lines[1], *lines[3:]])

    series = series_in(path)

    assert (series.records["time_ns"] - BEGIN).tolist() == [minute * MINUTE for minute in range(5)]
    assert series.repairs == Repairs(sorted=2, repeated=1, still_open=0)


def test_contradicting_rows_are_refused_with_both_places(tmp_path):
    """Which of the two is right is not guessed."""
    first = written(tmp_path, "ETHUSDT-1m-1.csv", klines(3))
    other = kline(2, (*PRICES[:3], "1983.00000000", PRICES[4]))
    second = written(
        tmp_path, "ETHUSDT-1m-2.csv", [HEADER.replace("taker_buy", "x"), other, kline(3)]
    )

    said = refused_for(first, second).what

    assert "ETHUSDT-1m-2.csv, line 2 contradicts" in said
    assert "ETHUSDT-1m-1.csv, line 3: the same open time, other values" in said


@pytest.mark.parametrize(
    ("prices", "what"),
    [
        (("1983.55", "1980.00", "1982.14", "1982.29", "1"), "the high is below the low"),
        (("1983.55", "1983.90", "0", "1982.29", "1"), "a price is zero or negative"),
        (("1983.55", "1983.90", "1982.14", "1984.00", "1"), "the close lies outside"),
        (("1983.55", "1983.90", "1982.14", "1982.29", "-1"), "the volume is negative"),
        (("1983.55", "1983.905", "1982.14", "1982.29", "1"), "high 1983.90500000 is no multiple"),
        (("1983.55", "9000000", "1982.14", "1982.29", "1"), "a price is above price_max"),
        (("nan", "1983.90", "1982.14", "1982.29", "1"), "'nan' is not a number"),
    ],
)
def test_impossible_prices_are_refused_with_their_line(tmp_path, prices, what):
    """No market did this: nothing is repaired, nothing is written."""
    path = written(tmp_path, "ETHUSDT-1m.csv", [kline(0), kline(1, prices), kline(2)])

    said = refused_for(path).what

    assert "ETHUSDT-1m.csv, line 2: " in said
    assert what in said


def test_a_changed_tick_names_the_file_that_knows_ticks(tmp_path):
    """A venue may change its tick after our list was written."""
    refused = refused_for(written(tmp_path, "ETHUSDT-1m.csv", [kline(0), kline(1, ("1.001",) * 5)]))

    assert "no multiple of the tick of ETHUSDT on 2022-08-14, 0.01" in refused.what
    assert "--instruments" in refused.fix


def test_a_bar_that_ended_after_its_download_is_dropped(tmp_path):
    """Its prices were not final yet."""
    path = written(tmp_path, "ETHUSDT-1m.csv", klines(5))

    series = series_in(dated(path, BEGIN_MS + 4 * MINUTE_MS + 30_000))

    assert series.findings.rows == 4
    assert series.repairs.still_open == 1


def test_the_last_bar_is_dropped_on_request(tmp_path):
    """A copy no longer tells when the original was downloaded."""
    path = written(tmp_path, "ETHUSDT-1m.csv", klines(5))

    assert series_in(path, drop_last=True).findings.rows == 4


def test_a_file_of_open_bars_alone_is_refused(tmp_path):
    """There is nothing final in it."""
    path = dated(written(tmp_path, "ETHUSDT-1m.csv", klines(2)), BEGIN_MS)

    assert "holds no finished bar" in refused_for(path).what


def test_one_bar_is_enough_where_it_tells_its_end(tmp_path):
    """Without an end nothing tells how long it was."""
    whole = written(tmp_path, "ETHUSDT-1m.csv", klines(1))
    short = ["open_time,open,high,low,close,volume", ",".join(kline(0).split(",")[:6])]

    assert series_in(whole).interval_ns == MINUTE
    assert "one bar without an end" in refused_for(written(tmp_path, "ETHUSDT.csv", short)).what


def test_bars_without_an_interval_are_refused(tmp_path):
    """The seconds between them are told."""
    path = written(tmp_path, "ETHUSDT-x.csv", [kline(0), kline(7), kline(14)])

    assert "stand [420, 420] s apart" in refused_for(path).what


def test_the_symbol_is_the_option_then_the_column_then_the_name(tmp_path):
    """What the file says of itself may not be overruled by mistake."""
    header = "open_time,open,high,low,close,volume,symbol"
    rows = [",".join([*kline(minute).split(",")[:6], "ETHUSDT"]) for minute in (0, 1)]
    path = written(tmp_path, "BTCUSDT-1m.csv", [header, *rows])
    nameless = written(tmp_path, "prices.csv", klines(2))

    assert series_in(path).instrument.name == "ETHUSDT"
    assert series_in(path, symbol="ETHUSDT-PERP").instrument.name == "ETHUSDT-PERP"
    assert series_in(nameless, symbol="ETHUSDT").instrument.name == "ETHUSDT"
    assert "is of ETHUSDT, not of BTCUSDT" in refused_for(path, symbol="BTCUSDT").what
    assert "tells no symbol" in refused_for(nameless).what
    assert "no instrument 'XUSDT'" in refused_for(nameless, symbol="XUSDT").what


def test_a_series_over_a_change_has_the_finest_steps(tmp_path):
    """SOLUSDT's tick went from 0.0001 to 0.001: one file counts in the finer one throughout."""
    prices = ("45.12340000", "45.20000000", "45.00000000", "45.10000000", "3.5")
    days = (1_619_308_800_000 - BEGIN_MS) // MINUTE_MS  # 2021-04-25
    lines = [kline(days + day * 1_440, prices) for day in range(3)]
    path = written(tmp_path, "SOLUSDT-1d.csv", lines)

    traded = series_in(path).instrument

    assert (traded.price_text(1), traded.quantity_text(1)) == ("0.0001", "0.001")
    assert traded.quantity_text(traded.lots_max) == "90000.000"
    assert traded.price_text(traded.price_max) == "10000.0000"


def test_a_written_series_opens_as_it_was(tmp_path):
    """The file holds the definition, then the records, all received in order."""
    series = series_in(written(tmp_path, "ETHUSDT-1m.csv", klines(5)))
    path = tmp_path / "new" / "eth.records"
    rows: list[int] = []

    count = write_series(series, path, rows.append)
    history = open_history(path)

    assert count == 8
    assert rows == [5]
    assert history.instrument == series.instrument
    assert bytes(history.records)[4:] != b""
    found = np.frombuffer(history.records, series.records.dtype)
    assert (found["received_ns"] == series.records["received_ns"]).all()


def test_a_refused_import_writes_nothing(tmp_path):
    """All files are checked before the first is written."""
    good = written(tmp_path, "BTCUSDT-1m.csv", klines(3))
    bad = written(tmp_path, "ETHUSDT-1m.csv", [kline(0), kline(1) + ",1"])
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(Refused):
        prepare([good, bad], Options(), silent)

    assert sorted(tmp_path.rglob("*")) == before
