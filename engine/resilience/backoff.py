"""How long until the next try? Exponential waits with full jitter.

Full jitter: Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog: clients that
failed together do not come back together.
"""

from collections.abc import Callable

from engine.resilience.settings import Backoff

NS_A_MS = 1_000_000
FULL = 1


def longest_ns(settings: Backoff, attempt: int) -> int:
    """The most that the wait before a try may be, nanoseconds; the first try is 0."""
    try:
        wait_ms = settings.base_delay_ms * settings.multiplier**attempt
    except OverflowError:
        wait_ms = settings.max_delay_ms
    return int(min(wait_ms, settings.max_delay_ms) * NS_A_MS)


def wait_ns(settings: Backoff, attempt: int, draw: Callable[[], float]) -> int:
    """The wait before a try, nanoseconds; `draw` gives a number from [0, 1)."""
    longest = longest_ns(settings, attempt)
    return int(longest * draw()) if settings.jitter == FULL else longest
