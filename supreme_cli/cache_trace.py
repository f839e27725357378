"""supreme cache trace: how much of a recorded sequence of requests would the cache answer?"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import core as cores
from engine.cache.prefetch import SHARE
from engine.cache.rehearsal import rehearsed
from engine.cache.trace import Outcome, belady, keys_of
from engine.errors import Refused
from supreme_cli.backtest import Meter

SCHEMA_VERSION = 1
SIZE_MAX = 10_000_000
STEP = 4096  # requests between two looks at the progress
PLAYING, LOOKING = "playing the trace", "looking for the best possible"
LABEL, RATIO, COUNT = 32, 9, 14


def main(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One integer key a line; or gzip.")],
    size: Annotated[int, typer.Option(help="Entries that memory holds.")],
    no_prefetch: Annotated[
        bool, typer.Option("--no-prefetch", help="Learn nothing, fetch nothing ahead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play a trace through memory, with what is learnt and fetched ahead in front of it.

    Loads take no time here: what fetching ahead gains is an upper bound. OPT knows the future,
    takes what it is given, fetches nothing ahead. Example: supreme cache trace keys.gz --size 500
    """
    if not 1 <= size <= SIZE_MAX:
        raise Refused(f"--size {size} is no size of a memory.", f"Give 1 to {SIZE_MAX:,} entries.")
    keys = keys_of(file)
    if not keys:
        raise Refused(f"{file} holds no request.", "A trace has one integer key a line.")
    with Meter() as meter:
        facts = played(keys, size, meter.advance, is_ahead=not no_prefetch)
    facts = {"schema_version": SCHEMA_VERSION, "file": str(file), **facts}
    print(json.dumps(facts, indent=1) if as_json else told(facts))


def played(
    keys: Sequence[int], size: int, advance: Callable[[str, int, int], None], *, is_ahead: bool
) -> dict[str, Any]:
    """What came of a trace, as fields; ratios are fractions of the requests."""
    native = cores.load_native()
    requests, began = len(keys), time.perf_counter()
    found = rehearsed(watched(keys, advance), size, native, is_ahead=is_ahead)
    seconds = time.perf_counter() - began
    opt = best(keys, size, advance)
    return {
        "size": size,
        "form": "plain" if native is None else "compiled",
        "prefetch": is_ahead,
        "requests": requests,
        "distinct_keys": len(set(keys)),
        "hits": found.hits,
        "hit_ratio": found.hit_ratio,
        "memory_hits": found.memory_hits,
        "memory_hit_ratio": found.memory_hit_ratio,
        "opt_hits": opt.hits,
        "opt_hit_ratio": opt.ratio,
        "evictions": found.evictions,
        "ahead_max": size // SHARE if is_ahead else 0,
        "fetched_ahead": found.fetched,
        "used_ahead": found.used,
        "precision": found.precision,
        "seconds": round(seconds, 3),
    }


def watched(keys: Sequence[int], advance: Callable[[str, int, int], None]) -> Iterator[int]:
    """The keys one by one; now and then it is told how many they were."""
    for number, key in enumerate(keys):
        if number % STEP == 0:
            advance(PLAYING, number, len(keys))
        yield key
    advance(PLAYING, len(keys), len(keys))


def best(keys: Sequence[int], size: int, advance: Callable[[str, int, int], None]) -> Outcome:
    """What one would answer who knows the future."""
    advance(LOOKING, 0, len(keys))
    return belady(keys, size)


def told(facts: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        f"{facts['file']}: {facts['requests']:,} requests of {facts['distinct_keys']:,} keys",
        f"memory of {facts['size']:,} entries ({facts['form']}), {facts['seconds']:.1f} s",
        "",
        f"{'':{LABEL}}{'hit ratio':>{RATIO}}{'hits':>{COUNT}}",
        *rows(facts),
        "",
        f"{facts['evictions']:,} evictions from memory",
    ]
    return "\n".join([*lines, ahead_words(facts)] if facts["prefetch"] else lines)


def rows(facts: dict[str, Any]) -> Iterator[str]:
    """With what comes ahead, without, and the most that is possible without."""
    if facts["prefetch"]:
        yield row("with prefetch", facts["hit_ratio"], facts["hits"])
    yield row("memory alone", facts["memory_hit_ratio"], facts["memory_hits"])
    yield row("OPT (Belady), nothing ahead", facts["opt_hit_ratio"], facts["opt_hits"])


def row(label: str, ratio: float, hits: int) -> str:
    """A line of the table."""
    return f"{label:{LABEL}}{100 * ratio:>{RATIO - 2}.2f} %{hits:>{COUNT},}"


def ahead_words(facts: dict[str, Any]) -> str:
    """What was fetched ahead, and how much of it was right."""
    beside = f"at most {facts['ahead_max']:,} at once, beside memory"
    if facts["precision"] is None:
        return f"nothing was fetched ahead ({beside})"
    used = f"{facts['used_ahead']:,} used: precision {100 * facts['precision']:.1f} %"
    return f"{facts['fetched_ahead']:,} fetched ahead ({beside}), {used}"
