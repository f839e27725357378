"""How often is each slow source asked, and how long is it waited for? The profile's words."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import Refused
from engine.layout import I, Parameter

LOOPBACK = ("127.0.0.1", "::1", "localhost")
NAMES = ("coingecko", "etherscan", "bitquery", "whalealert")
ROWS = {
    "feeds.timeout_seconds": Parameter(
        I, 10, 1, 60, "s", "A source outside the market that answers later has not answered."
    ),
    "feeds.coingecko_seconds": Parameter(
        I, 600, 10, 86_400, "s", "Between two questions for votes."
    ),
    "feeds.etherscan_seconds": Parameter(
        I, 60, 5, 86_400, "s", "Between two questions for the gas price."
    ),
    "feeds.bitquery_seconds": Parameter(
        I, 900, 10, 86_400, "s", "Between two questions for volume on chains."
    ),
    "feeds.whalealert_seconds": Parameter(
        I, 300, 10, 86_400, "s", "Between two questions for large transfers."
    ),
}
# Optional texts: a source is asked where its URL is given, with its key where that is given too.
SECRETS = {
    f"feeds.{name}_{what}": text
    for name in NAMES
    for what, text in (
        ("url", f"Where {name} answers: https://HOST; it is not asked where this is not given."),
        ("key", f"The key that {name} gave you; it leaves in no log and no message of ours."),
    )
}


class Source(NamedTuple):
    """One source to be asked: where, with which key, how often, and how long it is waited for."""

    name: str
    url: str
    key: str
    every_s: float
    timeout_s: float

    def __repr__(self) -> str:
        return f"Source({self.name})"  # nothing prints a key by mistake


def sources_of(values: Mapping[str, float], secrets: Mapping[str, str]) -> list[Source]:
    """Those that are to be asked. Refused where a key would go over an open line."""
    for name in NAMES:
        refuse_open(name, secrets.get(f"feeds.{name}_url", ""))
    return [
        Source(
            name,
            secrets[f"feeds.{name}_url"],
            secrets.get(f"feeds.{name}_key", ""),
            float(values[f"feeds.{name}_seconds"]),
            float(values["feeds.timeout_seconds"]),
        )
        for name in NAMES
        if f"feeds.{name}_url" in secrets
    ]


def refuse_open(name: str, url: str) -> None:
    """Refused unless a URL is of https, or of this very machine; the URL itself is not shown."""
    from urllib.parse import urlsplit  # the engine, which asks nobody, reads this file too

    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if url and not (is_safe and host):
        raise Refused(
            f"feeds.{name}_url is no https:// address",
            "give the one in the source's own documentation; http:// serves 127.0.0.1 alone",
        )
