"""What may the operator do, and what must be typed first? A table, and the box that asks."""

from collections.abc import Callable
from typing import NamedTuple

from engine.snapshot import Snapshot
from tui.formatting import cents, grouped
from tui.seen import trading_of
from tui.themes import Line

REASON_BYTES_MAX = 200  # what the journal keeps of a reason
UNATTENDED_S = 30.0  # a box that nobody answers cancels itself
LISTED_MAX = 4


class Act(NamedTuple):
    """One act: what it will do, the word to type (none: Enter alone confirms), a usual reason."""

    verb: str
    title: str
    word: str
    reason: str
    tells: Callable[[Snapshot], list[str]]
    asks: str = "reason"
    which: str = ""  # alerts are the service's: the number of one, or all


def of_pause(_snapshot: Snapshot) -> list[str]:
    """What a pause means."""
    return ["No new entries. Positions, stops and exits go on.", "P again resumes."]


def of_resume(_snapshot: Snapshot) -> list[str]:
    """What a resume means."""
    return ["Entries are allowed again at the next decision."]


def of_flatten(snapshot: Snapshot) -> list[str]:
    """What a flatten would close."""
    return [
        *at_stake(snapshot),
        "Cancels every open order and sells every position at market.",
        "The engine stays paused afterwards: P resumes.",
    ]


def of_kill(snapshot: Snapshot) -> list[str]:
    """What a kill would close."""
    return [
        *at_stake(snapshot),
        "Cancels every order, sells every position at market, then HALTS.",
        "HALTED holds over restarts, until H resets it with a reason.",
    ]


def of_reset(snapshot: Snapshot) -> list[str]:
    """Why it halted, and what a reset means."""
    return [
        f"It halted: {snapshot.why}. Drawdown now {snapshot.drawdown_percent:.2f} % of peak.",
        "After the reset the engine trades again, unless it is paused.",
    ]


def at_stake(snapshot: Snapshot) -> list[str]:
    """The positions with their value, and the orders."""
    held = [row for row in snapshot.positions if row.quantity != "0"]
    total = sum(float(row.value) for row in held)
    rows = [f"  {r.symbol} {grouped(r.quantity)} at {grouped(r.last)} = {cents(r.value)}"
            for r in held[:LISTED_MAX]]  # fmt: skip
    if len(held) > LISTED_MAX:
        rows.append(f"  and {len(held) - LISTED_MAX} more")
    positions = f"{len(held)} position{'s' * (len(held) != 1)}"
    orders = f"{len(snapshot.open_orders)} open order{'s' * (len(snapshot.open_orders) != 1)}"
    return [f"Closes {positions} worth {total:,.2f}, cancels {orders}.", *rows]


PAUSE = Act("pause", "PAUSE the engine", "", "paused at the console", of_pause)
RESUME = Act("resume", "RESUME the engine", "", "resumed at the console", of_resume)
FLATTEN = Act("flatten", "FLATTEN", "FLATTEN", "flattened at the console", of_flatten)
KILL = Act("kill", "KILL", "KILL", "killed at the console", of_kill)
RESET = Act("reset", "RESET: leave HALTED", "RESET", "", of_reset)


def acknowledgement(which: str, named: list[str]) -> Act:
    """To say that one has seen an alert, or all that wait."""
    more = [f"and {len(named) - LISTED_MAX} more"] if len(named) > LISTED_MAX else []
    told = [
        *named[:LISTED_MAX],
        *more,
        "Your name and the note are kept; nothing is mended by it.",
    ]
    title = f"ACKNOWLEDGE {'all alerts' if len(named) > 1 else f'alert {which}'}"
    return Act("ack", title, "", "seen at the console", lambda _snapshot: told, "note", which)


def act_of(key: str, snapshot: Snapshot) -> Act | None:
    """The act a key stands for in this state; None where H has nothing to leave."""
    if key == "P":
        return RESUME if snapshot.paused else PAUSE
    if key == "H":
        return RESET if snapshot.trading == "HALTED" else None
    return {"F": FLATTEN, "K": KILL}.get(key)


class Box:
    """Asks for one act: the word where one is needed, and a reason. It decides only what it is."""

    def __init__(self, act: Act, now_s: float) -> None:
        self.act, self.touched_s = act, now_s
        self.typed, self.reason = "", act.reason
        self.in_reason = not act.word
        self.hint = ""

    def press(self, key: str, character: str | None, now_s: float) -> str:
        """What a key leads to: "confirm", "cancel", or nothing yet."""
        self.touched_s, self.hint = now_s, ""
        if key == "escape":
            return "cancel"
        if key == "enter":
            return self._enter()
        if key in ("tab", "shift+tab", "up", "down"):
            self.in_reason = not self.in_reason or not self.act.word
        elif key in ("backspace", "ctrl+h"):
            self._set(self._text()[:-1])
        elif key == "ctrl+u":
            self._set("")
        elif character is not None and character.isprintable():
            self._set(self._text() + character)
        return ""

    def is_left_alone(self, now_s: float) -> bool:
        """Whether nobody has touched it for too long."""
        return now_s - self.touched_s > UNATTENDED_S

    def lines(self, snapshot: Snapshot, word: str, label: str) -> list[Line]:
        """The box: where, what, what it means, the fields, the way out."""
        state, why, style = trading_of(snapshot)
        lines: list[Line] = [
            [(f" {word} ", word), (f" {self.act.title}", "strong"), (f"  {label}  ", "text"),
             (f"{state} {why}".strip(), style)],
            *([(row, "text")] for row in self.act.tells(snapshot)),
        ]  # fmt: skip
        if self.act.word:
            lines.append(self._field(f"type {self.act.word}", self.typed, not self.in_reason))
        lines += [self._field(self.act.asks, self.reason, self.in_reason), self._ways_out()]
        return lines

    def _enter(self) -> str:
        if self.typed != self.act.word:
            self.hint, self.in_reason = f"type {self.act.word} first", False
        elif not self.reason.strip():
            self.hint, self.in_reason = f"a {self.act.asks} is needed", True
        else:
            return "confirm"
        return ""

    def _text(self) -> str:
        return self.reason if self.in_reason else self.typed

    def _set(self, text: str) -> None:
        if self.in_reason and len(text.encode()) <= REASON_BYTES_MAX:
            self.reason = text
        elif not self.in_reason and len(text) <= 2 * len(self.act.word):
            self.typed = text

    def _field(self, name: str, text: str, focused: bool) -> Line:  # noqa: FBT001
        shown = text[-46:]
        cursor = "▏" if focused else ""
        return [(f"{name:>12} ", "key" if focused else "dim"), (f"{shown}{cursor}", "strong")]

    def _ways_out(self) -> Line:
        if self.hint:
            return [(self.hint, "alarm")]
        return [("Enter", "key"), (f" {self.act.verb}   ", "text"), ("Esc", "key"),
                (f" cancel (by itself after {UNATTENDED_S:.0f} s)", "dim")]  # fmt: skip
