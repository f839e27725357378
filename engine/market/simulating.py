"""How does a simulated market become a record file? Minute by minute, labelled for ever."""

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from engine.instruments import Instrument, definition_records
from engine.journal.record_files import write_record_file
from engine.journal.segments import Header, Identity
from engine.market.layouts import BARS
from engine.market.simulated import FACTOR_MAX, MINUTE_NS, TICKS_MIN, TRADES_A_MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from engine.market.simulated import SimulatedMarket

CHUNK_MINUTES = 1_000
SIMULATED = Identity(bytes(16), bytes(32), bytes(32), bytes(32), "", simulated=True)


class Stretch(NamedTuple):
    """So many minutes of a market, as bars or as trades."""

    traded: Instrument
    market: "SimulatedMarket"
    kind: str
    minutes: int

    @property
    def rows(self) -> int:
        """How many market records they are."""
        return self.minutes * (1 if self.kind == BARS else TRADES_A_MINUTE)

    @property
    def end_ns(self) -> int:
        """When the last minute ends."""
        return self.market.start_ns + self.minutes * MINUTE_NS


def refuse_price(traded: Instrument, ticks: int) -> None:
    """Refused where a market that begins there could leave what the instrument allows."""
    least = max(TICKS_MIN, traded.price_min * FACTOR_MAX)
    most = traded.price_max // FACTOR_MAX
    if not least <= ticks <= most:
        raise Refused(
            f"A simulated {traded.name} cannot begin at {traded.price_text(ticks)}: it may move by "
            f"a factor of {FACTOR_MAX}.",
            f"Choose a price from {traded.price_text(least)} to {traded.price_text(most)}.",
        )


def write_stretch(
    stretch: Stretch,
    path: "Path",
    progress: "Callable[[int], None]",
    native: "ModuleType | None" = None,
) -> None:
    """Write a simulated stretch as a record file, whole or not at all."""
    refuse_price(stretch.traded, stretch.market.start_price)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record_file(path, chunks_of(stretch, progress), Header(SIMULATED, 0, 0), native)


def chunks_of(stretch: Stretch, progress: "Callable[[int], None]") -> "Iterator[bytes]":
    """The file's content: the symbol's definition, then its market records."""
    yield definition_records(0, stretch.traded, stretch.market.start_ns)
    made = stretch.market.bars() if stretch.kind == BARS else stretch.market.trades()
    records, written = islice(made, stretch.rows), 0
    while chunk := list(islice(records, CHUNK_MINUTES)):
        yield b"".join(chunk)
        written += len(chunk)
        progress(written)
