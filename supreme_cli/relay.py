"""supreme data relay: another exchange's trades and best prices, as streams on this machine."""

import asyncio
import importlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.errors import Refused
from engine.market.relaying import TICKER, TRADE, Relay, Unusable
from engine.stopping import Stop
from engine.streams import say
from supreme_cli.common_options import is_number
from supreme_cli.record import listed, needs_network

RETRY_SECONDS, RETRY_SECONDS_MAX = 1.0, 60.0
LEVELS = 20  # of a book, where an exchange wants to know how many
HOST = "127.0.0.1"


def main(
    exchange: Annotated[str, typer.Argument(help="As ccxt calls it: coinbase, alpaca, kraken.")],
    symbol: Annotated[str, typer.Option(help="ETH/USD, with commas between.")] = "ETH/USDT",
    name: Annotated[str, typer.Option(help="What they are called here [ETHUSDT].")] = "",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where; 0: any free one.")] = 9_443,
    config: Annotated[
        str, typer.Option(metavar="FILE", help="JSON that ccxt takes: keys, addresses, options.")
    ] = "",
    seconds: Annotated[
        float, typer.Option("--for", min=0, callback=is_number, help="End after so many seconds.")
    ] = 0.0,
) -> None:
    """Relay an exchange that ccxt knows: `data record --url`, and an engine's second source.

    ccxt takes 95 MB and seconds to start, so it lives in a process of its own.
    Example: supreme data relay coinbase --symbol ETH/USD --name ETHUSDT
    """
    needs_network()
    pairs = listed("--symbol", symbol.upper())
    names = listed("--name", name.upper()) if name else [one.replace("/", "") for one in pairs]
    if len(names) != len(pairs):
        raise Refused(f"{len(names)} names for {len(pairs)} symbols.", "Give one for each.")
    library = pro()
    if exchange not in library.exchanges:
        raise Refused(f"ccxt knows no streams of {exchange!r}.", "Name one as ccxt does: coinbase.")
    told = {"newUpdates": True, **settings_of(config)}
    stop = Stop()
    relaying = Relaying(getattr(library, exchange)(told), dict(zip(pairs, names, strict=True)))
    asyncio.run(relaying.run(port, stop, seconds))
    if stop.code:
        raise typer.Exit(stop.code)


def pro() -> Any:
    """ccxt's streaming side; Refused where it is not installed."""
    try:
        return importlib.import_module("ccxt.pro")
    except ImportError as error:
        raise Refused(
            "supreme data relay needs ccxt.", "Install it: .venv/bin/pip install ccxt"
        ) from error


def settings_of(path: str) -> dict[str, Any]:
    """What ccxt is told; Refused if the file is no JSON object."""
    if not path:
        return {}
    try:
        told = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise Refused(f"Cannot read {path}: {error}.", 'Write it as {"apiKey": ...}.') from error
    if not isinstance(told, dict):
        raise Refused(f"{path} is no JSON object.", 'Write it as {"apiKey": ...}.')
    return told


class Relaying:
    """One exchange's symbols, and who listens."""

    def __init__(self, exchange: Any, symbols: dict[str, str]) -> None:
        self.exchange, self.symbols = exchange, symbols
        self.errors = importlib.import_module("ccxt")
        self.relays = {pair: Relay(name) for pair, name in symbols.items()}
        self.listeners: dict[Any, set[str]] = {}
        self.unusable = 0

    async def run(self, port: int, stop: Stop, seconds: float) -> None:
        """Serve until a signal or the time; Refused if the exchange lacks a symbol."""
        from websockets.asyncio.server import serve

        loop = asyncio.get_running_loop()
        with stop.on(loop):
            try:
                await self._known()
                async with serve(self._listen, HOST, port, compression=None) as server:
                    at = next(iter(server.sockets)).getsockname()[1]
                    say(f"{self.exchange.id}: {', '.join(self.symbols)} at ws://{HOST}:{at}")
                    await self._watch(stop, loop.time() + seconds if seconds else 0.0)
            finally:
                await self.exchange.close()

    async def _known(self) -> None:
        try:
            await self.exchange.load_markets()
        except self.errors.BaseError as error:
            why = str(error).partition("\n")[0][:160]
            raise Refused(f"{self.exchange.id} tells no markets: {why}.", "Check it.", 5) from error
        missing = [pair for pair in self.symbols if pair not in self.exchange.markets]
        if missing:
            raise Refused(f"{self.exchange.id} has no {missing[0]}.", "Write it as ETH/USD.")

    async def _watch(self, stop: Stop, until: float) -> None:
        tasks = [
            asyncio.ensure_future(self._again(kind, pair))
            for pair in self.symbols
            for kind in (self._trades, self._book)
        ]
        loop = asyncio.get_running_loop()
        while not stop.is_set() and not (until and loop.time() >= until):
            await asyncio.sleep(0.1)
            for task in tasks:
                if task.done():
                    task.result()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _again(self, kind: Callable[[str], Awaitable[None]], pair: str) -> None:
        """Watch for ever; what the network does is waited out, longer each time."""
        wait = RETRY_SECONDS
        while True:
            try:
                await kind(pair)
                wait = RETRY_SECONDS
            except self.errors.NetworkError as error:
                say(f"{self.exchange.id} {pair}: {str(error).partition(chr(10))[0][:120]}")
                await asyncio.sleep(wait)
                wait = min(wait * 2, RETRY_SECONDS_MAX)
            except self.errors.BaseError as error:
                why = str(error).partition("\n")[0][:160]
                raise Refused(f"{self.exchange.id} {pair}: {why}.", "Check --config.") from error

    async def _trades(self, pair: str) -> None:
        for told in await self.exchange.watch_trades(pair):
            self._send(pair, TRADE, self.relays[pair].trade, told)

    async def _book(self, pair: str) -> None:
        book = await self.exchange.watch_order_book(pair, LEVELS)
        self._send(pair, TICKER, self.relays[pair].best, book["bids"], book["asks"])

    def _send(self, pair: str, kind: str, made: Callable[..., bytes], *told: Any) -> None:
        from websockets.asyncio.server import broadcast

        try:
            text = made(*told)
        except Unusable:
            self.unusable += 1
            return
        stream = f"{self.symbols[pair].lower()}@{kind}"
        if text:
            wanting = [line for line, wanted in self.listeners.items() if stream in wanted]
            broadcast(wanting, text.decode())

    async def _listen(self, line: Any) -> None:
        """Somebody listens: what is subscribed comes."""
        from websockets.exceptions import ConnectionClosed

        self.listeners[line] = set()
        try:
            async for text in line:
                request = json.loads(text)
                self.listeners[line] |= set(request["params"])
                await line.send(json.dumps({"result": None, "id": request["id"]}))
        except (ConnectionClosed, KeyError, TypeError, ValueError):
            return
        finally:
            del self.listeners[line]
