"""supreme venue: a paper exchange on this machine that speaks Binance Spot."""

import asyncio
import json
import os
import secrets
import signal
import sys
import threading
import time
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from engine.errors import Refused
from engine.stopping import Stop
from engine.streams import say
from supreme_cli.common_options import Json, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.venues.exchange.door.faults import Faults
    from engine.venues.exchange.door.signing_check import Key
    from engine.venues.exchange.life import Venue

SCHEMA = "supreme.venue/1"
KEY, SECRET = "SUPREME_VENUE_KEY", "SUPREME_VENUE_SECRET"
SECRET_MAX = 65_536
FUNDS = {"BTC": "1", "ETH": "10", "USDT": "100000", "BNB": "0"}  # and ten of any other base
OTHER_FUNDS = "10"


class Credentials(NamedTuple):
    """The customer's key, its secret, and the file where both lie if they are the venue's own."""

    key: str
    secret: str
    made: str = ""


def main(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where; 0: any free one.")] = 8_777,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    key: Annotated[
        str, typer.Option(help=f"The customer's API key [${KEY}, or the venue's own].")
    ] = "",
    secret: Annotated[
        str,
        typer.Option(help=f"HMAC text, @FILE, or - for stdin; @FILE may be Ed25519 [${SECRET}]."),
    ] = "",
    symbols: Annotated[str, typer.Option(help="What is traded.")] = "ETHUSDT,BTCUSDT",
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another market.")] = 1,
    recording: Annotated[
        str, typer.Option(metavar="FILE", help="Play this market instead, of the first symbol.")
    ] = "",
    instruments: Annotated[
        str, typer.Option(metavar="FILE", help="Filters of your own; read again at SIGUSR2.")
    ] = "",
    faults: Annotated[
        str,
        typer.Option(help="storm, or latency=5ms..50ms,drop=0.01,unknown=0.02,disconnect=30s,..."),
    ] = "",
    no_limits: Annotated[
        bool, typer.Option("--no-limits", help="Count requests and orders, but refuse none.")
    ] = False,
    seconds: Annotated[
        float, typer.Option("--for", min=0, callback=is_number, help="End after so long.")
    ] = 0.0,
    as_json: Json = False,
) -> int:
    """Serve a paper exchange with Binance Spot's REST, streams and WebSocket API on one port.

    One customer has 10 ETH, 1 BTC, 100,000 USDT and no BNB. The market is simulated unless a
    recording is given; nothing here ever reaches a real exchange. Its own API key is kept, in the
    form that supreme keys add --file reads; accounts and orders end with it. Ctrl-C ends it.
    SIGUSR1 lets the faults rest, or go on, and tells how often each was met. SIGUSR2 reads the
    instruments again: symbols are traded by other rules then, and open orders stay.
    """
    needs_websockets()
    stop = Stop()
    given = credentials(key, secret)
    market = Market(symbols.split(","), seed, recording, instruments)
    venue = opened(given, market, faults, no_limits=no_limits)
    began = threading.Event()

    def begun(at: int) -> None:
        began.set()
        turned = partial(turn, venue.faults, as_json=as_json)
        ruled = partial(rule, venue, market, as_json=as_json)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, turned)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, ruled)
        tell(venue, given, f"{host}:{at}", as_json=as_json)

    try:
        asyncio.run(until(venue, (host, port), stop, seconds, begun))
    except OSError as error:
        if began.is_set():
            raise
        raise Refused(
            f"Nothing can be served at {host}:{port}: {error.strerror or error}.",
            "End whatever listens there, or choose another --port.",
        ) from error
    return stop.code


class Market(NamedTuple):
    """What is traded, and where it comes from."""

    symbols: list[str]
    seed: int
    recording: str
    instruments: str


async def until(
    venue: "Venue",
    place: tuple[str, int],
    stop: Stop,
    seconds: float,
    begun: "Callable[[int], None]",
) -> None:
    """Live until a signal, or for so long."""
    from engine.venues.exchange.life import live

    loop = asyncio.get_running_loop()
    if seconds:
        loop.call_later(seconds, stop.set)
    with stop.on(loop):
        await live(venue, *place, stop, begun)


def turn(faults: "Faults", *, as_json: bool) -> None:
    """They rest, or go on: a test chooses its moments."""
    faults.is_resting = not faults.is_resting
    tell_weather(faults, as_json=as_json)


def rule(venue: "Venue", market: Market, *, as_json: bool) -> None:
    """The instruments are read again; where they cannot be, the rules stay."""
    from supreme_cli import venue_market as markets

    try:
        found = markets.traded(market.symbols, now_us(), market.instruments)
    except Refused as refused:
        say(f"the rules stay: {refused.what}")
        return
    for one in found:
        venue.house.rule(markets.rules_for(one))
    steps = {one.name: [one.price_text(1), one.quantity_text(1)] for one in found}
    if as_json:
        print(json.dumps({"schema": SCHEMA, "steps": steps}), flush=True)
    for name, (tick, lot) in steps.items():
        say(f"{name} trades in steps of {tick} and {lot}")


def tell_weather(faults: "Faults", *, as_json: bool) -> None:
    """Whether faults rest, and how often each was met: as `tell` says where the venue is."""
    counts = {kind: number for kind, number in faults.counts.items() if number}
    if as_json:
        row = {"schema": SCHEMA, "faults_rest": faults.is_resting, "faults": counts}
        print(json.dumps(row), flush=True)
    met = ", ".join(f"{number} {kind}" for kind, number in counts.items()) or "none"
    say(f"faults {'rest' if faults.is_resting else 'go on'}; met so far: {met}")


