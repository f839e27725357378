"""How do tests make instruments, records and running engines in a line or two?"""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.core import PlainCore
from engine.instruments import Instrument
from engine.messages import (
    RECORD_SIZE,
    BarClosed,
    BookTop,
    BreakerChanged,
    CancelOrder,
    CashDeposited,
    Heartbeat,
    OperatorReset,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    ParameterChanged,
    SubmitOrder,
    TradeTick,
    decode,
    encode,
)
from engine.opening import for_core, opening_records
from engine.profile import checked, load_profile, parts_of
from engine.simulation import heartbeat_is_due
from engine.state import DECISIONS_KEPT, KEYS

E8 = 100_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_747_000_020 * SECOND  # a whole minute
ETHER = Instrument(
    "ETHUSDT", "ETH", "USDT", 1_000_000, 10_000, 1, 90_000_000, 31_250_000, 5 * E8, 1, 100_000_000
)
# An agent whose mind a test can read: long while the last prices rise, flat while they fall.
QUICK = (
    "strategy.agent=ema_cross",
    "strategy.ema_cross.bars_min=0",
    "indicators.macd_fast=2",
    "indicators.macd_slow=3",
    "indicators.macd_signal=2",
    "schedule.interval_seconds=0",
    "run.heartbeat_ns=60000000000",
)
# Everything in one position, so that a fall of the price is a fall of equity.
ALL_IN = (
    "sizing.fraction=0.95",
    "sizing.stop_loss=0",
    "risk.position_max=1.0",
    "risk.exposure_max=1.0",
)
PRICE = 300_000  # ticks: 3,000 USDT
PLENTY = 1_000_000 * E8  # volume in which our orders do not show


def opening(*changes: str, symbols: int = 1, at_ns: int = START, flags: int = 0) -> list[bytes]:
    """The records that begin a run of the default profile with these `key=value` changes."""
    profile = load_profile("scalping", list(changes))
    return for_core(opening_records(profile, [ETHER] * symbols, at_ns, flags))


def opening_before(records: bytes, *changes: str) -> list[bytes]:
    """As above, at the time of the first of these records."""
    return opening(*changes, at_ns=struct.unpack_from("<q", records, 8)[0])


def cut(raw: bytes | None) -> list[bytes]:
    """A run of records, one by one; nothing for None."""
    return (
        [raw[at : at + RECORD_SIZE] for at in range(0, len(raw or b""), RECORD_SIZE)] if raw else []
    )


def with_facts(core: Any, record: bytes) -> list[bytes]:
    """One event through engine and venue, as the live loop does it: all it caused, in order."""
    caused = cut(core.process(record))
    for fact in (pending := cut(core.attend(record))):
        caused += [fact, *cut(core.process(fact))]
        pending += cut(core.attend(fact))
    return caused


def driven(core: Any, record: bytes) -> list[bytes]:
    """The event with the heartbeats due before it: inputs and what they caused, in order."""
    received_ns = struct.unpack_from("<q", record, 16)[0]
    stream = []
    while heartbeat_is_due(core.state.clock, received_ns):
        due_ns = core.state.clock.heartbeat_due_ns
        beat = encode(Heartbeat(0, due_ns, due_ns, core.state.clock.heartbeats + 1))
        stream += [beat, *with_facts(core, beat)]
    return [*stream, record, *with_facts(core, record)]


