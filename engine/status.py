"""What does the person at the terminal see? A few live lines, and the state in the end."""

import os
import sys
import time
from typing import Any

from engine.snapshot import Snapshot
from engine.streams import silence

LINES = 6
WIDTH_USUAL = 80  # where the terminal does not tell
REAL = "LIVE "
LABEL_MAX = 40
SPEAK_SECONDS = 10.0


class Status:
    """Redraws a few lines on a terminal; says little where there is none."""

    def __init__(self, label: str, speed: float) -> None:
        self.label, self.pace = label, f"{speed:g}x" if speed else "full speed"
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.drawn = False
        self.dead = False  # a screen that fails is left alone: trading goes on
        self.spoke_at = 0.0

    def show(self, seen: Snapshot, core_word: str) -> None:
        """The newest state; on a pipe one line every ten seconds."""
        if self.dead:
            return
        try:
            if self.live:
                self._draw(status_lines(seen, self.label, self.pace, core_word))
            elif time.monotonic() - self.spoke_at >= SPEAK_SECONDS:
                self.spoke_at = time.monotonic()
                self._write(f"{pipe_line(seen, self.label)}\n")
        except (OSError, ValueError):
            self.dead = True
            silence(2)

    def _draw(self, lines: list[str]) -> None:
        width = (os.get_terminal_size(2).columns or WIDTH_USUAL) - 1
        up = f"\x1b[{LINES}A" if self.drawn else ""
        self._write(up + "".join(f"\r\x1b[K{fitted(line, width)}\n" for line in lines))
        self.drawn = True

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def fitted(line: str, width: int) -> str:
    """The line in that many columns: whole fields go, or words, but no number is ever cut."""
    if len(line) <= width:
        return line
    kept = line[: max(width - 1, 1)]  # a blank after it shows that its last word is whole
    for gap in ("  ", " "):
        at = kept.rfind(gap)
        if len(kept[:at].strip().split()) > 1 and at > 0:
            return f"{kept[:at].rstrip()} …"[:width]
    return "…"


def pipe_line(seen: Snapshot, label: str) -> str:
    """The state in a line."""
    told = f"{titled(label, ' ')}: {stamp(seen.now_ns)} equity {short(seen.equity)} {seen.trading}"
    return f"{told}, last decision {seen.last_decision}"


def status_lines(seen: Snapshot, label: str, pace: str, core_word: str) -> list[str]:
    """The live picture: what, how much, what is held, what was decided last and why."""
    held = [row for row in seen.positions if row.quantity != "0"]
    last = ", ".join(f"{row.symbol} {grouped(row.last)}" for row in seen.positions[:3])
    core = f"  [{core_word}]" if core_word else ""
    label = label if len(label) <= LABEL_MAX else f"{label[: LABEL_MAX - 1]}…"
    rows = [f"{r.symbol} {r.quantity} @ {grouped(r.entry)} ({short(r.unrealized)})" for r in held]
    net, fees = short(seen.net), fees_text(seen._asdict(), short(seen.fees))
    fall, denied = f"{seen.drawdown_percent:.2f} %", sum(seen.denied.values())
    odd = seen.malformed + seen.anomalies
    return [
        f"{titled(label)}  {seen.trading}  {stamp(seen.now_ns)}  {pace}{core}",
        f"market    {last}",
        f"equity    {short(seen.equity)}   net {net}   drawdown {fall}   fees {fees}",
        f"position  {', '.join(rows) or 'flat'}",
        f"decision  {seen.last_decision}",
        f"orders    {seen.orders}   fills {seen.fills}   denied {denied}   events {seen.events:,}"
        + (f"   malformed or odd {odd}" if odd else ""),
    ]


def titled(label: str, gap: str = "  ") -> str:
    """Whose money it is, before the market: a label says LIVE where it is real."""
    is_real = label.startswith(REAL)
    return f"{'LIVE' if is_real else 'PAPER'}{gap}{label.removeprefix(REAL)}"


def fees_text(found: dict[str, Any], fees: str) -> str:
    """What fees took: quote, and beside it what was paid in another asset."""
    paid = f" and {found['fee_asset_paid']} {found['fee_asset']}" if found["fee_asset"] else ""
    return f"{fees}{paid}"


def stamp(now_ns: int) -> str:
    """A UTC time to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now_ns // 1_000_000_000))


def short(amount: str) -> str:
    """Money to the cent, for a glance."""
    return grouped(amount[:-6] if "." in amount else amount)


def grouped(amount: str) -> str:
    """A number with its thousands apart, for a person."""
    whole, point, rest = amount.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{rest}"


def as_text(seen: Snapshot, label: str, digest: str) -> str:
    """The state for a person."""
    rows = [
        ("market", label if label.startswith(REAL) else f"{label}, on paper"),
        ("time", stamp(seen.now_ns)),
        ("trading state", seen.trading),
        ("equity", grouped(seen.equity)),
        ("cash", grouped(seen.cash)),
        ("net result", grouped(seen.net)),
        ("realised, gross", grouped(seen.realized)),
        ("fees", fees_text(seen._asdict(), grouped(seen.fees))),
        *([(seen.fee_asset, seen.fee_asset_held)] if seen.fee_asset else []),
        ("drawdown", f"{seen.drawdown_percent:.2f} % (breaker level {seen.breaker_level})"),
        ("orders / fills", f"{seen.orders} / {seen.fills}"),
        ("trades closed", f"{seen.wins + seen.losses}, {seen.wins} of them above their fees"),
        ("denied", ", ".join(f"{reason} {n}" for reason, n in seen.denied.items()) or "none"),
        ("last decision", seen.last_decision),
    ]
    odd = (("malformed", seen.malformed), ("anomalies", seen.anomalies))
    rows += [(name, str(count)) for name, count in odd if count]
    for row in seen.positions:
        beside = "" if row.dust == "0" else f" and {row.dust} below a lot"
        held = f"{row.quantity}{beside} @ {grouped(row.entry)}, last {grouped(row.last)}"
        rows.append((f"position {row.symbol}", held))
    rows.append(("state digest", digest))
    return "".join(f"{name:18} {value}\n" for name, value in rows)


def as_json(seen: Snapshot, label: str, digest: str) -> str:
    """The state for a program."""
    from json import dumps

    fields = {
        key: [row._asdict() for row in value] if isinstance(value, list) else value
        for key, value in seen._asdict().items()
    }
    return dumps({"schema_version": 1, "market": label, **fields, "state_digest": digest}) + "\n"
