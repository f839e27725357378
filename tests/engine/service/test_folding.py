"""Are the rows what the journal says, however it arrives, and the features those of the moment?"""

from datetime import date
from json import loads
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine import core as cores
from engine.errors import Refused
from engine.instruments_file import instrument
from engine.journal.folded import Folding
from engine.messages import (
    ORDER_FILLED,
    OUTSIDE,
    RECORD_SIZE,
    SELL,
    SUBMIT_ORDER,
    TEXT,
    BookTop,
    OrderFilled,
    OrderUnknown,
    PositionCorrected,
    encode,
)
from engine.opening import opening_records
from engine.preview import values_of
from engine.profile import load_profile
from engine.service.folding import Fold
from engine.service.schema import TABLES
from tests.engine.service.keeping import journal_of, merged

ID = "ab" * 16


def folded(raw: bytes, sizes: list[int], since: int = 0) -> tuple[Fold, Any]:
    """A fold of a whole journal in chunks of these numbers of records, and its rows."""
    fold, parts, at, turn = Fold(cores.load_native(), ID, since), [], 0, 0
    while at < len(raw):
        size = sizes[turn % len(sizes)] * RECORD_SIZE
        parts.append(fold.take(memoryview(raw)[at : at + size]))
        at, turn = at + size, turn + 1
    return fold, merged(parts)


def test_the_rows_do_not_depend_on_how_the_journal_is_cut(lived: Path):
    """Live it arrives in dribs, at a rebuild in chunks of thousands: the same rows and state."""
    raw, draws = journal_of(lived), Random(2)
    whole, expected = folded(raw, [4096])

    for _ in range(4):
        sizes = [draws.choice((1, 2, 3, 7, 100, 1000)) for _ in range(50)]
        fold, rows = folded(raw, sizes)
        assert rows == expected
        assert cores.digest_of(fold.core) == cores.digest_of(whole.core)
        assert (fold.check_sum, fold.epoch) == (whole.check_sum, 2)


def test_the_plain_core_says_the_same(lived: Path):
    """Where nothing could be compiled; over a beginning, for it is slow."""
    raw = journal_of(lived)[: 8_000 * RECORD_SIZE]
    plain = Fold(None, ID)

    assert plain.take(memoryview(raw)) == folded(raw, [4096])[1]


def test_rows_that_are_kept_already_are_left_out(lived: Path):
    """From any sequence on they are the tail of all rows: what was told before is still known."""
    raw = journal_of(lived)
    _, expected = folded(raw, [4096])

    for since in (1, 6_000, len(raw) // RECORD_SIZE // 2):
        _, rows = folded(raw, [500], since)
        tail = {table: [r for r in some if int(r[0]) >= since] for table, some in expected.items()}
        assert rows == {table: some for table, some in tail.items() if some}


def test_the_features_of_an_order_are_those_of_a_replay_to_its_event(lived: Path):
    """Not journaled: they are what the engine's own replay yields at that sequence."""
    raw = journal_of(lived)
    _, rows = folded(raw, [4096])

    assert len(rows["decisions"]) >= 6
    for row in rows["decisions"]:
        core = cores.core_of(cores.load_native())
        Folding(core).take(0, memoryview(raw)[: row[0] * RECORD_SIZE])
        seen, symbol = loads(row[8]), core.state.symbols[0]
        wanted = values_of(symbol.features.indicators)
        wanted["last"] = symbol.features.market.last * symbol.instrument.tick_e8 / 1e8
        assert {name: seen[name] for name in wanted} == wanted
        assert loads(row[9])["trading"] == "ACTIVE"


def test_every_order_has_its_decision_and_every_table_its_columns(lived: Path, rested: Path):
    """One row each, under the same sequence; denials too."""
    for place in (lived, rested):
        _, rows = folded(journal_of(place), [4096])
        asked = [row[0] for row in rows["orders"]] + [row[0] for row in rows.get("denials", [])]
        assert sorted(asked) == [row[0] for row in rows["decisions"]]
        for table, some in rows.items():
            assert {len(row) for row in some} == {2 + len(TABLES[table])}
    said = {row[3] for row in rows["order_events"]}
    assert {"accepted", "cancel asked", "canceled"} <= said
    assert rows["breakers"][-1][2] == 3
    assert {row[7] for row in rows["denials"]} == {"halted"}


def test_where_the_venue_is_outside_its_word_counts_once():
    """A fill told again is no row; a correction is one; what nobody answered for is said."""
    traded, at_ns = instrument("ETHUSDT", date(2025, 1, 1)), 60_000_000_000
    bought = OrderFilled(0, at_ns, at_ns + 2, 7, 250_000, 100, 11, 5)
    events = [
        *opening_records(load_profile("scalping"), [traded], at_ns, OUTSIDE),
        encode(BookTop(0, at_ns, at_ns + 1, 249_990, 250_000, 10**8, 10**8)),
        encode(OrderUnknown(0, at_ns, at_ns + 1, 7)),
        encode(bought),
        encode(bought),
        encode(PositionCorrected(0, at_ns, at_ns + 3, -40, 0)),
        encode(bought._replace(lots=60, fill_id=6, flags=SELL, price=250_100)),
    ]
    core, raw = cores.core_of(cores.load_native()), b""
    for record in events:
        raw += record if record[4] == TEXT else record + (core.process(record) or b"")

    _, rows = folded(raw, [3])

    lot_e8 = traded.lot_e8
    assert [row[7] for row in rows["fills"]] == [100 * lot_e8, 60 * lot_e8]
    assert [row[3] for row in rows["corrections"]] == [-40 * lot_e8]
    assert "unknown" in {row[3] for row in rows["order_events"]}
    assert core.state.symbols[0].position.lots == 0
    assert [row[4] for row in rows["trades"]] == [60 * lot_e8]


def test_what_does_not_replay_is_refused(lived: Path):
    """A recorded fill that this code does not decide: the rows would be beside the truth."""
    raw = bytearray(journal_of(lived))
    kinds = raw[4::RECORD_SIZE]
    raw[kinds.find(ORDER_FILLED) * RECORD_SIZE + 40] ^= 1

    with pytest.raises(Refused, match="does not replay: record") as refused:
        folded(bytes(raw), [4096])

    assert (refused.value.code, kinds.count(SUBMIT_ORDER) > 0) == (1, True)
