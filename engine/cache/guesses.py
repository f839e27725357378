"""What may be asked for next, by whom is it guessed, and how good is the evidence?"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.cache.strengths import Key

FOLLOWER, COMPANION, SERIES = "follower", "companion", "series"
SOURCES = (FOLLOWER, COMPANION, SERIES)


class Guesses(NamedTuple):
    """What one source guesses at a time: the keys of each grade of evidence.

    Guesses of one source and grade have been right equally often.
    """

    source: str
    graded: Mapping[int, Iterable[Key]]


def by_strength(wired: Mapping[Key, int], shift: int) -> dict[int, list[Key]]:
    """Keys by the leading bits of how strongly they are wired."""
    groups: dict[int, list[Key]] = {}
    for key, strength in wired.items():
        grade = strength >> shift
        if grade in groups:
            groups[grade].append(key)
        else:
            groups[grade] = [key]
    return groups
