"""Which exchange does an engine trade at, and is its money real? The profile's keys."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import Refused
from engine.layout import F, I, Parameter
from engine.messages import LIMIT, MARKET, STOP

SWITCH = "false|true"
VENUES = ("none", "binance")
ROWS: dict[str, Parameter] = {
    "exchange.venue": Parameter(
        I, 0, 0, 1, "|".join(VENUES), "Who answers orders; none is the simulated fills."
    ),
    "exchange.real_money": Parameter(
        I, 0, 0, 1, SWITCH, "Whether it is; then a fresh start is HALTED until a reset."
    ),
    "exchange.answer_seconds": Parameter(
        F, 5.0, 0.1, 60.0, "s", "A request that nobody answered for so long is in doubt."
    ),
    "exchange.reconcile_seconds": Parameter(
        F, 60.0, 1.0, 3_600.0, "s", "Between two looks at what the exchange holds for us."
    ),
    "exchange.silence_seconds": Parameter(
        F, 15.0, 1.0, 600.0, "s", "A market silent for so long is asked by another way."
    ),
}
# May be left out: then they are Binance's own. The key's name is one of `supreme keys list`.
TEXTS = {
    "exchange.rest_url": "Where questions are asked: https://HOST.",
    "exchange.stream_url": "Where the market is told: wss://HOST.",
    "exchange.api_url": "Where orders are sent: wss://HOST/ws-api/v3.",
    "exchange.relays": "Other markets, heard while it is away: NAME=ws://HOST:PORT, ...",
    "exchange.key": "The name of the API key to trade with, as supreme keys list has it.",
}
BINANCE = (
    "https://api.binance.com",
    "wss://stream.binance.com:9443",
    "wss://ws-api.binance.com:443/ws-api/v3",
)
SCHEMES = {
    "exchange.rest_url": ("https://", "http://"),
    "exchange.stream_url": ("wss://", "ws://"),
    "exchange.api_url": ("wss://", "ws://"),
}
REAL_HOSTS = (
    *("binance.com", "binance.us", "binance.vision", "binance.me", "binance.th", "binance.tr"),
    *("binance.info", "trbinance.com", "tokocrypto.com"),
)
PLAY_HOSTS = ("testnet.binance.vision", "demo.binance.com")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Whoever reads another spelling may see another host in it than the one that was judged.
PLAIN = re.compile(
    r"[a-z]+://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[a-z0-9._~/-]*)?", re.IGNORECASE
)
# Names without a point, endings that nobody can own, addresses that lead nowhere outside.
NEAR = re.compile(
    r"[a-z0-9-]+|.*\.(local|localhost|internal|lan|test)|127\.[0-9.]+|10\.[0-9.]+"
    r"|192\.168\.[0-9.]+|172\.(1[6-9]|2[0-9]|3[01])\.[0-9.]+|\[(::1|f[cd][0-9a-f:]*)\]"
)


class Exchange(NamedTuple):
    """What a profile says of its exchange; times in seconds."""

    venue: str = "none"
    real_money: bool = False
    answer_s: float = 5.0
    reconcile_s: float = 60.0
    silence_s: float = 15.0
    rest_url: str = BINANCE[0]
    stream_url: str = BINANCE[1]
    api_url: str = BINANCE[2]
    key: str = ""
    relays: tuple[tuple[str, str], ...] = ()
    sends: tuple[int, ...] = (MARKET,)  # types of order


def settings_of(values: Mapping[str, int | float], texts: Mapping[str, str]) -> Exchange:
    """The settings that a profile makes. Refused for an address that means another kind of money.

    What is called paper must not be able to reach an exchange that trades for real, and real
    money is never sent in the clear.
    """
    rest, stream, api = (texts.get(key, usual) for key, usual in zip(SCHEMES, BINANCE, strict=True))
    made = Exchange(
        VENUES[int(values["exchange.venue"])],
        bool(values["exchange.real_money"]),
        float(values["exchange.answer_seconds"]),
        float(values["exchange.reconcile_seconds"]),
        float(values["exchange.silence_seconds"]),
        rest,
        stream,
        api,
        texts.get("exchange.key", ""),
        relays_of(texts.get("exchange.relays", "")),
        types_sent(values),
    )
    if made.venue != "none":
        for name, url in zip(SCHEMES, (rest, stream, api), strict=True):
            refuse_other_money(name, url, made)
        refuse_two_markets(made)
    return made


def types_sent(values: Mapping[str, int | float]) -> tuple[int, ...]:
    """The types of order that a profile comes to send."""
    rests, protects = values["orders.entry"] == 1, values["sizing.stop_loss"] > 0
    return (MARKET, *[LIMIT] * rests, *[STOP] * protects)


def relays_of(text: str) -> tuple[tuple[str, str], ...]:
    """Names and addresses of the relays, in order. Refused for one that is none."""
    found = []
    for row in filter(None, map(str.strip, text.split(","))):
        name, _, url = row.partition("=")
        if not name.isidentifier() or not url.startswith(("ws://", "wss://")):
            raise Refused(f"exchange.relays: {row[:80]} is no relay", "write NAME=ws://HOST:PORT")
        found.append((name, url))
    return tuple(found)


def refuse_two_markets(made: Exchange) -> None:
    """Refused where orders and the prices they are judged by would be of different money."""
    urls = dict(zip(SCHEMES, (made.rest_url, made.stream_url, made.api_url), strict=True))
    played = [name for name, url in urls.items() if not is_real(host_of(url))]
    if 0 < len(played) < len(urls):
        raise Refused(
            f"{' and '.join(played)} trades no real money, and the other addresses do",
            "give three addresses of one exchange, or leave all out",
            code=4,
        )


def refuse_other_money(name: str, url: str, made: Exchange) -> None:
    """Refused for an address without a scheme, of real money on paper, or of real in the clear."""
    if not url.startswith(SCHEMES[name]):
        usual = " or ".join(SCHEMES[name])
        raise Refused(f"{name} = {url[:80]} is no address", f"it must begin with {usual}")
    host = host_of(url)
    if not made.real_money and is_real(host):
        raise Refused(
            f"{name} = {url[:80]} trades real money, and this profile is for paper",
            "give the address of supreme venue or of a test network, or use the profile "
            "binance-live",
            code=4,
        )
    if not PLAIN.fullmatch(url):
        raise Refused(f"{name} = {url[:80]!a} is no address", f"write {SCHEMES[name][0]}HOST")
    is_sealed = url.startswith(SCHEMES[name][0])
    if not made.real_money and is_sealed and not (is_play(host) or NEAR.fullmatch(host)):
        raise Refused(
            f"{name} = {url[:80]} may trade real money, and this profile is for paper",
            "give the address of supreme venue or of a test network that is known here: "
            + ", ".join(PLAY_HOSTS),
            code=4,
        )
    if made.real_money and not is_sealed and host not in LOOPBACK:
        raise Refused(
            f"{name} = {url[:80]} would send real money's requests in the clear",
            f"it must begin with {SCHEMES[name][0]}",
            code=4,
        )


def host_of(url: str) -> str:
    """The host that an address names, without its port."""
    place = url.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()
    if place.startswith("["):
        return place.partition("]")[0] + "]"
    return place.partition(":")[0].rstrip(".")


def is_real(host: str) -> bool:
    """Whether orders that are sent to this host trade real money."""
    return not is_play(host) and is_among(host, REAL_HOSTS)


def is_play(host: str) -> bool:
    """Whether it is a test network of Binance's."""
    return is_among(host, PLAY_HOSTS)


def is_among(host: str, known: tuple[str, ...]) -> bool:
    """Whether a host is one of these or lies below one."""
    return any(host == one or host.endswith("." + one) for one in known)