def needs_websockets() -> None:
    """Refused where the library for messages is not installed: it is no part of the engine."""
    if find_spec("websockets") is None:
        raise Refused(
            "supreme venue needs websockets.", "Install it: .venv/bin/pip install '.[exchange]'."
        )


def opened(given: Credentials, market: Market, faults: str, *, no_limits: bool) -> "Venue":
    """The venue, its customer funded and an hour of market behind it."""
    from engine.instruments import e8_of
    from engine.venues.exchange.door.faults import GOOD_DAY, Faults, plan_of
    from engine.venues.exchange.door.weights import NO_LIMITS, Limits
    from engine.venues.exchange.house import House
    from engine.venues.exchange.life import Liquidity, Venue
    from supreme_cli import venue_market as markets

    customer = key_of(given)
    try:
        plan = plan_of(faults) if faults else GOOD_DAY
    except ValueError as wrong:
        raise Refused(f"--faults: {wrong}.", "See: supreme venue --help") from wrong
    met = Faults(plan, market.seed)
    traded = markets.traded(market.symbols, now_us(), market.instruments)
    house = House(
        map(markets.rules_for, traded),
        lambda: now_us() + met.plan.skew_us,
        NO_LIMITS if no_limits else Limits(),
    )
    house.market_label = "RECORDED" if market.recording else f"SIMULATED seed {market.seed}"
    funds = dict.fromkeys((one.base for one in traded), OTHER_FUNDS) | FUNDS
    house.admit(customer, {asset: e8_of(amount) for asset, amount in funds.items()})
    rest = traded[1:] if market.recording else traded
    living: list[Liquidity] = [*markets.simulated(house, rest, market.seed)]
    if market.recording:
        living.append(markets.recorded(house, traded[0], market.seed, market.recording))
    house.tick(house.clock())  # nobody is told of the hour before
    return Venue(house, living, met)


def key_of(given: Credentials) -> "Key":
    """The customer's key; Refused for PEM that holds none of use."""
    from engine.venues.exchange.door import signing_check

    try:
        return signing_check.key_of(given.key, given.secret)
    except ValueError as wrong:
        raise Refused(
            f"The secret {wrong}.", "Give an Ed25519 key in PEM, or HMAC text."
        ) from wrong
    except ImportError as missing:
        raise Refused(
            "Ed25519 keys need cryptography.", "Install it: .venv/bin/pip install '.[exchange]'."
        ) from missing


def credentials(key: str, secret: str) -> Credentials:
    """Options, then the environment, then the venue's own; Refused for one without the other."""
    key = key or os.environ.get("SUPREME_VENUE_KEY", "").strip()
    secret = secret_of(secret) or os.environ.get("SUPREME_VENUE_SECRET", "").strip()
    if secret and not key:
        raise Refused("A secret was given and no key.", f"Give --key, or set {KEY}.")
    if key and not secret:
        raise Refused(
            "A key was given and no secret.",
            f"Give --secret @FILE, or set {SECRET}; without both the venue has its own.",
        )
    return Credentials(key, secret) if key else own()


def secret_of(said: str) -> str:
    """The secret itself, or what a file or stdin holds."""
    if said == "-":
        return sys.stdin.read(SECRET_MAX).strip()
    if not said.startswith("@"):
        return said
    try:
        with open(said[1:], encoding="utf-8") as file:
            found = file.read(SECRET_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Refused(f"Cannot read {said[1:]}: {why}.", "Check the name.") from error
    if not found:
        raise Refused(f"{said[1:]} is empty.", "Put the secret in it.")
    return found


def own() -> Credentials:
    """The venue's own key: made once and kept, so that who traded here may come back."""
    from engine.control.places import base_directory

    path = os.path.join(base_directory(), "venue", "keys")
    try:
        with open(path, encoding="utf-8") as file:
            key, secret = file.read(SECRET_MAX).split()
    except FileNotFoundError:
        key, secret = secrets.token_hex(32), secrets.token_hex(32)
        keep(path, f"{key}\n{secret}\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it does not hold two lines"
        raise Refused(
            f"Cannot read the venue's keys in {path}: {why}.", "Remove it: others are made."
        ) from error
    return Credentials(key, secret, path)


def keep(path: str, text: str) -> None:
    """A file for its owner alone, whole or not at all."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    made = os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(made, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    os.replace(path + ".tmp", path)


def tell(venue: "Venue", given: Credentials, place: str, *, as_json: bool) -> None:
    """Where it is, once clients may come: a line on stderr, an object on stdout under --json."""
    names = list(venue.house.rules)
    if as_json:
        host, _, port = place.rpartition(":")
        row = {"schema": SCHEMA, "label": "SIMULATED", "host": host, "port": int(port)}
        row |= {"symbols": names, "key": given.key, "keys_file": given.made or None}
        print(json.dumps(row), flush=True)
    market = venue.house.market_label
    say(f"supreme venue at http://{place} and ws://{place}: {', '.join(names)}, {market}")
    say(f"API key {given.key}{f', with its secret in {given.made}' if given.made else ''}")


def now_us() -> int:
    """The true clock."""
    return time.time_ns() // 1000
