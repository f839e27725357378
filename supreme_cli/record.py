"""supreme data record: a live market becomes record files, and its messages too if wanted."""

import asyncio
import json
import os
import random
import sys
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from engine import core as cores
from engine.errors import Refused
from engine.instruments_file import instrument
from engine.market.binance_streams import TICKS, Addresses
from engine.market.putting_together import Settings, live_market
from engine.market.recorder import MEGABYTE, SECOND_NS, Bounds, Kept, Recorder
from engine.stopping import Stop
from supreme_cli.common_options import is_named, is_number
from supreme_cli.live_network import Network

if TYPE_CHECKING:
    from engine.market.live import LiveMarket, Seen

SCHEMA = "supreme.data/1"
LOCAL = ("127.0.0.1", "localhost", "::1")
SCHEMES = {"ws": ("ws", "http"), "http": ("ws", "http"), "wss": ("wss", "https")}
SCHEMES["https"] = SCHEMES["wss"]
TOLD_SECONDS = 0.5  # between two looks of the progress line
STREAMS = (*TICKS, "depth")
NOTHING_HEARD = 5


def main(
    symbol: Annotated[str, typer.Option(help="Which, with commas between.")] = "ETHUSDT",
    url: Annotated[str, typer.Option(help="Whose streams and REST [Binance's own].")] = "",
    out: Annotated[str, typer.Option(metavar="DIR", help="Where to [records/].")] = "",
    data_dir: Annotated[
        str,
        typer.Option(
            callback=is_named,
            help="Where records/ lies [$SUPREME_DATA_DIR, $XDG_DATA_HOME/supreme].",
        ),
    ] = "",
    seconds: Annotated[
        float, typer.Option("--for", min=0, callback=is_number, help="End after so many seconds.")
    ] = 0.0,
    raw: Annotated[bool, typer.Option("--raw", help="Keep the messages as they came too.")] = False,
    streams: Annotated[str, typer.Option(help="What is heard.")] = ",".join(TICKS),
    file_mb: Annotated[float, typer.Option(min=0.1, help="A file's largest size.")] = 256.0,
    file_hours: Annotated[float, typer.Option(min=0.001, help="A file's longest time.")] = 24.0,
    total_mb: Annotated[float, typer.Option(min=0.1, help="All files' largest size.")] = 10_240.0,
    timeout: Annotated[
        float, typer.Option(min=0.1, callback=is_number, help="Seconds until something is heard.")
    ] = 30.0,
    instruments: Annotated[str, typer.Option(help="Filters of your own, as TOML.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a live market's trades and best prices into record files, until Ctrl-C.

    Each file is whole up to the last two seconds, whatever happens, and is given to `backtest` and
    `run --replay` as it is. With --raw `data import` reads the messages again. What comes from
    this machine (supreme venue) is labelled SIMULATED.
    """
    needs_network()
    addresses = addresses_of(url)
    local = bool(url) and urlsplit(addresses.streams).hostname in LOCAL
    names = listed("--symbol", symbol.upper())
    kinds = kinds_of(streams)
    traded = [instrument(name, datetime.now(UTC).date(), instruments or None) for name in names]
    bounds = Bounds(
        int(file_mb * MEGABYTE), int(file_hours * 3_600 * SECOND_NS), int(total_mb * MEGABYTE)
    )
    market = live_market(traded, Settings(addresses, kinds=kinds), random.SystemRandom().random)
    recorder = Recorder(
        folder_of(out, data_dir), traded, bounds, cores.load_native(), raw=raw, simulated=local
    )
    for path in recorder.rescued:
        print(f"{path} was left unfinished and is whole now.", file=sys.stderr)
    stop, watch = Stop(), Watch(market, recorder, seconds, timeout)
    network = Network(market, recorder, is_local=local)
    try:
        asyncio.run(network.run(stop, watch.look))
    finally:
        kept = recorder.close()
        watch.end()
    if not kept and not stop.code:
        refuse_silence(market.seen(), watch.lasted())
    show(market, kept, watch, as_json=as_json)
    if stop.code:
        raise typer.Exit(stop.code)


class Watch:
    """When is it enough, and what is told meanwhile?"""

    def __init__(
        self, market: "LiveMarket", recorder: Recorder, seconds: float, timeout: float
    ) -> None:
        self.market, self.recorder = market, recorder
        self.began, self.seconds, self.timeout = time.monotonic(), seconds, timeout
        self.told_at = 0.0
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.why = "stopped"

    def look(self) -> bool:
        """Whether to go on; Refused (code 5) if nothing is heard at all."""
        now = time.monotonic()
        if self.live and now - self.told_at >= TOLD_SECONDS:
            self.told_at = now
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
            sys.stderr.write(f"\r\033[K{self.line(now)[: columns - 1]}")
            sys.stderr.flush()
        if not sum(self.recorder.told) and now - self.began > self.timeout:
            refuse_silence(self.market.seen(), self.timeout)
        if self.recorder.is_full:
            self.why = "full: --total-mb is reached"
            return False
        if self.seconds and now - self.began >= self.seconds:
            self.why = "done"
            return False
        return True

    def line(self, now: float) -> str:
        """What is told while it goes on."""
        seen = self.market.seen()
        told = ", ".join(
            f"{one.name} {count:,}{f' ({one.doubt})' if one.doubt else ''}"
            for one, count in zip(seen.symbols, self.recorder.told, strict=True)
        )
        minutes, rest = divmod(int(now - self.began), 60)
        source = seen.feeding.source or f"no source: {seen.feeding.why}"
        megabytes = self.recorder.size / MEGABYTE
        return f"{minutes}:{rest:02d}  {source}  {told}  {megabytes:.1f} MB"

    def lasted(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self.live:
            sys.stderr.write("\r\033[K")


def needs_network() -> None:
    """Refused where its clients are not installed: they are no part of the engine."""
    missing = [name for name in ("websockets", "httpx") if find_spec(name) is None]
    if missing:
        raise Refused(
            f"supreme data record needs {' and '.join(missing)}.",
            "Install it: .venv/bin/pip install '.[exchange]'",
        )


def addresses_of(url: str) -> Addresses:
    """Streams and REST of one host; Refused if it is no address."""
    if not url:
        return Addresses()
    parts = urlsplit(url)
    try:
        is_address = parts.scheme in SCHEMES and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address or parts.path not in ("", "/"):
        raise Refused(f"--url {url} is no address.", "Write it as ws://127.0.0.1:9000.")
    streams, rest = SCHEMES[parts.scheme]
    return Addresses(f"{streams}://{parts.netloc}", f"{rest}://{parts.netloc}")


def listed(option: str, words: str) -> list[str]:
    """What stands between commas; Refused if that is nothing, or something twice."""
    names = [word.strip() for word in words.split(",") if word.strip()]
    if not names or len(set(names)) < len(names):
        raise Refused(f"{option} {words!r} names nothing, or one twice.", "Give each once.")
    return names


def kinds_of(streams: str) -> tuple[str, ...]:
    """The streams to hear; Refused if one is unknown or none tells a price."""
    kinds = listed("--streams", streams)
    unknown = [kind for kind in kinds if kind not in STREAMS]
    if unknown:
        raise Refused(f"--streams {unknown[0]} is not kept.", f"Choose of {', '.join(STREAMS)}.")
    return tuple(kinds)


def folder_of(out: str, data_dir: str) -> str:
    """Where the files go; Refused if that is a file."""
    from supreme_cli.data import records_directory

    folder = out or str(records_directory(data_dir))
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise Refused(f"{folder} is a file.", "Give a directory: each file gets a name of its own.")
    return os.path.abspath(folder)


def refuse_silence(seen: "Seen", timeout: float) -> None:
    """Refused: nothing was heard, and what the sources say of it."""
    said = "; ".join(f"{one.name}: {one.why}" for one in seen.sources if one.state != "idle")
    raise Refused(
        f"Nothing was heard in {timeout:.3g} s ({said}).",
        "Check --url and the network, or wait longer: --timeout.",
        NOTHING_HEARD,
    )


def show(market: "LiveMarket", kept: list[Kept], watch: Watch, *, as_json: bool) -> None:
    """What was recorded."""
    seen = market.seen()
    if as_json:
        print(json.dumps({"schema": SCHEMA, **fields_of(seen, kept, watch)}, indent=1))
        return
    for one in seen.symbols:
        missing = f", {one.trades_missing:,} trades missing" if one.trades_missing else ""
        gaps = f", {one.book.gaps} gaps in its book" if one.book and one.book.gaps else ""
        count = watch.recorder.told[[s.name for s in seen.symbols].index(one.name)]
        print(f"{one.name}: {count:,} records{missing}{gaps}")
    for file in kept:
        print(f"  {file.told:,} in {file.path} ({file.size / MEGABYTE:.1f} MB)")
    refused = ", ".join(f"{count:,} {why}" for why, count in seen.refused.items())
    if refused:
        print(f"  left out: {refused}")


def fields_of(seen: "Seen", kept: list[Kept], watch: Watch) -> dict[str, Any]:
    """The same in fields."""
    switches = [switch._asdict() for switch in watch.market.choice.switches]
    symbols = [
        {
            "symbol": one.name,
            "records": count,
            "trades_missing": one.trades_missing,
            "gaps": one.book.gaps if one.book else None,
        }
        for one, count in zip(seen.symbols, watch.recorder.told, strict=True)
    ]
    return {
        "ended": watch.why,
        "symbols": symbols,
        "files": [{"file": one.path, "told": one.told, "bytes": one.size} for one in kept],
        "refused": seen.refused,
        "sources": switches,
    }
