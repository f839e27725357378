"""Is the engine's state what its journal comes to? Its own bytes are held against the fold's."""

from collections.abc import Callable

from engine.core import digest_of_bytes
from engine.layout import Block, shape_of, size_of
from engine.service.folding import Fold
from engine.service.standing import Standing
from engine.state import STATE

EVERY_S = 300.0  # the engine copies its state for it between two events
Asked = Callable[[], tuple[int, bytes] | None]  # the sequence and the state there, if it answers


class Comparing:
    """Asks the engine for its state now and then, and compares once the fold has come there."""

    def __init__(self, ask: Asked, standing: Standing) -> None:
        self._ask, self._standing = ask, standing

    def ask(self, fold: Fold) -> None:
        """Ask now; the fold stops at that sequence to be compared.

        An engine that ends before what it appended is on the disk begins another epoch there, and
        its successor decides anew: then nothing is compared.
        """
        answered = self._ask()
        if answered is None:
            return
        sequence, theirs = answered
        epoch = fold.epoch

        def compare() -> None:
            if fold.epoch == epoch:
                self._compare(sequence, theirs, fold.core.image())

        fold.pause_at(sequence, compare)

    def _compare(self, sequence: int, theirs: bytes, ours: bytes) -> None:
        self._standing.compared = sequence
        if theirs == ours:
            self._standing.say("info", "Compared", sequence=sequence)
            self._standing.alerts.well("state")
            return
        field = first_difference(theirs, ours)
        digests = " and ".join(digest_of_bytes(raw).hex()[:16] for raw in (theirs, ours))
        self._standing.alarm(
            f"the engine's state at sequence {sequence} is not what its journal comes to: "
            f"{field} differs (digests {digests})",
            "state",
            "digest_differs",
        )


def first_difference(theirs: bytes, ours: bytes) -> str:
    """The name of the first field in which two states differ."""
    for at, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        if one != other:
            return name_at(STATE, at)
    return "the length"


def name_at(declared: Block, at: int) -> str:
    """The field of a block that holds the byte at this place."""
    for name, field in declared.items():
        size = size_of(field)
        if at >= size:
            at -= size
            continue
        element, count = shape_of(field)
        number, rest = divmod(at, size_of(element))
        place = f"{name}[{number}]" if count else name
        return f"{place}.{name_at(element, rest)}" if isinstance(element, dict) else place
    return "nothing"
