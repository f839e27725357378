"""What does the person at the terminal see? A few live lines, and the state in the end."""

import os
import sys
import time

from engine.snapshot import Snapshot

LINES = 6


class Status:
    """Redraws a few lines on a terminal; says nothing where there is none."""

    def __init__(self, label: str, speed: float) -> None:
        self.label, self.pace = label, f"{speed:g}x" if speed else "full speed"
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.drawn = False
        self.spoke_at = 0.0

    def show(self, seen: Snapshot, core_word: str) -> None:
        """The newest state; on a pipe one line every ten seconds."""
        if self.live:
            self._draw(status_lines(seen, self.label, self.pace, core_word))
        elif time.monotonic() - self.spoke_at >= 10.0:
            self.spoke_at = time.monotonic()
            line = f"{self.label}: {stamp(seen.now_ns)} equity {short(seen.equity)} {seen.trading}"
            print(f"{line}, last decision {seen.last_decision}", file=sys.stderr, flush=True)

    def _draw(self, lines: list[str]) -> None:
        width = os.get_terminal_size(2).columns
        up = f"\x1b[{LINES}A" if self.drawn else ""
        rows = "".join(f"\r\x1b[K{line[: width - 1]}\n" for line in lines)
        sys.stderr.write(up + rows)
        sys.stderr.flush()
        self.drawn = True

    def close(self) -> None:
        """The last picture stays where it is."""
        sys.stderr.flush()


def status_lines(seen: Snapshot, label: str, pace: str, core_word: str) -> list[str]:
    """The live picture: what, how much, what is held, what was decided last and why."""
    held = [row for row in seen.positions if row.quantity != "0"]
    last = ", ".join(f"{row.symbol} {row.last}" for row in seen.positions[:3])
    core = f"  [{core_word}]" if core_word else ""
    rows = [f"{r.symbol} {r.quantity} @ {r.entry} ({short(r.unrealized)})" for r in held]
    net, fees = short(seen.net), short(seen.fees)
    fall, denied = f"{seen.drawdown_percent:.2f} %", sum(seen.denied.values())
    return [
        f"PAPER  {label}  {pace}  {stamp(seen.now_ns)}  {seen.trading}{core}",
        f"market    {last}",
        f"equity    {short(seen.equity)}   net {net}   fees {fees}   drawdown {fall}",
        f"position  {', '.join(rows) or 'flat'}",
        f"decision  {seen.last_decision}",
        f"orders    {seen.orders}   fills {seen.fills}   denied {denied}   events {seen.events:,}",
    ]


def stamp(now_ns: int) -> str:
    """A UTC time to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now_ns // 1_000_000_000))


def short(amount: str) -> str:
    """Money to the cent, for a glance."""
    return amount[:-6] if "." in amount else amount


def as_text(seen: Snapshot, label: str, digest: str) -> str:
    """The state for a person."""
    rows = [
        ("market", label),
        ("time", stamp(seen.now_ns)),
        ("trading state", seen.trading),
        ("equity", seen.equity),
        ("cash", seen.cash),
        ("net result", seen.net),
        ("realised, gross", seen.realized),
        ("fees", seen.fees),
        ("drawdown", f"{seen.drawdown_percent:.2f} % (breaker level {seen.breaker_level})"),
        ("orders / fills", f"{seen.orders} / {seen.fills}"),
        ("trades closed", f"{seen.wins + seen.losses}, {seen.wins} of them above their fees"),
        ("denied", ", ".join(f"{reason} {n}" for reason, n in seen.denied.items()) or "none"),
        ("last decision", seen.last_decision),
    ]
    rows += [
        (f"position {row.symbol}", f"{row.quantity} @ {row.entry}, last {row.last}")
        for row in seen.positions
    ]
    rows.append(("state digest", digest))
    return "".join(f"{name:18} {value}\n" for name, value in rows)


def as_json(seen: Snapshot, label: str, digest: str) -> str:
    """The state for a program."""
    from json import dumps

    fields = seen._asdict()
    fields["positions"] = [row._asdict() for row in seen.positions]
    return dumps({"schema_version": 1, "market": label, **fields, "state_digest": digest}) + "\n"
