"""Is each kind of file known by what stands in it?"""

import pytest

from engine.errors import Refused
from engine.market.layouts import (
    AGGREGATES,
    BARS,
    KLINES,
    TRADES,
    layout_of,
    symbol_in,
    symbol_of,
    table_of,
)
from engine.market.text_columns import Malformed
from tests.engine.market.klines import HEADER, kline

SPOT_TRADE = "1520538925,2683.80000000,0.00200000,5.3676,1723161255611,True,True"
SPOT_AGGREGATE = "1,2683.80000000,0.0391,1520538925,1520538928,1723161255611,True,True"
FUTURES_TRADES = "id,price,qty,quote_qty,time,is_buyer_maker"
FUTURES_AGGREGATES = (
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
)
FULL_COLUMNS = (
    "open_time,open,high,low,close,volume,close_time,qav,num_trades,taker_base,taker_quote,"
    "ignore,symbol"
)


@pytest.mark.parametrize(
    ("line", "kind", "archive", "header", "futures"),
    [
        (kline(0), BARS, KLINES, 0, False),
        (HEADER, BARS, KLINES, 1, True),
        (FULL_COLUMNS, BARS, KLINES, 1, False),
        ("Open time,Open,High,Low,Close,Volume", BARS, KLINES, 1, False),
        (SPOT_TRADE, TRADES, TRADES, 0, False),
        (SPOT_TRADE.rpartition(",")[0], TRADES, TRADES, 0, False),
        (FUTURES_TRADES, TRADES, TRADES, 1, True),
        (SPOT_AGGREGATE, TRADES, AGGREGATES, 0, False),
        (SPOT_AGGREGATE.rpartition(",")[0], TRADES, AGGREGATES, 0, False),
        (FUTURES_AGGREGATES, TRADES, AGGREGATES, 1, True),
    ],
)
def test_the_first_line_tells_the_layout(line, kind, archive, header, futures):
    """Spot archives have no header, futures archives have one, and both change the columns."""
    layout = layout_of(line)

    assert (layout.kind, layout.archive, layout.lines) == (kind, archive, header)
    assert layout.futures is futures


@pytest.mark.parametrize(
    "line", ["", "1,2,3", "a,b,c", "true", '{"e":"trade"}', "1,2,3,4,5,6,True"]
)
def test_what_is_neither_bars_nor_trades_is_refused(line):
    """Nothing is guessed from an unknown line."""
    if line.endswith("6,True"):
        assert layout_of(line).archive == AGGREGATES
    else:
        with pytest.raises(Malformed, match="neither a header nor a row"):
            layout_of(line)


def test_a_header_that_lacks_a_column_names_it():
    """Bars without a low are no bars."""
    with pytest.raises(Malformed, match="a header of bars without low"):
        layout_of("open_time,open,high,close,volume")


@pytest.mark.parametrize("line", [SPOT_TRADE, SPOT_AGGREGATE])
def test_a_trade_is_read_from_its_columns(line):
    """Price and volume in 1e-8, time in ns, the taker's side as who was maker."""
    table = table_of(f"{line}\n".encode(), layout_of(line))

    assert table["price"].tolist() == [268_380_000_000]
    assert table["volume"].tolist() == [200_000 if line == SPOT_TRADE else 3_910_000]
    assert table["time"].tolist() == [1_723_161_255_611_000_000]
    assert table["id"].tolist() == [1_520_538_925 if line == SPOT_TRADE else 1]
    assert table["maker"].tolist() == [True]


def test_a_bad_cell_is_named_with_its_column():
    """Whoever mends the file must find the cell."""
    text = f"{kline(0)}\n{kline(1).replace('1982.14000000', 'cheap')}\n"

    with pytest.raises(Malformed, match="low: 'cheap' is not a number") as bad:
        table_of(text.encode(), layout_of(kline(0)))

    assert bad.value.row == 1


def test_one_symbol_a_file():
    """A column that names the symbol is believed, and must agree with itself."""
    layout = layout_of("open_time,open,high,low,close,volume,symbol")
    row = b"2025-01-01,1,1,1,1,1,"

    assert symbol_in(row + b"ETHUSDT\n" + row + b"ETHUSDT\n", layout) == "ETHUSDT"
    with pytest.raises(Malformed, match="is of BTCUSDT, the rows before of ETHUSDT") as bad:
        symbol_in(row + b"ETHUSDT\n" + row + b"BTCUSDT\n", layout)
    assert bad.value.row == 1


@pytest.mark.parametrize(
    ("name", "futures", "symbol"),
    [
        ("ETHUSDT-1m-2022-08-14.zip", False, "ETHUSDT"),
        ("ETHUSDT-1m-2022-08-14.zip", True, "ETHUSDT-PERP"),
        ("ETHUSDT-PERP-1m.parquet", False, "ETHUSDT-PERP"),
        ("spot_BTCUSDT-trades-2024-08-08.csv.gz", False, "BTCUSDT"),
        ("BTCUSDT-1m_2025-09-22_2025-09-25.csv.gz", False, "BTCUSDT"),
        ("1000PEPEUSDT-1m.zip", True, "1000PEPEUSDT-PERP"),
        ("ETHBTC-1h.zip", False, "ETHBTC"),
    ],
)
def test_the_symbol_is_in_the_name(name, futures, symbol):
    """Futures archives are named as spot ones: their header makes the difference."""
    assert symbol_of(name, futures=futures) == symbol


def test_a_name_without_a_symbol_asks_for_one():
    """The fix is the option that tells it."""
    with pytest.raises(Refused, match="tells no symbol") as refused:
        symbol_of("prices.csv", futures=False)

    assert "--symbol" in refused.value.fix


def test_coin_margined_contracts_are_refused():
    """Their volume counts contracts: taken for base currency it would lie."""
    with pytest.raises(Refused, match="COIN-M"):
        symbol_of("BTCUSD_PERP-1m-2022-10-24.zip", futures=True)
