"""How patient are we with what fails? The settings of breakers, pools and recovery, with bounds."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self, TypeVar

from engine.errors import Refused
from engine.layout import F, I, Parameter

SWITCH = "false|true"
RETRY, RESTART, FAILOVER, DEGRADE = "retry", "restart", "failover", "degrade"
STRATEGIES = (RETRY, RESTART, FAILOVER, DEGRADE)
ALL_STRATEGIES = (1 << len(STRATEGIES)) - 1

Row = tuple[float, float, str, str]  # least, most, unit, why one would change it
Settings = TypeVar("Settings", bound="_Breaker | _Pool | _Backoff")


class _Breaker(NamedTuple):
    failure_threshold: int = 5
    recovery_timeout: float = 60.0
    success_threshold: int = 3
    adaptive_mode: bool = True
    learning_rate: float = 0.1


class _Pool(NamedTuple):
    min_connections: int = 1
    max_connections: int = 10
    connection_timeout: float = 30.0
    idle_timeout: float = 300.0
    health_check_interval: float = 60.0
    adaptive_scaling: bool = True


class _Backoff(NamedTuple):
    base_delay_ms: int = 100
    max_delay_ms: int = 30_000
    multiplier: float = 2.0
    jitter: int = 1  # 0 none, 1 full


BREAKER: dict[str, Row] = {
    "failure_threshold": (
        1,
        1000,
        "failures",
        "In a row they open it; so do twice as many of 4x calls.",
    ),
    "recovery_timeout": (0.001, 86_400.0, "s", "From opening to the first probe."),
    "success_threshold": (1, 1000, "probes", "Successes that close it; no more probes are let in."),
    "adaptive_mode": (0, 1, SWITCH, "Whether threshold and timeout follow what was observed."),
    "learning_rate": (0.001, 1.0, "", "Weight of the newest observation."),
}
POOL: dict[str, Row] = {
    "min_connections": (0, 1000, "connections", "Kept open even when idle."),
    "max_connections": (1, 1000, "connections", "Never more at once."),
    "connection_timeout": (0.001, 3600.0, "s", "Longest time to connect, and to wait for one."),
    "idle_timeout": (0.001, 86_400.0, "s", "An unused connection is closed after it."),
    "health_check_interval": (0.001, 86_400.0, "s", "An idle connection is asked this often."),
    "adaptive_scaling": (0, 1, SWITCH, "Whether predicted load, CPU and memory set the size."),
}
BACKOFF: dict[str, Row] = {
    "base_delay_ms": (1, 3_600_000, "ms", "Longest wait before the first retry."),
    "max_delay_ms": (1, 3_600_000, "ms", "Longest wait before any retry or probe."),
    "multiplier": (1.0, 10.0, "", "Growth of the wait from try to try."),
    "jitter": (0, 1, "none|full", "Full draws each wait between 0 and its longest."),
}
LADDER: Row = (0, ALL_STRATEGIES, ",".join(STRATEGIES), "What is tried before a person is told.")
PATIENCE: Row = (1.0, 86_400.0, "s", "Away so long it is a person's, though a standby serves.")
PATIENCE_S = 300.0


def within(table: str, bounds: Mapping[str, Row], made: Settings) -> Settings:
    """The settings themselves. Refused if one lies outside its bounds or is no whole number."""
    for name, value in zip(bounds, made, strict=True):
        low, high, unit, _ = bounds[name]
        kind = "a whole number " if isinstance(made._field_defaults[name], int) else ""
        if not low <= value <= high or (kind and value != int(value)):
            raise Refused(
                f"{table}.{name} = {value} is impossible",
                f"it must be {kind}from {low} to {high} {unit}".rstrip(),
            )
    return made


def rising(table: str, **pair: float) -> None:
    """Refused if the first of two values is above the second."""
    (less, low), (more, high) = pair.items()
    if low > high:
        raise Refused(
            f"{table}.{less} = {low} is above {table}.{more} = {high}",
            "give them in rising order",
        )


class BreakerSettings(_Breaker):
    """Of one circuit breaker; times in seconds. Refused out of bounds."""

    __slots__ = ()

    def __new__(cls, *values: Any, **named: Any) -> Self:
        """A checked one."""
        return within("circuit_breaker", BREAKER, super().__new__(cls, *values, **named))


class PoolSettings(_Pool):
    """Of one connection pool; times in seconds. Refused out of bounds."""

    __slots__ = ()

    def __new__(cls, *values: Any, **named: Any) -> Self:
        """A checked one."""
        made = within("connection_pool", POOL, super().__new__(cls, *values, **named))
        rising("connection_pool", min_connections=made[0], max_connections=made[1])
        return made


class Backoff(_Backoff):
    """Of the waits between tries. Refused out of bounds."""

    __slots__ = ()

    def __new__(cls, *values: Any, **named: Any) -> Self:
        """A checked one."""
        made = within("error_recovery.backoff", BACKOFF, super().__new__(cls, *values, **named))
        rising("error_recovery.backoff", base_delay_ms=made[0], max_delay_ms=made[1])
        return made


class Resilience(NamedTuple):
    """What a profile says of all this."""

    breaker: BreakerSettings = BreakerSettings()
    pool: PoolSettings = PoolSettings()
    backoff: Backoff = Backoff()
    strategies: tuple[str, ...] = STRATEGIES
    patience_s: float = PATIENCE_S


def rows_of(table: str, bounds: Mapping[str, Row], usual: Any) -> dict[str, Parameter]:
    """The profile keys of one table."""
    return {
        f"{table}.{name}": Parameter(
            F if isinstance(value, float) else I, value + 0, low, high, unit, text
        )
        for (name, (low, high, unit, text)), value in zip(bounds.items(), usual, strict=True)
    }


# Every profile key that this package reads.
ROWS: dict[str, Parameter] = {
    **rows_of("circuit_breaker", BREAKER, BreakerSettings()),
    **rows_of("connection_pool", POOL, PoolSettings()),
    **rows_of(
        "error_recovery",
        {"strategies": LADDER, "patience_s": PATIENCE},
        (ALL_STRATEGIES, PATIENCE_S),
    ),
    **rows_of("error_recovery.backoff", BACKOFF, Backoff()),
}
# Pairs of them that mean something only in this order.
ORDERED = (
    ("connection_pool.min_connections", "connection_pool.max_connections"),
    ("error_recovery.backoff.base_delay_ms", "error_recovery.backoff.max_delay_ms"),
)


def settings_of(values: Mapping[str, int | float]) -> Resilience:
    """The settings that a profile's values make. Refused out of bounds."""

    def read(table: str, bounds: Mapping[str, Row]) -> dict[str, Any]:
        said = {name: values[f"{table}.{name}"] for name in bounds}
        return {
            name: bool(value) if bounds[name][2] == SWITCH else value
            for name, value in said.items()
        }

    chosen = int(values["error_recovery.strategies"])
    return Resilience(
        BreakerSettings(**read("circuit_breaker", BREAKER)),
        PoolSettings(**read("connection_pool", POOL)),
        Backoff(**read("error_recovery.backoff", BACKOFF)),
        tuple(name for place, name in enumerate(STRATEGIES) if chosen >> place & 1),
        values["error_recovery.patience_s"],
    )
