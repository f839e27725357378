"""What is one check of a connection, and what came of it?"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused

if TYPE_CHECKING:
    from validators.connectivity.visit import Visit

Figure = float | int | str | dict[str, int]
OK, FAILED, SKIPPED = "ok", "failed", "skipped"


class Failed(Exception):
    """What was promised is not so, in words with what to do, and in the figures that show it."""

    def __init__(self, said: str, figures: "dict[str, Figure] | None" = None) -> None:
        super().__init__(said)
        self.figures = figures or {}


class Skipped(Exception):
    """It cannot or must not be tried, in words."""


class Outcome(NamedTuple):
    """What was seen, in words and in figures."""

    said: str
    figures: dict[str, Figure]


class Check(NamedTuple):
    """A check by its name, what it promises, its function, and which checks must have held."""

    name: str
    promise: str
    run: "Callable[[Visit], Outcome]"
    needs: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """How a check ended at a place: ok, failed or skipped, what was said, and how long it took."""

    place: str
    check: str
    state: str
    said: str
    figures: dict[str, Figure]
    seconds: float


def judged(place: str, name: str, run: Callable[[], Outcome]) -> Verdict:
    """One check carried out; whatever the other side does is a verdict."""
    began = time.monotonic()
    figures: dict[str, Figure] = {}
    try:
        said, figures = run()
        state = OK
    except Failed as failed:
        state, said, figures = FAILED, str(failed), failed.figures
    except Skipped as skipped:
        state, said = SKIPPED, str(skipped)
    except Refused as refused:
        state, said = FAILED, f"{refused.what}; {refused.fix}"
    return Verdict(place, name, state, said, figures, time.monotonic() - began)
