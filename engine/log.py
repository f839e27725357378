"""What happened, for people and for grep? A bounded log, each line tied to its cause."""

import os
import sys
import time
from collections import deque
from typing import Any

from engine.messages import BUY, CLASSES, FEE_STEP, decode
from engine.risk.gate import REASONS

LEVELS = ("debug", "info", "warning", "error", "critical")
FILE_BYTES_MAX = 4 << 20  # and one older file of the same size: the log never grows beyond both
NOTABLE_KEPT = 64
NOISE = ("OrderDenied",)  # one a decision while halted; the decisions tell it
GOOD = ("AccountBack", "MarketBelieved")  # who was warned is told that it is over
FEE_WORDS = ("quote", "base", "other", "other")
LINES_AT_ONCE = 64  # wait in memory; errors go out at once
QUIET = {"OrderAccepted": "debug", "OrderDenied": "warning", "OrderRejected": "warning"}
LOUD = {
    "BreakerChanged": "warning",
    "FlattenEnded": "warning",
    "CancelRejected": "debug",
    "OrderCanceled": "debug",
}


class Log:
    """Lines of JSON or text in a file; order ids and journal sequences tie them together."""

    def __init__(self, path: str, level: str, form: str, stamp: str) -> None:
        self.path, self.form, self.stamp = path, form, stamp
        self.least = LEVELS.index(level)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._fd = opened(path)
        self._size = os.fstat(self._fd).st_size
        self._waiting: list[bytes] = []
        self.notable: deque[dict[str, Any]] = deque(maxlen=NOTABLE_KEPT)  # for whoever watches
        self.lost = 0  # lines that the disk did not take: trading goes on without them

    def say(self, level: str, event: str, /, **fields: Any) -> None:
        """One line, if its level is wanted; warnings, and their end, are kept for watchers."""
        if (level in LEVELS[2:] and event not in NOISE) or event in GOOD:
            self.notable.append({"at_s": time.time(), "level": level, "event": event, **fields})
        if LEVELS.index(level) < self.least:
            return
        line = self._formed(level, event, fields).encode(errors="replace")
        self._waiting.append(line)
        self._size += len(line)
        if len(self._waiting) >= LINES_AT_ONCE or level in LEVELS[3:]:
            self.flush()

    def outcome(self, sequence: int, record: bytes) -> None:
        """A command, verdict or report; `after` is the journal sequence right after its event."""
        kind = CLASSES[record[4]].__name__
        level = QUIET.get(kind) or LOUD.get(kind) or "info"
        if LEVELS.index(level) < self.least:
            return
        said = decode(record)
        fields = {
            name: value
            for name, value in zip(said._fields, said, strict=True)
            if name not in ("time_ns", "received_ns", "flags")
        }
        if "order_id" in fields:
            fields["order"] = f"{self.stamp}-{fields.pop('order_id')}"
        if kind == "BreakerChanged":
            fields["breaker_level"] = fields.pop("level")
        if kind == "OrderDenied":
            fields["reason"] = REASONS[said.reason]
        if kind in ("SubmitOrder", "OrderFilled", "OrderDenied"):
            fields["side"] = "buy" if said.flags & 1 == BUY else "sell"
        if kind == "OrderFilled":
            fields["fee_in"] = FEE_WORDS[said.flags // FEE_STEP % 4]
        self.say(level, kind, after=sequence, now_ns=said.received_ns, **fields)

    def flush(self) -> None:
        """Hand what waits to the system; what it does not take is counted, and said once."""
        if not self._waiting:
            return
        lines, self._waiting = self._waiting, []
        try:
            if self._size > FILE_BYTES_MAX:
                self._turn()
            write_whole(self._fd, b"".join(lines))
        except OSError as error:
            self.lost += len(lines)
            if self.lost == len(lines):
                self._say_lost(error)

    def close(self) -> None:
        """The last line is written."""
        self.flush()
        os.close(self._fd)

    def _formed(self, level: str, event: str, fields: dict[str, Any]) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self.form == "text":
            rest = " ".join(f"{key}={value}" for key, value in fields.items())
            return f"{at} {level:8} {event} {rest}\n"
        pairs = {"at": at, "level": level, "event": event, **fields}
        return "{" + ", ".join([f'"{key}": {valued(v)}' for key, v in pairs.items()]) + "}\n"

    def _say_lost(self, error: OSError) -> None:
        try:
            sys.stderr.write(f"the log cannot be written ({error.strerror}): trading goes on\n")
        except OSError:
            return  # nobody is left to tell

    def _turn(self) -> None:
        os.replace(self.path, self.path + ".1")
        fresh = opened(self.path)
        os.close(self._fd)
        self._fd, self._size = fresh, 0


def opened(path: str) -> int:
    """The file to append to."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def write_whole(fd: int, raw: bytes) -> None:
    """Every byte; OSError when the disk does not take them."""
    while raw:
        raw = raw[os.write(fd, raw) :]


def quoted(text: str) -> str:
    """A JSON string, without importing json into the engine."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{ord(c):04x}" for c in escaped) + '"'


def valued(value: Any) -> str:
    """A JSON value: numbers as they are, all else as text."""
    return str(value) if isinstance(value, (int, float)) else quoted(str(value))
