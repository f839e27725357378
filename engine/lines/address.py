"""Where is a peer, and how is it spoken to? A URL of ws, wss, http or https, taken apart."""

from typing import NamedTuple
from urllib.parse import urlsplit

from engine.errors import Refused

PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
SECURE = ("wss", "https")
FIX = "write it like wss://stream.example.com:9443/ws, without a user, a password or a #part"


class Address(NamedTuple):
    """One peer; `target` is what is asked of it: the path and the query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme in SECURE

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        """For people: without the target, whose query may hold what nobody else shall read."""
        return f"{self.scheme}://{self.authority}"


def address_of(url: str) -> Address:
    """The address that a URL names; Refused for what is none or cannot be asked so."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port that is no number, half an IPv6 address
        raise wrong(url, "its host or port is none") from None
    if parts.scheme not in PORTS:
        raise wrong(url, f"known are {', '.join(PORTS)}")
    if not host or port == 0 or not (url.isascii() and url.isprintable()) or " " in url:
        raise wrong(url, "its host or port is none")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise wrong(url, "that part is not for an address")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, host, port or PORTS[parts.scheme], target)


def wrong(url: str, why: str) -> Refused:
    """What is said of a URL that is no address: as far as its host, for the rest may be secret."""
    shown = ascii(url.partition("?")[0].rpartition("@")[2][:80])
    return Refused(f"{shown} is no address to connect to: {why}", FIX)
