"""What is heard in one recording? Each message with its symbol, and never back in time."""

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from engine.market.exchange_lines import NOTHING_SAID, Heard, begins_recording, heard
from engine.market.text_files import DAMAGED, damaged, opened, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINE_MAX = 1 << 22  # bytes; a snapshot of 5,000 levels a side has 300 thousand
CLOCK_BACK_MAX_NS = 10_000_000_000  # by which a clock may be set back while it records
LINES_TOLD = 1_000  # lines between two words of progress
BEGINNING = 1 << 10
# The first line of messages from a simulated market: an answer to nobody, for who knows it not.
LABELLED = b'{"result":null,"market":"SIMULATED"}'


class Message(NamedTuple):
    """What was heard, and in which line of which file."""

    heard: Heard
    source: int
    line: int


def is_recording(path: str) -> bool:
    """Whether a file, whatever it is packed in, begins as a recording does."""
    try:
        with opened(path) as (text, _):
            return begins_recording(text.readline(BEGINNING))
    except (Refused, *DAMAGED):
        return False  # whoever reads it as something else will say what is wrong


class Tape:
    """The messages of one file; lines that are none are counted, the first with its reason."""

    def __init__(self, source: int, path: str, progress: "Callable[[int], None]") -> None:
        self.source, self.path, self.progress = source, path, progress
        self.lines = self.unreadable = self.clock_back = 0
        self.first_unreadable, self.unnamed_line = "", 0
        self.symbols: dict[str, None] = {}  # in the order in which they were heard
        self.clock_ns = 0
        self.simulated = False

    def messages(self) -> "Iterator[Message]":
        """Every message of use, by receive time; Refused where the file cannot be read on."""
        unnamed: list[Message] = []  # snapshots, until the file's symbol is known
        try:
            with opened(self.path) as (text, done):
                for line in iter(partial(text.readline, LINE_MAX), b""):
                    self.lines += 1
                    if self.lines % LINES_TOLD == 0:
                        self.progress(done())
                    said = self.said_in(line)
                    if said is None:
                        continue
                    self.note(said.symbol)
                    unnamed.append(Message(self.in_time(said), self.source, self.lines))
                    if self.symbols:
                        yield from map(self.named, unnamed)
                        unnamed = []
        except DAMAGED as error:
            raise damaged(self.path, error) from error
        if self.unnamed_line and len(self.symbols) != 1:
            heard_of = ", ".join(self.symbols) or "no symbol"
            raise refusal(
                f"{self.path}, line {self.unnamed_line}",
                f"a snapshot that does not say whose it is (heard: {heard_of})",
            )

    def note(self, symbol: str) -> None:
        """Keep what is known of whose messages these are."""
        if symbol:
            self.symbols.setdefault(symbol)
        else:
            self.unnamed_line = self.unnamed_line or self.lines

    def named(self, message: Message) -> Message:
        """The message with its symbol: one that names none is of the file's only one."""
        if message.heard.symbol:
            return message
        return message._replace(heard=message.heard._replace(symbol=next(iter(self.symbols))))

    def said_in(self, line: bytes) -> Heard | None:
        """What a line says; None if that is nothing."""
        if not line.strip():
            return None
        self.simulated |= self.lines == 1 and line.rstrip().endswith(LABELLED)
        try:
            return heard(line)
        except NOTHING_SAID as wrong:
            self.unreadable += 1
            said = str(wrong).partition("\n")[0] or type(wrong).__name__
            self.first_unreadable = self.first_unreadable or f"line {self.lines}: {said}"
            return None

    def in_time(self, said: Heard) -> Heard:
        """The same, heard no earlier than what was heard before it: the order of lines is true."""
        back_ns = self.clock_ns - said.received_ns
        if back_ns > CLOCK_BACK_MAX_NS:
            raise refusal(
                f"{self.path}, line {self.lines}", f"its clock went back by {back_ns / 1e9:.1f} s"
            )
        self.clock_back += back_ns > 0
        self.clock_ns = max(self.clock_ns, said.received_ns)
        return said._replace(received_ns=self.clock_ns)
