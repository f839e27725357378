"""What do the verbs share that ask a running engine? The link, tables and watching."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from json import dumps
from typing import Any, NamedTuple, TextIO

from engine.camera import restored
from engine.control.client import Link, connect
from engine.core import code_digest, layout_digest
from engine.errors import Refused
from engine.picture import picture
from engine.snapshot import Snapshot
from engine.status import titled

SCHEMA = 1
CLEAR = "\x1b[H\x1b[2J"
PATIENCE_S = 2.0  # for an engine that is still starting


class Seen(NamedTuple):
    """One picture: the engine's words about itself, the state by names, and in people's words."""

    hello: dict[str, Any]
    state: Any
    snapshot: Snapshot


class Asked(NamedTuple):
    """How a verb was asked to show."""

    data_dir: str
    json: bool
    watch: bool
    hz: float
    timeout: float


def linked(data_dir: str, timeout: float) -> Link:
    """A link to the engine meant; Refused (3) without one, or when it runs other code than ours."""
    link = connect(data_dir, timeout, patience_s=min(PATIENCE_S, timeout))
    if link.hello["code"] != (code_digest() + layout_digest()).hex():
        raise Refused(
            f"the engine in {link.data_dir} runs other code than this supreme",
            "use the one it was started with, or restart it: supreme down, supreme up",
            code=3,
        )
    return link


def seen(link: Link, raw: bytes) -> Seen:
    """A picture's bytes, readable."""
    state = restored(raw)
    return Seen(link.hello, state, picture(state, link.hello["names"]))


def pictures(link: Link, asked: Asked) -> Iterator[Seen]:
    """One picture, or one after another."""
    if not asked.watch:
        yield seen(link, link.picture())
        return
    for raw in link.watch(asked.hz):
        yield seen(link, raw)


def turns(asked: Asked) -> Iterator[str]:
    """Once, or again and again: what is printed before an answer, to clear the screen."""
    clear = CLEAR if asked.watch and not asked.json and is_screen(sys.stdout) else ""
    while True:
        yield clear
        if not asked.watch:
            return
        time.sleep(1.0 / asked.hz)


def show(
    asked: Asked, facts: Callable[[Link, Seen], dict[str, Any]], text: Callable[[Any], str]
) -> None:
    """Print what a verb shows: `facts` as JSON, or as the text made of them."""
    link = linked(asked.data_dir, asked.timeout)
    clear = CLEAR if asked.watch and not asked.json and is_screen(sys.stdout) else ""
    for one in pictures(link, asked):
        found = facts(link, one)
        said = dumps({"schema_version": SCHEMA, **about(one), **found})
        if not asked.json:
            said = f"{headline(one)}\n{text(found)}".rstrip()
        print(clear + said, flush=True)


def put(facts: dict[str, Any], words: Callable[[], str], *, as_json: bool) -> None:
    """Print what a verb found: as one object, or in words."""
    print(dumps({"schema_version": SCHEMA, **facts}) if as_json else words())


def is_screen(stream: TextIO) -> bool:
    """Whether what is written there may move the cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def about(one: Seen) -> dict[str, Any]:
    """What every answer begins with."""
    return {"market": one.hello["label"], "now": stamp(one.snapshot.now_ns)}


def headline(one: Seen) -> str:
    """Whose numbers these are: never without PAPER, and SIMULATED where it is."""
    return headline_of(one.hello["label"], one.snapshot._asdict())


def headline_of(label: str, snapshot: Mapping[str, Any]) -> str:
    """The same of a snapshot's fields."""
    why = f" ({snapshot['why']})" if snapshot["why"] else ""
    return f"{titled(label)}  {snapshot['trading']}{why}  {stamp(snapshot['now_ns'])}"


def stamp(now_ns: int) -> str:
    """A UTC time to the second, empty before the first."""
    return (
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_ns // 1_000_000_000)) if now_ns else ""
    )


def clock(now_ns: int) -> str:
    """The time of day of a UTC time."""
    return stamp(now_ns)[11:19]


def span(seconds: float) -> str:
    """A duration for a glance."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds / size:.1f}{unit}"
    return f"{seconds:.0f}s"


def rows_of(rows: list[Any]) -> list[dict[str, Any]]:
    """Named rows as JSON objects."""
    return [row._asdict() for row in rows]


def table(heads: str, rows: list[list[str]]) -> str:
    """Columns under their heads: numbers to the right, words to the left; "none" without rows."""
    if not rows:
        return "none"
    columns = list(zip(heads.split(), *rows, strict=True))
    drawn = [column(list(cells)) for cells in columns]
    return "\n".join("  ".join(line).rstrip() for line in zip(*drawn, strict=True))


def column(cells: list[str]) -> list[str]:
    """A head and its cells in one width."""
    width = max(map(len, cells))
    is_number = all(cell[:1] in "+-0123456789" for cell in cells[1:])
    return [cell.rjust(width) if is_number else cell.ljust(width) for cell in cells]