class Run:
    """An engine on the simulated venue, told one thing at a time; `said` keeps all that came out.

    Every call answers with the messages that it caused. Times follow each other by themselves.
    """

    def __init__(self, *changes: str, symbols: int = 1, flags: int = 0) -> None:
        self.core: Any = PlainCore()
        self.state = self.core.state
        self.now_ns = START
        self.said: list[Any] = []
        for record in opening(*changes, symbols=symbols, flags=flags):
            with_facts(self.core, record)

    def feed(self, message: Any) -> list[Any]:
        """Any message, after the heartbeats due before it."""
        given = encode(message)
        stream = [decode(record) for record in driven(self.core, given) if record != given]
        caused = [one for one in stream if not isinstance(one, Heartbeat)]
        self.said += caused
        return caused

    def alone(self, message: Any) -> list[Any]:
        """Any message to the engine, with the venue looking away: only the engine's own answer."""
        caused = [decode(record) for record in cut(self.core.process(encode(message)))]
        self.said += caused
        return caused

    def bar(self, close: int, symbol: int = 0, **given: int) -> list[Any]:
        """A bar of the next minute; open and close are equal unless told, all prices in ticks."""
        opened = given.get("open", close)
        high = given.get("high", max(opened, close))
        low = given.get("low", min(opened, close))
        end_ns = self.now_ns if given.get("same_minute") else self.now_ns + MINUTE
        start_ns, self.now_ns = end_ns - MINUTE, end_ns
        prices = (opened, high, low, close, given.get("volume", PLENTY))
        return self.feed(BarClosed(symbol, start_ns, end_ns, *prices))

    def bars(self, *closes: int) -> list[Any]:
        """Bars of the next minutes."""
        return [one for close in closes for one in self.bar(close)]

    def trade(self, price: int, volume: int = PLENTY, after_ns: int = SECOND) -> list[Any]:
        """A trade of others, a second later unless told."""
        self.now_ns += after_ns
        return self.feed(TradeTick(0, self.now_ns, self.now_ns, price, volume, 1))

    def book(self, bid: int, ask: int, volume: int = PLENTY, after_ns: int = SECOND) -> list[Any]:
        """The best bid and ask, a second later unless told."""
        self.now_ns += after_ns
        return self.feed(BookTop(0, self.now_ns, self.now_ns, bid, ask, volume, volume))

    def beat(self, seconds: float) -> list[Any]:
        """Nothing but a heartbeat, some seconds later."""
        self.now_ns += int(seconds * SECOND)
        return self.feed(Heartbeat(0, self.now_ns, self.now_ns, 1))

    def change(self, key: str, value: Any) -> list[Any]:
        """A profile key set while running."""
        number = list(KEYS).index(key)
        parts = parts_of(checked(key, value))
        return self.feed(ParameterChanged(0, self.now_ns, self.now_ns, number, *parts))

    def deposit(self, amount_e8: int) -> list[Any]:
        """Cash in, or out."""
        return self.feed(CashDeposited(0, self.now_ns, self.now_ns, amount_e8))

    def reset(self) -> list[Any]:
        """An operator's reset."""
        return self.feed(OperatorReset(0, self.now_ns, self.now_ns))

    def ask(self, request: Any) -> list[Any]:
        """An operator's request, by the class of its message."""
        return self.feed(request(0, self.now_ns, self.now_ns))

    def fill(self, order_id: int, lots: int, fill_id: int, **given: int) -> list[Any]:
        """A fill reported from outside the simulated venue; SELL is flags=1."""
        price, fee, symbol = given.get("price", PRICE), given.get("fee", 0), given.get("symbol", 0)
        stamp = (symbol, self.now_ns, self.now_ns)
        fact = OrderFilled(*stamp, order_id, price, lots, fee, fill_id, given.get("flags", 0))
        return self.alone(fact)

    def canceled(self, order_id: int) -> list[Any]:
        """A cancel confirmed from outside the simulated venue."""
        return self.alone(OrderCanceled(0, self.now_ns, self.now_ns, order_id))

    def warm_up(self) -> None:
        """Bars until the quick agent can speak: it wants nothing yet."""
        self.bars(*[PRICE] * 6)

    def go_long(self) -> list[Any]:
        """Warm up, let the price rise and the order of the quick agent fill."""
        self.warm_up()
        return self.bars(PRICE + 100, PRICE + 200)

    def hold_on(self) -> None:
        """From now on the agent wants nothing changed: it warms up for 200 bars."""
        self.change("indicators.ema_slow", 200)
        self.change("strategy.agent", "vote")

    @property
    def decision(self) -> Any:
        """The newest one."""
        decisions = self.state.decisions
        return decisions.table[(decisions.count - 1) % DECISIONS_KEPT]

    @property
    def position(self) -> Any:
        """Of the first symbol."""
        return self.state.symbols[0].position


def flat_bar(end_ns: int, price: int) -> BarClosed:
    """The minute's bar that ends at a time, at one price throughout."""
    return BarClosed(0, end_ns - MINUTE, end_ns, price, price, price, price, PLENTY)


def only(messages: Iterable[Any], kind: Any) -> list[Any]:
    """The messages of one class."""
    return [message for message in messages if isinstance(message, kind)]


def submitted(messages: Iterable[Any]) -> list[SubmitOrder]:
    """The orders among them."""
    return only(messages, SubmitOrder)


def canceled(messages: Iterable[Any]) -> list[CancelOrder]:
    """The cancels among them."""
    return only(messages, CancelOrder)


def fills(messages: Iterable[Any]) -> list[OrderFilled]:
    """The fills among them."""
    return only(messages, OrderFilled)


def denials(messages: Iterable[Any]) -> list[int]:
    """The reasons of our own denials among them."""
    return [denied.reason for denied in only(messages, OrderDenied)]


def levels(messages: Iterable[Any]) -> list[int]:
    """The breaker levels reported among them."""
    return [moved.level for moved in only(messages, BreakerChanged)]


def real_bars(shared: Path) -> bytes:
    """130,707 real minutes of ETHUSDT (2025-05 to 2025-08) as records."""
    import numpy as np
    from pyarrow import parquet

    from engine.layout import dtype_of
    from engine.messages import BAR_CLOSED, RECORD

    table = parquet.read_table(shared / "data/bars_1m_spot_2025-05_2025-08/ETHUSDT-1m.parquet")
    rows = np.zeros(len(table), dtype_of(RECORD))
    rows["kind"] = BAR_CLOSED
    rows["time_ns"] = table["open_time"].to_numpy().astype("datetime64[ns]").astype("i8")
    rows["received_ns"] = rows["time_ns"] + MINUTE
    for field, column in zip("abcd", ("open", "high", "low", "close"), strict=True):
        rows[field] = np.round(table[column].to_numpy() * 100).astype("i8")
    rows["e"] = np.round(table["volume"].to_numpy() * E8).astype("i8")
    return bytes(rows.tobytes())


def real_trades(shared: Path) -> bytes:
    """6,106 real trades of ETHUSDT (2024-08-08) as records; received when they happened."""
    import csv
    import gzip
    from decimal import Decimal

    path = shared / "data/trades/spot_ETHUSDT-trades-2024-08-08.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))
    made = []
    for number, price, quantity, _, time_ms, is_buyer_maker, *_ in rows:
        stamp = (0, int(time_ms) * 1_000_000, int(time_ms) * 1_000_000)
        amounts = (int(Decimal(price) * 100), int(Decimal(quantity) * E8))
        made.append(TradeTick(*stamp, *amounts, int(number), int(is_buyer_maker == "True")))
    return b"".join(encode(trade) for trade in made)


def volume_of(lots: int) -> int:
    """The market volume in which this many lots of ether may be ours."""
    return lots * ETHER.lot_e8 * 10
