"""supreme pause, resume, flatten, kill, reset: an operator's words, with who and why."""

import sys
import time
from json import dumps
from typing import Annotated, Any, NamedTuple

import typer

from engine.control.client import UNREACHABLE, Link
from engine.errors import Refused
from supreme_cli.asking import SCHEMA, Seen, headline, is_screen, linked, seen
from supreme_cli.common_options import DataDir, Json, Timeout

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="why; kept in the journal")]
Confirm = Annotated[str, typer.Option("--confirm", metavar="WORD", help="the word, typed here")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen; ask nothing")]
NO_REASON = "none given"
LOOK_SECONDS = 0.2


class Act(NamedTuple):
    """What an operator asks for, and how it was typed."""

    verb: str
    data_dir: str
    reason: str
    json: bool
    timeout: float
    confirm: str = ""
    dry_run: bool = False


def pause(
    reason: Reason = NO_REASON, data_dir: DataDir = "", json: Json = False, timeout: Timeout = 5.0,
    dry_run: DryRun = False,
) -> None:  # fmt: skip
    """No new entries; resting entries are taken back. Exits and protective stops go on."""
    perform(Act("pause", data_dir, reason, json, timeout, dry_run=dry_run))


def resume(
    reason: Reason = NO_REASON, data_dir: DataDir = "", json: Json = False, timeout: Timeout = 5.0,
    dry_run: DryRun = False,
) -> None:  # fmt: skip
    """End a pause: entries may be made again. It does not lead out of HALTED: see reset."""
    perform(Act("resume", data_dir, reason, json, timeout, dry_run=dry_run))


def flatten(
    confirm: Confirm = "", reason: Reason = NO_REASON, data_dir: DataDir = "", json: Json = False,
    timeout: Timeout = 60.0, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Cancel and sell everything at market, again and again until flat; stays paused afterwards.

    Waits until it is flat and names what the venue would not take. Exit 5 when that takes longer
    than --timeout; the engine goes on trying. Example: supreme flatten --confirm FLATTEN
    """
    act = Act("flatten", data_dir, reason, json, timeout, confirm, dry_run)
    perform(act, word="FLATTEN")


def kill(
    confirm: Confirm = "", reason: Reason = NO_REASON, data_dir: DataDir = "", json: Json = False,
    timeout: Timeout = 60.0, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Cancel and sell everything, then HALTED until a reset: nothing is traded before it.

    Example: supreme kill --confirm KILL --reason "odd fills"
    """
    act = Act("kill", data_dir, reason, json, timeout, confirm, dry_run)
    perform(act, word="KILL")


def reset(
    reason: Reason = "", confirm: Confirm = "", data_dir: DataDir = "", json: Json = False,
    timeout: Timeout = 5.0, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Leave HALTED after a kill or the drawdown stop; drawdown counts anew from here.

    Example: supreme reset --confirm RESET --reason "limits checked with risk"
    """
    if not reason.strip():
        raise Refused("a reset needs a reason", 'add --reason "what was checked"')
    act = Act("reset", data_dir, reason, json, timeout, confirm, dry_run)
    perform(act, word="RESET")


def perform(act: Act, word: str = "") -> None:
    """Show what it means, ask for the word if there is one, do it, and say what came of it."""
    link = linked(act.data_dir, min(act.timeout, 5.0))
    before = seen(link, link.picture())
    if not act.json or act.dry_run:
        print("\n".join([headline(before), *consequences(act.verb, before)]), file=sys.stderr)
    if act.dry_run:
        return
    if word:
        agree(word, act)
        link.close()  # whoever took long to type may have lost their place to others by now
        link = linked(link.data_dir, min(act.timeout, 5.0))
    sequence = link.ask(act.verb, reason=act.reason)["sequence"]
    try:
        after = settled(link, act)
    except Refused as no:
        if no.code != UNREACHABLE:
            raise
        what = f"{act.verb} is in the journal (record {sequence:,}), but {no.what}"
        raise Refused(what, "the next start goes on from it", code=UNREACHABLE) from no
    report(act, sequence, after)


def consequences(verb: str, one: Seen) -> list[str]:
    """What the act will do to what there is."""
    snapshot = one.snapshot
    held = [row for row in snapshot.positions if row.quantity != "0"]
    entries = [row for row in snapshot.open_orders if row.side == "BUY"]
    if verb == "pause":
        return [f"pause: no new entries, {len(entries)} resting entries taken back; exits go on"]
    if verb == "resume":
        return ["resume: entries may be made again"]
    if verb == "reset":
        return [f"reset: leaves HALTED ({snapshot.why}); drawdown counts anew from here"]
    rows = [f"  sell {row.quantity} {row.symbol} at market, about {row.value[:-6]}" for row in held]
    then = "then paused until resumed" if verb == "flatten" else "then HALTED until reset"
    return [
        f"{verb}: {len(held)} positions sold, {len(snapshot.open_orders)} orders canceled, {then}",
        *rows,
    ]


def agree(word: str, act: Act) -> None:
    """The typed word, from the command line or a terminal; Refused (4) without it."""
    typed = act.confirm
    if not typed and sys.stdin.isatty() and sys.stderr.isatty():
        print(f"Type {word} to {act.verb}: ", end="", file=sys.stderr, flush=True)
        typed = sys.stdin.readline().strip()
    if typed != word:
        raise Refused(
            f"{act.verb} was not confirmed: nothing was done",
            f"repeat it with --confirm {word}",
            code=4,
        )


def settled(link: Link, act: Act) -> Seen:
    """The engine after the act; a flatten or kill is over when everything is closed."""
    end = time.monotonic() + act.timeout
    is_shown = is_screen(sys.stderr) and not act.json
    while True:
        one = seen(link, link.picture())
        closing = one.state.breakers.flattening or (
            one.state.breakers.stopped and one.snapshot.trading != "HALTED"
        )
        if act.verb not in ("flatten", "kill") or not closing:
            return one
        if is_shown:
            print(f"\r\x1b[K{left(one)}", end="", file=sys.stderr, flush=True)
        if time.monotonic() > end:
            raise Refused(
                f"still closing after {act.timeout:g} s: {left(one)}",
                "the engine goes on trying: see supreme positions --watch",
                code=5,
            )
        time.sleep(LOOK_SECONDS)


def left(one: Seen) -> str:
    """What is still held and open."""
    held = [f"{row.quantity} {row.symbol}" for row in one.snapshot.positions if row.quantity != "0"]
    return f"{', '.join(held) or 'nothing'} held, {len(one.snapshot.open_orders)} orders open"


def report(act: Act, sequence: int, after: Seen) -> None:
    """What came of it: the new state, and what had to be left, with why."""
    held = [row for row in after.snapshot.positions if row.quantity != "0"]
    rest: list[dict[str, Any]] = []
    if act.verb in ("flatten", "kill"):
        why = "below the venue's least order"
        rest = [{"symbol": row.symbol, "quantity": row.quantity, "why": why} for row in held]
    if act.json:
        told = {"verb": act.verb, "sequence": sequence, "trading": after.snapshot.trading}
        print(dumps({"schema_version": SCHEMA, **told, "why": after.snapshot.why, "left": rest}))
        return
    if is_screen(sys.stderr):
        print("\r\x1b[K", end="", file=sys.stderr)
    print(headline(after))
    for row in rest:
        print(f"left: {row['quantity']} {row['symbol']}, {row['why']}")
