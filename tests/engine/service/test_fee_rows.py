"""Do tables, pictures and commands say truly what a fee was taken from, and what is held of it?"""

from typing import Any

from engine.messages import (
    BUY,
    FEE_STEP,
    IN_BASE,
    IN_OTHER,
    OUTSIDE,
    SELL,
    TEXT,
    BookTop,
    ContextUpdated,
    FeeBalanceChanged,
    OrderFilled,
    PositionCorrected,
    asset_of,
    encode,
)
from engine.opening import opening_records
from engine.picture import picture
from engine.profile import load_profile
from engine.service.folding import Fold
from engine.service.schema import COLUMNS
from engine.status import as_text, fees_text
from supreme_cli.explain import fill_text
from supreme_cli.show import positions_facts, positions_text, trades_text
from tests.builders import E8, ETHER, PRICE, START
from tui.panels.trades import fee

BNB, LOT = asset_of("BNB"), ETHER.lot_e8
BASE, OTHER = IN_BASE * FEE_STEP, IN_OTHER * FEE_STEP


def fill(number: int, lots: int, flags: int, fee_e8: int) -> bytes:
    """One of our fills."""
    stamp = (0, START + number, START + number)
    return encode(OrderFilled(*stamp, 7, PRICE, lots, fee_e8, number, flags))


def lived() -> tuple[Fold, dict[str, list[dict[str, Any]]]]:
    """A venue outside that takes fees from all three; what the tables say of it."""
    stamp = (0, START, START)
    events = [
        *opening_records(load_profile("scalping"), [ETHER], START, OUTSIDE, "BNB"),
        encode(BookTop(*stamp, PRICE - 1, PRICE, E8, E8)),
        encode(FeeBalanceChanged(*stamp, BNB, 2 * E8)),
        encode(ContextUpdated(0, START - 5, START, 1, 61_000_000)),
        fill(1, 10, BUY + BASE, LOT // 4),
        fill(2, 10, BUY + OTHER, 1_230_000),
        fill(3, 19, SELL, 77),
        encode(PositionCorrected(*stamp, 0, 5)),
    ]
    fold, rows = Fold(None, "ab" * 16), dict[str, list[dict[str, Any]]]()
    for table, some in fold.take(memoryview(b"".join(outcomes(events)))).items():
        rows[table] = [dict(zip(COLUMNS[table], row, strict=True)) for row in some]
    return fold, rows


def outcomes(events: list[bytes]) -> list[bytes]:
    """The events, with what a core makes of each."""
    from engine.core import PlainCore

    core, found = PlainCore(), []
    for record in events:
        found += [record] if record[4] == TEXT else [record, core.process(record) or b""]
    return found


def test_each_fill_has_its_fee_and_what_that_is_of():
    """In that asset's own units; what the fill earned is in quote."""
    _, rows = lived()

    said = [(row["fee_e8"], row["fee_in"]) for row in rows["fills"]]
    assert said == [(LOT // 4, "base"), (1_230_000, "BNB"), (77, "quote")]
    assert rows["fills"][0]["net_e8"] == -(PRICE * LOT // 100 // 4)
    assert rows["fills"][1]["net_e8"] == 0


def test_a_trade_ends_with_its_last_lot_though_something_is_left():
    """19 lots of 20 that were bought; a quarter of one went to the venue."""
    _, rows = lived()

    (trade,) = rows["trades"]
    assert trade["quantity_e8"] == 19 * LOT
    assert trade["net_e8"] == sum(row["net_e8"] for row in rows["fills"])


def test_balances_corrections_and_words_of_slow_sources_are_rows():
    """The opening names the asset; what is held of it came later."""
    _, rows = lived()

    assert [(row["asset"], row["amount_e8"]) for row in rows["fee_balances"]] == [
        ("BNB", 0),
        ("BNB", 2 * E8),
    ]
    assert rows["corrections"][0]["quantity_e8"] == 5
    (word,) = rows["contexts"]
    assert (word["name"], word["value"], word["source_ns"]) == ("votes", 0.61, START - 5)


def test_the_picture_tells_each_asset_apart():
    """Quote, what cannot be sold, and the other asset with what was paid in it."""
    fold, _ = lived()
    seen = picture(fold.core.state, ["ETHUSDT"])

    (position,) = seen.positions
    assert (position.quantity, position.dust) == ("0", "0.00007505")
    assert (seen.fee_asset, seen.fee_asset_held, seen.fee_asset_paid) == ("BNB", "1.9877", "0.0123")
    assert [(row.fee_in, row.fee) for row in seen.trades] == [
        ("quote", "0.00000077"),
        ("BNB", "0.01230000"),
        ("base", "0.00002500"),
    ]


def test_commands_and_the_screen_name_the_asset():
    """Where it is quote nothing is said: that is what all else is in."""
    fold, rows = lived()
    seen = picture(fold.core.state, ["ETHUSDT"])
    told: Any = type("Seen", (), {"snapshot": seen})()
    nobody: Any = None

    held = positions_text(positions_facts(nobody, told))
    trades = trades_text({"trades": [row._asdict() for row in seen.trades]})

    assert "flat" in held
    assert "ETHUSDT: 0.00007505 below a lot" in held
    assert "BNB: 1.9877" in held
    assert "0.01230000 BNB" in trades
    assert "0.00002500 base" in trades
    assert "fee 0.0123 BNB" in fill_text(rows["fills"][1])
    assert fill_text(rows["fills"][2]).count("0.00000077,") == 1
    assert [fee(row, nobody)[0] for row in seen.trades] == ["0.00", "0.0123", "2.5e-05"]
    assert "and 0.0123 BNB" in as_text(seen, "x", "y")


def test_without_another_asset_nothing_is_said_of_one():
    """Fees in quote read as they always did."""
    assert fees_text({"fee_asset": "", "fee_asset_paid": "0"}, "12.30") == "12.30"
    assert fees_text({"fee_asset": "BNB", "fee_asset_paid": "0.5"}, "12.30") == "12.30 and 0.5 BNB"
