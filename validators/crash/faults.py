"""What does an engine do on a disk that refuses a call, or takes long over it?

A refused one ends it with code 4 and two lines, and nothing more is acknowledged; the next start
goes on from what was. A slow one only takes its time.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from validators.crash.explorer import traced_life, worst_cuts
from validators.crash.tracing import Ended

STOPPED = 4


def after_a_refusal(
    home: Path, words: Sequence[str], fault: str, disk: ModuleType | None, expected: str
) -> list[str]:
    """What is wrong when the disk refuses a call: in that life, in the next, or at a power cut."""
    life = traced_life(home, words, 1, faults=(fault, ""))
    first, second = life.ends
    return [*wrong_in(first), *worst_cuts(life, disk), *differs(second, expected)]


def after_a_delay(
    home: Path, words: Sequence[str], fault: str, disk: ModuleType | None, expected: str
) -> list[str]:
    """What is wrong when the disk takes its time."""
    life = traced_life(home, words, 1, faults=(fault,))
    return [*worst_cuts(life, disk), *differs(life.ends[0], expected)]


def wrong_in(ended: Ended) -> list[str]:
    """What is wrong in how an engine ended that a disk refused."""
    lines = ended.errors.splitlines()
    if ended.code != STOPPED:
        return [f"it ended with {ended.code}: {ended.errors}"]
    if len(lines) != 2 or "Traceback" in ended.errors:
        return [f"it said more than two lines: {ended.errors}"]
    return []


def differs(ended: Ended, expected: str) -> list[str]:
    """Whether it came to another state than without a fault."""
    digest = json.loads(ended.output)["state_digest"]
    return [] if digest == expected else [f"another state: {digest}"]
