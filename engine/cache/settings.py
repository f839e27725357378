"""How large is the cache, and how long does it believe what it holds? The profile's keys."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.layout import F, I, Parameter

SWITCH = "false|true"
STORES = ("none", "sqlite", "postgres")
# Namespaces, and how long each believes a value; without them nothing is cached.
TTL_S = {"pages": 3_600.0, "signals": 3_600.0, "snapshots": 2.0}
MEANINGS = {
    "pages": "Full pages of history are believed so long; they change no more.",
    "signals": "A bar's signal is believed until the next bar closes, and at most so long.",
    "snapshots": "No reader of the service sees a state older than this.",
}
ROWS: dict[str, Parameter] = {
    "cache.entries": Parameter(
        I, 10_000, 64, 1 << 24, "entries", "In memory, of all namespaces together."
    ),
    "cache.bytes": Parameter(
        I, 8 << 20, 1 << 16, 1 << 36, "bytes", "In memory, of all namespaces together."
    ),
    "cache.shared_entries": Parameter(
        I, 100_000, 64, 1 << 30, "entries", "Of each namespace in Redis, where REDIS_URL names one."
    ),
    "cache.store": Parameter(
        I, 1, 0, 2, "|".join(STORES), "What keeps over restarts; postgres uses POSTGRES_URL."
    ),
    "cache.stored_bytes": Parameter(
        I, 256 << 20, 1 << 20, 1 << 40, "bytes", "Of the SQLite file that keeps over restarts."
    ),
    "cache.prefetch": Parameter(
        I, 1, 0, 1, SWITCH, "Whether what is asked together is learnt and fetched ahead."
    ),
    "cache.learning_seconds": Parameter(
        F, 60.0, 1.0, 86_400.0, "s", "Between two turns that judge the last change and try another."
    ),
    **{
        f"cache.ttl.{name}": Parameter(F, ttl, 0.01, 86_400.0 * 365, "s", MEANINGS[name])
        for name, ttl in TTL_S.items()
    },
}


class Settings(NamedTuple):
    """What a profile says of the cache; times in seconds."""

    entries: int = 10_000
    bytes: int = 8 << 20
    shared_entries: int = 100_000
    store: str = "sqlite"
    stored_bytes: int = 256 << 20
    prefetch: bool = True
    learning_s: float = 60.0
    ttl_s: Mapping[str, float] = TTL_S


def settings_of(values: Mapping[str, int | float]) -> Settings:
    """The settings that a profile's values make."""
    return Settings(
        entries=int(values["cache.entries"]),
        bytes=int(values["cache.bytes"]),
        shared_entries=int(values["cache.shared_entries"]),
        store=STORES[int(values["cache.store"])],
        stored_bytes=int(values["cache.stored_bytes"]),
        prefetch=bool(values["cache.prefetch"]),
        learning_s=float(values["cache.learning_seconds"]),
        ttl_s={name: float(values[f"cache.ttl.{name}"]) for name in TTL_S},
    )
