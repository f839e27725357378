"""How does a venue live? It serves, its market goes on beside, and in the end it says goodbye."""

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from engine.venues.exchange.door.faults import Faults
from engine.venues.exchange.door.serving import Server
from engine.venues.exchange.matching.words import HALT, TRADING

if TYPE_CHECKING:
    from engine.venues.exchange.house import House

TICK_S = 0.1
MARKET_S = 0.25
GOODBYE_S = 0.2  # for the last words to arrive
BANNED = "ban"


class Liquidity(Protocol):
    """Whatever trades here by itself."""

    def step(self, now_us: int) -> None:
        """Go on up to now."""


class Venue(NamedTuple):
    """All that lives: the house, its market, its bad days."""

    house: "House"
    liquidity: list[Liquidity]
    faults: Faults


async def live(
    venue: Venue, host: str, port: int, stop: threading.Event, begun: Callable[[int], None]
) -> None:
    """Serve until told to stop; `begun` is called with the port once clients may come.

    OSError where that cannot be; what fails inside ends the venue and is raised.
    """
    failures: list[BaseException] = []

    def fail(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failures.append(context.get("exception") or RuntimeError(context["message"]))
        stop.set()

    asyncio.get_running_loop().set_exception_handler(fail)
    server = Server(venue.house, venue.faults)
    listening = await server.listen(host, port)
    duties = [
        asyncio.create_task(every(TICK_S, lambda: venue.house.tick(venue.house.clock()))),
        asyncio.create_task(every(MARKET_S, lambda: trade(venue))),
        *(asyncio.create_task(spells(venue, kind, server)) for kind in ("halt", BANNED)),
    ]
    try:
        begun(listening.sockets[0].getsockname()[1])
        while not stop.is_set():
            await asyncio.sleep(TICK_S)
            for duty in duties:
                if duty.done():
                    duty.result()
    finally:
        for duty in duties:
            duty.cancel()
        await asyncio.gather(*duties, return_exceptions=True)
        listening.close()
        server.say_goodbye()
        await asyncio.sleep(GOODBYE_S if server.connections else 0.0)
        server.close()
        await listening.wait_closed()
    if failures:
        raise failures[0]


async def every(period_s: float, act: Callable[[], None]) -> None:
    """Again and again, without falling behind by more than one."""
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        due_s = max(due_s + period_s, loop.time())
        await asyncio.sleep(due_s - loop.time())
        act()


def trade(venue: Venue) -> None:
    """The market's next step."""
    now_us = venue.house.clock()
    for one in venue.liquidity:
        one.step(now_us)
    venue.house.settle()


async def spells(venue: Venue, kind: str, server: Server) -> None:
    """Halts of a symbol, or bans of whoever is connected, as the plan has them."""
    while True:
        wait_us, lasts_us = venue.faults.next_spell(kind)
        if not wait_us:
            return
        await asyncio.sleep(wait_us / 1e6)
        if venue.faults.is_resting:
            continue
        venue.faults.counts[kind] += 1
        if kind == BANNED:
            ban(venue.house, server, lasts_us)
            continue
        symbol = venue.faults.chosen(list(venue.house.rules))
        venue.house.exchange.halt(symbol, HALT)
        await asyncio.sleep(lasts_us / 1e6)
        venue.house.exchange.halt(symbol, TRADING)


def ban(house: "House", server: Server, lasts_us: int) -> None:
    """Everybody who is connected."""
    for host in {connection.host for connection in server.connections}:
        house.addresses.of(host).ban(house.clock(), lasts_us)
