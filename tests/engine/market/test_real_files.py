"""Does every kind of real file become exactly what stands in it?"""

import csv
import gzip
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.market.history import RecordFile, merge, open_history
from engine.market.importing import Options, prepare
from engine.market.inspection import inspected
from engine.market.series import write_series
from engine.messages import RECORD_SIZE, decode

BARS = ("open", "high", "low", "close")


def silent(*_: object) -> None:
    """No progress."""


def imported(tmp_path: Path, path: Path, symbol: str = "") -> RecordFile:
    """A real file, imported, written and opened again."""
    (series,) = prepare([str(path)], Options(symbol), silent)
    target = tmp_path / f"{series.name}.records"
    write_series(series, target, silent)
    return open_history(target)


def messages(history: RecordFile) -> list:
    """Its market records."""
    raw = history.records
    return [decode(bytes(raw[at : at + RECORD_SIZE])) for at in range(0, len(raw), RECORD_SIZE)]


def rows_in(path: Path) -> list[list[str]]:
    """The rows of a packed CSV, read in the plainest way, without its header."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
    else:
        text = gzip.decompress(path.read_bytes()).decode()
    rows = list(csv.reader(io.StringIO(text)))
    return rows if rows[0][0].isdigit() else rows[1:]


def moment(text: str) -> int:
    """A UTC time in ns."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def test_the_minutes_of_the_backtest(tmp_path, shared):
    """130,707 bars without a gap, every price and volume the decimal that was printed."""
    from pyarrow import parquet

    path = shared / "data/bars_1m_spot_2025-05_2025-08/ETHUSDT-1m.parquet"
    table = parquet.read_table(path)

    history = imported(tmp_path, path)
    bars = messages(history)

    assert len(bars) == 130_707
    assert (history.name, history.bar_ns) == ("ETHUSDT", 60_000_000_000)
    assert bars[0].time_ns == moment("2025-05-20T00:00")
    assert history.last_ns == moment("2025-08-18T18:27")
    assert inspected(history)[0].missing == 0
    for what in BARS:
        printed = table[what].to_pylist()
        assert [getattr(bar, what) for bar in bars] == [Decimal(repr(x)) * 100 for x in printed]
    volumes = table["volume"].to_pylist()
    assert [bar.volume for bar in bars] == [Decimal(repr(x)) * 10**8 for x in volumes]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ETHUSDT-1m-2022-08-14.zip", ("ETHUSDT", 1, 1_440)),
        ("BTCUSDT-1h-2022-09-07.zip", ("BTCUSDT", 60, 24)),
        ("BTCUSDT-1m-2022-09-05.zip", ("BTCUSDT-PERP", 1, 1_440)),
        ("ETHUSDT-1h-2022-08-24.zip", ("ETHUSDT-PERP", 60, 24)),
    ],
)
def test_archives_of_klines(tmp_path, shared, name, expected):
    """Spot without a header and futures with one, to the last digit."""
    path = shared / "data/binance_dump_klines" / name
    rows = rows_in(path)

    history = imported(tmp_path, path)
    bars = messages(history)

    tick = Decimal(history.instrument.price_text(1))
    assert (history.name, history.bar_ns // 60_000_000_000, len(bars)) == expected
    assert bars[0].time_ns == moment(path.stem[-10:])
    for bar, row in zip(bars, rows, strict=True):
        assert bar.time_ns == int(row[0]) * 1_000_000
        prices = [int(Decimal(cell) / tick) for cell in row[1:5]]
        assert [bar.open, bar.high, bar.low, bar.close] == prices
        assert bar.volume == Decimal(row[5]) * 10**8


@pytest.mark.parametrize("symbol", ["ETHUSDT", "BTCUSDT"])
def test_minutes_with_all_columns(tmp_path, shared, symbol):
    """ISO times, a column that names the symbol; the last bar was still open when downloaded."""
    path = shared / f"data/bars_1m_spot_full_columns/{symbol}-1m_2025-09-22_2025-09-25.csv.gz"

    bars = messages(imported(tmp_path, path))
    (series,) = prepare([str(path)], Options(drop_last=True), silent)

    assert len(bars) == 4_320
    assert series.findings.rows == 4_319
    for bar, row in zip(bars, rows_in(path), strict=True):
        assert bar.time_ns == moment(row[0][:19])
        assert bar.close == Decimal(row[4]) * 100
        assert bar.volume == Decimal(row[5]) * 10**8


@pytest.mark.parametrize(
    ("name", "expected", "time_at"),
    [
        ("spot_ETHUSDT-trades-2024-08-08", ("ETHUSDT", 6_106), 4),
        ("spot_ETHUSDT-aggTrades-2024-08-08", ("ETHUSDT", 3_002), 5),
        ("perp_ETHUSDT-trades-2024-07-19", ("ETHUSDT-PERP", 12_015), 4),
        ("perp_BTCUSDT-aggTrades-2023-04-04", ("BTCUSDT-PERP", 863), 5),
    ],
)
def test_archives_of_trades(tmp_path, shared, name, expected, time_at):
    """Trades and aggregated trades, spot and futures, in the order of the exchange."""
    path = shared / f"data/trades/{name}.csv.gz"

    history = imported(tmp_path, path)
    trades = messages(history)

    tick = Decimal(history.instrument.price_text(1))
    assert (history.name, len(trades)) == expected
    for trade, row in zip(trades, rows_in(path), strict=True):
        assert trade.trade_id == int(row[0])
        assert trade.price * tick == Decimal(row[1])
        assert trade.volume == Decimal(row[2]) * 10**8
        assert trade.received_ns == trade.time_ns == int(row[time_at]) * 1_000_000
        assert trade.flags == (row[time_at + 1].lower() == "true")


def test_coin_margined_contracts_are_refused(shared):
    """Their volume counts contracts of 100 dollars."""
    path = shared / "data/binance_dump_klines/BTCUSD_PERP-1m-2022-10-24.zip"

    with pytest.raises(Refused, match="COIN-M"):
        prepare([str(path)], Options(), silent)


def test_published_gaps_are_found(tmp_path, shared):
    """An hourly file of four years: 25 gaps of 120 bars, 43 bars off the hour, five halts."""
    path = shared / "data/bars_1h_spot_2017-08_2021-06/ETHUSDT-1h.parquet"

    findings, fault = inspected(imported(tmp_path, path))

    assert fault == ""
    assert (findings.rows, len(findings.gaps), findings.missing) == (33_127, 25, 120)
    assert (findings.unaligned, findings.without_volume) == (43, 5)
    assert findings.gaps[0] == (moment("2018-02-08T00:00"), 32)


def test_symbols_of_one_time_are_merged(tmp_path, shared):
    """A portfolio's records stand by received time, each minute in file order."""
    directory = shared / "data/bars_1m_spot_2024-10_2024-11"
    names = ("ETHUSDT", "BTCUSDT", "SOLUSDT")
    files = [imported(tmp_path, directory / f"{name}-1m.parquet") for name in names]

    merged = merge(files, files[0].first_ns, files[0].first_ns + 600_000_000_000)

    found = [decode(bytes(merged[at : at + RECORD_SIZE])) for at in range(0, len(merged), 64)]
    assert [bar.symbol for bar in found] == [0, 1, 2] * 10
    assert found == sorted(found, key=lambda bar: bar.received_ns)


@pytest.mark.long
def test_every_real_file_is_imported(tmp_path, shared):
    """The shipped instruments fit every file: no price lies between two ticks."""
    files = [
        path
        for path in sorted((shared / "data").glob("*/*"))
        if path.parent.name != "funding_perp" and "USD_" not in path.name
    ]

    for path in files:
        assert inspected(imported(tmp_path, path))[1] == "", path
