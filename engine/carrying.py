"""What of a state that other code kept does this code take over? The account, by the fields' names.

A snapshot says the shape of its state beside its bytes. What is the market's is left behind: it is
warmed anew by the records after the snapshot.
"""

import zlib
from typing import Any

from engine.errors import Refused
from engine.layout import SIZES, Block, kind_of, places_of, shape_of, size_of
from engine.state import STATE

# Left behind, by the block they lie in ("" is the state itself).
LEFT = {
    "": {"decisions", "intent", "draft", "commands"},
    "symbols": {"features", "schedule", "agents"},
}


def shape() -> bytes:
    """The fields of this code's state: their names, kinds and counts, packed."""
    return zlib.compress(repr(described(STATE)).encode(), 9)


def described(field: Any) -> Any:
    """A declared field in plain literals: a kind, a block of fields, or [one, count]."""
    element, count = shape_of(kind_of(field))
    one = element
    if isinstance(element, dict):
        one = {name: described(inner) for name, inner in element.items()}
    return [one, count] if count else one


def declared(said: Any) -> Any:
    """The field that was described."""
    if isinstance(said, list):
        return declared(said[0]), int(said[1])
    return {name: declared(one) for name, one in said.items()} if isinstance(said, dict) else said


def carried(told_shape: bytes, image: bytes) -> bytes:
    """An image in our layout that holds the account of another's; Refused (4) if it cannot."""
    from ast import literal_eval  # heavy, and seldom needed

    try:
        theirs = declared(literal_eval(zlib.decompress(told_shape).decode()))
        fits = size_of(theirs) == len(image)
    except (ValueError, KeyError, TypeError, SyntaxError, zlib.error):
        fits = False
    if not fits:
        raise Refused(
            "the snapshot that stands for what was removed cannot be read by this code",
            "start once with the build that wrote it, and take a backup before compacting",
            code=4,
        )
    ours = bytearray(size_of(STATE))
    carry("", (theirs, image, 0), (STATE, ours, 0))
    return bytes(ours)


def carry(
    inside: str, theirs: tuple[Block, bytes, int], ours: tuple[Block, bytearray, int]
) -> None:
    """Copy a block's fields of the same name and kind; each side is (block, bytes, offset)."""
    (there, source, base), (here, target, at) = theirs, ours
    known = places_of(there)
    for name, (element, count, place, step) in places_of(here).items():
        if name in LEFT.get(inside, ()) or name not in known:
            continue
        other, other_count, other_place, other_step = known[name]
        for number in range(min(count or 1, other_count or 1)):
            to, origin = at + place + number * step, base + other_place + number * other_step
            if isinstance(element, dict) and isinstance(other, dict):
                carry(name, (other, source, origin), (element, target, to))
            elif element == other and element in SIZES:
                target[to : to + step] = source[origin : origin + step]
