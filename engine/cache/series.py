"""Which numbered keys come next? Bar times and page numbers that are asked for in even steps.

Three numbers of one stem with the same step between them confirm a stream; a step of one does with
two. Streams may be interleaved: the last sixteen numbers of a stem are looked at.
"""

import re
from collections import OrderedDict, deque

from engine.cache.guesses import SERIES, Guesses
from engine.cache.strengths import Key

LOOKED_BACK = 16  # numbers of one stem
RUN_MAX = 4  # steps in a row that are told apart
STEPS_MAX = 2  # streams that one number may continue
AHEAD = 4  # steps guessed ahead of a confirmed stream
STEMS_MAX = 1_000
# A number that stands alone: `1700000000` in `bars:1700000000:1m`, not the 1 in `1m`.
NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9]{1,19}(?![A-Za-z0-9])")
NUMBERS_MAX = 2  # of one key, the last ones

Stem = tuple[str, str] | None  # what stands before and after the number; None for whole numbers


class Series:
    """The streams among the keys asked for; at most 1,000 stems, the stalest forgotten first."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Stem, deque[int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def asked(self, key: Key) -> Guesses:
        """What is guessed to follow this key in the streams it continues."""
        graded: dict[int, list[Key]] = {}
        for stem, number in stems_of(key):
            seen = self._seen_of(stem)
            for step, run in steps_to(number, seen):
                for ahead in range(1, (AHEAD if run > 1 else 1) + 1):
                    following = written(stem, number + step * ahead, key)
                    if following is not None:
                        graded.setdefault(grade_of(run, step, ahead), []).append(following)
            seen.append(number)
        return Guesses(SERIES, graded)

    def _seen_of(self, stem: Stem) -> deque[int]:
        seen = self._seen.get(stem)
        if seen is None:
            seen = self._seen[stem] = deque(maxlen=LOOKED_BACK)
            if len(self._seen) > STEMS_MAX:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(stem)
        return seen


def stems_of(key: Key) -> list[tuple[Stem, int]]:
    """Each way to read a key as a stem with a number in it."""
    if isinstance(key, int):
        return [(None, key)]
    found = list(NUMBER.finditer(key))[-NUMBERS_MAX:]
    return [((key[: at.start()], key[at.end() :]), int(at.group())) for at in found]


def steps_to(number: int, seen: deque[int]) -> list[tuple[int, int]]:
    """(step, how many of it in a row) of the longest runs that lead to a number, at most two."""
    known, found = set(seen), []
    for before in known:
        step, run = number - before, 1
        if step and (number - 2 * step in known or abs(step) == 1):
            while run < RUN_MAX and number - step * (run + 1) in known:
                run += 1
            found.append((-run, abs(step), step))
    found.sort()
    return [(step, -run) for run, _, step in found[:STEPS_MAX]]


def grade_of(run: int, step: int, ahead: int) -> int:
    """How good the evidence is: steps in a row, whether they are of one, how far ahead it looks."""
    return ((run - 1) * 2 + (abs(step) == 1)) * AHEAD + ahead - 1


def written(stem: Stem, number: int, like: Key) -> Key | None:
    """The key with that number, as wide as the one it came from; None where there is none."""
    if stem is None:
        return number
    head, tail = stem
    width = len(str(like)) - len(head) - len(tail)
    padded = str(like)[len(head)] == "0"
    return f"{head}{number:0{width if padded else 1}d}{tail}" if number >= 0 else None
