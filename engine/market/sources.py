"""What is a source of the market to whoever chooses among them? One port, without I/O.

A source wishes lines and answers (`wishes`), is told what came, and gives records: only while it
feeds (`take_over` until `step_back`). Times are ns of our clock and never go back.
"""

from typing import NamedTuple, Protocol

from engine.market.failover import Standing
from engine.market.symbol_feed import SymbolFeed
from engine.market.wishes import Answer


class BookSeen(NamedTuple):
    """How one symbol's book stands."""

    in_step: bool
    since_ns: int  # out of step since, 0 while in step
    gaps: int
    updates: int


class Source(Protocol):
    """Where the market comes from, one of several."""

    standing: Standing

    @property
    def feeds(self) -> dict[str, SymbolFeed]:
        """Each symbol's way to the engine, in order; sources of one exchange share them."""

    def begin(self, now_ns: int) -> None:
        """Be wanted: open what it needs."""

    def end(self, now_ns: int) -> None:
        """Be wanted no more: close all."""

    def take_over(self, now_ns: int, *, anew: bool) -> bytes:
        """Feed from now on; the records that the engine lacks, none when it begins `anew`.

        That is after another exchange's market fed: what happened meanwhile was told by that one.
        """

    def step_back(self) -> None:
        """Feed no more."""

    def opened(self, line: int, now_ns: int) -> None:
        """A line it wished is open."""

    def lost(self, line: int, why: str, now_ns: int) -> None:
        """A line it wished was closed, or never opened."""

    def hear(self, line: int, text: bytes, now_ns: int) -> bytes:
        """A message of a line; its records."""

    def answered(self, question: int, answer: Answer, now_ns: int) -> bytes:
        """What became of a question; its records."""

    def tick(self, now_ns: int) -> None:
        """Time passed."""

    def due_ns(self, now_ns: int) -> int:
        """When `tick` may have something to do, 0 if only a message can."""

    def owns(self, number: int) -> bool:
        """Whether a line or question is its own."""

    def books(self) -> dict[str, BookSeen]:
        """How each symbol's book stands; none where it keeps none."""
