"""supreme cache stats, inspect, predict, reset: what the service's cache holds and has learnt."""

from typing import Annotated, Any

import typer

from engine.errors import Refused
from supreme_cli.asking import clock, put, span, table
from supreme_cli.common_options import DataDir, Json
from supreme_cli.services import ask, tables_of

Key = Annotated[str, typer.Argument(metavar="KEY", help="as the cache has it")]
STEPS = ("suggestion", "sizes", "policy", "prefetch", "effect")


def stats(
    learning: Annotated[
        bool, typer.Option("--learning", help="Step by step, what it looked at and changed.")
    ] = False,
    data_dir: DataDir = "",
    json: Json = False,
) -> None:
    """Hits, misses, loads and what came ahead, of each namespace and tier."""
    place = tables_of(data_dir)
    found = ask(place, "cache")
    put({"data_dir": place, **found}, lambda: stats_text(found, learning=learning), as_json=json)


def inspect(key: Key, data_dir: DataDir = "", json: Json = False) -> None:
    """Where a key lies, how long it is believed, and how often it was used."""
    place = tables_of(data_dir)
    found = ask(place, "cache_key", key=key)
    put({"data_dir": place, **found}, lambda: places_text(found["namespaces"]), as_json=json)


def predict(key: Key, data_dir: DataDir = "", json: Json = False) -> None:
    """Which keys are expected after a key, and how strongly it is wired to each."""
    place = tables_of(data_dir)
    found = ask(place, "cache_key", key=key)
    rows = {name: row["predicted"] for name, row in found["namespaces"].items()}
    cells = [[name, other, f"{by:.2f}"] for name, row in rows.items() for other, by in row]
    said = {"data_dir": place, "key": key, "predicted": rows}
    put(said, lambda: table("namespace key strength", cells), as_json=json)


def reset(
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="WORD", help="RESET, typed here")
    ] = "",
    data_dir: DataDir = "",
    json: Json = False,
) -> None:
    """Forget what memory holds and what was learnt; the tiers below keep what they have."""
    if confirm != "RESET":
        raise Refused(
            "reset forgets what the cache holds in memory and all it has learnt",
            "add --confirm RESET",
        )
    place = tables_of(data_dir)
    found = ask(place, "cache_reset")
    words = f"forgotten: {', '.join(found['forgotten'])}"
    put({"data_dir": place, **found}, lambda: words, as_json=json)


def stats_text(found: dict[str, Any], *, learning: bool) -> str:
    """All figures, or what learning saw and did."""
    if learning:
        return turns_text(found["turns"])
    return f"{tiers_text(found['namespaces'])}\n{ahead_text(found['namespaces'])}"


def places_text(namespaces: dict[str, Any]) -> str:
    """Where a key lies, in each namespace."""
    lines = []
    for name, row in namespaces.items():
        lines.append(f"{name}: {memory_text(row['memory'])}")
        for tier, size in row["tiers"].items():
            lines.append(f"  {tier:9} {'not there' if size is None else f'{size:,} bytes'}")
    return "\n".join(lines)


def tiers_text(namespaces: dict[str, Any]) -> str:
    """Every tier of every namespace, a line each."""
    cells = []
    for name, found in namespaces.items():
        memory = found["memory"]
        asked = memory["hits"] + memory["misses"]
        cells.append(
            [name, "memory", f"{memory['entries']:,}", f"{memory['hits']:,}",
             f"{memory['misses']:,}", share(memory["hits"], asked), f"{memory['evictions']:,}",
             "0", "-", "-"]
        )  # fmt: skip
        for tier, row in found["tiers"].items():
            looked = row["hits"] + row["misses"]
            cells.append(
                [name, tier, "-", f"{row['hits']:,}", f"{row['misses']:,}",
                 share(row["hits"], looked), "-", f"{row['errors']:,}", *times(row["get_ns"])]
            )  # fmt: skip
        cells.append(
            [name, "source", "-", f"{found['loads']:,}", "-", "-", "-",
             f"{found['load_errors']:,}", *times(found["load_ns"])]
        )  # fmt: skip
    return table("namespace tier entries hits misses ratio evicted errors p50 p99", cells)


def ahead_text(namespaces: dict[str, Any]) -> str:
    """What was fetched ahead, by what told of it."""
    cells = [
        [name, source, f"{row['fetched']:,}", f"{row['used']:,}",
         share(row["used"], row["fetched"])]
        for name, found in namespaces.items()
        for source, row in (found["ahead"] or {}).items()
        if isinstance(row, dict)
    ]  # fmt: skip
    return "\n" + table("namespace ahead-by fetched used precision", cells)


def turns_text(turns: list[dict[str, Any]]) -> str:
    """What learning saw and did, the newest turn last."""
    if not turns:
        return "no turn yet: the first comes a minute after the service started"
    lines = []
    for turn in turns:
        lines.append(clock(turn["at_ms"] * 1_000_000))
        for name, seen in turn["frequencies"].items():
            known = ", ".join(f"{what} {n:,}" for what, n in turn["sequences"][name].items())
            right = ", ".join(f"{by} {part:.0%}" for by, part in turn["predictions"][name].items())
            lines += [
                f"  frequencies  {name}: {frequency_text(seen)}",
                f"  sequences    {name}: {known or 'nothing is learnt'}",
                f"  predictions  {name}: {right or 'nothing came ahead'}",
            ]
        lines += [f"  {step:12} {turn[step]}" for step in STEPS if turn[step]]
    return "\n".join(lines)


def frequency_text(seen: dict[str, Any]) -> str:
    """What was asked of a namespace in one turn."""
    ratio = f"{seen['requests']:,} requests, {seen['hit_ratio']:.1%} hit"
    return f"{ratio}, {seen['evictions']:,} evicted, {seen['load_us']:,.0f} us a load"


def memory_text(row: dict[str, Any] | None) -> str:
    """How an entry stands in memory."""
    if row is None:
        return "not in memory"
    fresh = f"fresh for {span(row['fresh_s'])}" if row["fresh_s"] > 0 else "stale"
    home = "proven" if row["proven"] else "on probation"
    return (
        f"{row['bytes']:,} bytes in memory, {home}, used {row['uses']} times lately, {fresh}, "
        f"gone in {span(max(row['left_s'], 0.0))}"
    )


def share(part: int, whole: int) -> str:
    """A percentage, "-" of nothing."""
    return f"{part / whole:.1%}" if whole else "-"


def times(summary: dict[str, Any]) -> tuple[str, str]:
    """The usual and the rare duration."""
    if not summary["measured"]:
        return "-", "-"
    return f"{summary['p50'] / 1e3:,.1f}us", f"{summary['p99'] / 1e3:,.1f}us"
