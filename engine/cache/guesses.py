"""What is a guess worth? Its key, who made it, and how good the evidence was."""

from typing import NamedTuple

from engine.cache.strengths import Key

FOLLOWER, COMPANION, SERIES = "follower", "companion", "series"
SOURCES = (FOLLOWER, COMPANION, SERIES)


class Guess(NamedTuple):
    """A key that may be asked for soon."""

    key: Key
    source: str
    grade: int  # guesses of one source and grade have been right equally often
