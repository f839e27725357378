"""Which venues and sources are there to be reached, and where is money real?"""

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from engine.errors import Refused

SANDBOXES = ("testnet.binance.vision",)
ENCRYPTED = ("https", "wss")
PORT_MAX = 65_535


class Venue(NamedTuple):
    """A venue by the addresses of its REST API, its market streams and its WebSocket API."""

    name: str
    rest: str
    stream: str
    ws_api: str


class Source(NamedTuple):
    """A source beside the market, by its address, which may hold a key: only its host is shown."""

    name: str
    url: str


BINANCE = Venue(
    "binance",
    "https://api.binance.com",
    "wss://stream.binance.com:9443",
    "wss://ws-api.binance.com:443/ws-api/v3",
)


def checked(venue: Venue) -> Venue:
    """The venue; Refused for an address that is none, or that a signature would leave unhidden."""
    for option, url, schemes in (
        ("--rest", venue.rest, ("https", "http")),
        ("--ws", venue.stream, ("wss", "ws")),
        ("--ws-api", venue.ws_api, ("wss", "ws")),
    ):
        must_be_address(option, url, schemes)
    return venue


def must_be_address(option: str, url: str, schemes: tuple[str, ...]) -> None:
    """Refused for what is no address of these schemes; the open one is for this machine alone."""
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in schemes and bool(parts.hostname) and not parts.username
        is_right = is_right and (parts.port or 1) <= PORT_MAX
    except ValueError:
        is_right = False
    if not is_right:
        raise Refused(f"{option} is no address", f"give {schemes[0]}://HOST[:PORT]")
    if parts.scheme not in ENCRYPTED and not is_here(url):
        raise Refused(
            f"{option}: {parts.hostname} would be asked unencrypted", f"write {schemes[0]}://"
        )


def host_of(url: str) -> str:
    """The host of an address, for people."""
    return urlsplit(url).hostname or "nowhere"


def is_here(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = host_of(url)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_real(venue: Venue) -> bool:
    """Whether an order there costs money: everywhere but here and in the known sandboxes."""
    return not all(is_here(url) or is_sandbox(host_of(url)) for url in (venue.rest, venue.ws_api))


def is_sandbox(host: str) -> bool:
    """Whether a host is a known sandbox's, or below it."""
    return any(host == one or host.endswith(f".{one}") for one in SANDBOXES)


def sources_in(secrets: Mapping[str, str]) -> list[Source]:
    """The sources whose address a profile gives: its keys `feeds.NAME_url`."""
    rows = [(key.removeprefix("feeds."), url) for key, url in secrets.items()
            if key.startswith("feeds.") and key.endswith("_url")]  # fmt: skip
    return [Source(name.removesuffix("_url"), url) for name, url in rows]
