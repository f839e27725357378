"""What does a block look like: as a dtype to build, as plain objects to test, as offsets to read?

A block is declared once, beside the functions that use it: `RSI = block(up=F, down=F, seen=I)`.
A field is I (int64), F (float64), another block, (I | F | block, count), or a Parameter.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

I, F = "i8", "f8"  # noqa: E741  the two kinds of number the engine knows: int64 and float64
CODES = {"i8": "q", "f8": "d", "u4": "I", "u2": "H", "u1": "B"}
SIZES = {"i8": 8, "f8": 8, "u4": 4, "u2": 2, "u1": 1}
READERS = {kind: struct.Struct("<" + code).unpack_from for kind, code in CODES.items()}
ZEROS: dict[str, int | float] = {"i8": 0, "f8": 0.0, "u4": 0, "u2": 0, "u1": 0}

Block = dict[str, Any]


class Parameter(NamedTuple):
    """One profile key: what it is, what it may be, and why one would change it."""

    kind: str
    default: int | float
    low: int | float
    high: int | float
    unit: str
    text: str


def block(**fields: Any) -> Block:
    """Declare a block; the order of the fields is their order in memory."""
    return fields


def kind_of(field: Any) -> Any:
    """The field without the profile's words around it."""
    return field.kind if isinstance(field, Parameter) else field


def shape_of(field: Any) -> tuple[Any, int]:
    """(element, count); count is 0 for a single value or block."""
    field = kind_of(field)
    return (field[0], field[1]) if isinstance(field, tuple) else (field, 0)


def size_of(field: Any) -> int:
    """Bytes of one field or block; fields lie one after another without padding."""
    element, count = shape_of(field)
    if isinstance(element, dict):
        one = sum(size_of(inner) for inner in element.values())
    else:
        one = SIZES[element]
    return one * (count or 1)


def dtype_of(declared: Block) -> Any:
    """The block as a numpy structured dtype, for the build and for reports."""
    import numpy as np

    def described(field: Any) -> Any:
        element, count = shape_of(field)
        kind = dtype_of(element) if isinstance(element, dict) else element
        return (kind, (count,)) if count else (kind,)

    return np.dtype([(name, *described(field)) for name, field in declared.items()])


class Plain:
    """A block as an ordinary object: for tests, and where nothing can be compiled."""

    def __init__(self, declared: Block) -> None:
        for name, field in declared.items():
            setattr(self, name, fresh(field))


def fresh(field: Any) -> Any:
    """A zeroed plain object, list or number of the declared shape."""
    element, count = shape_of(field)
    if count:
        return [fresh(element) for _ in range(count)]
    return Plain(element) if isinstance(element, dict) else ZEROS[element]


def leaves(field: Any) -> Iterator[str]:
    """The struct codes of every number in the block, in memory order."""
    element, count = shape_of(field)
    for _ in range(count or 1):
        if isinstance(element, dict):
            for inner in element.values():
                yield from leaves(inner)
        else:
            yield CODES[element]


def values(field: Any, plain: Any) -> Iterator[int | float]:
    """The numbers of a plain object, in memory order."""
    element, count = shape_of(field)
    for one in plain if count else (plain,):
        if isinstance(element, dict):
            for name, inner in element.items():
                yield from values(inner, getattr(one, name))
        else:
            yield one


def bytes_of(declared: Block, plain: Any) -> bytes:
    """The plain object as the bytes the compiled core would hold."""
    return struct.pack("<" + "".join(leaves(declared)), *values(declared, plain))


def fill(declared: Block, plain: Any, raw: bytes) -> None:
    """Set every number of a plain object from the bytes of a compiled one."""
    numbers = iter(struct.unpack("<" + "".join(leaves(declared)), raw))
    _fill(declared, plain, numbers)


def _fill(declared: Block, plain: Any, numbers: Iterator[Any]) -> None:
    for name, field in declared.items():
        element, count = shape_of(field)
        if isinstance(element, dict):
            for one in getattr(plain, name) if count else (getattr(plain, name),):
                _fill(element, one, numbers)
        else:
            drawn = [next(numbers) for _ in range(count or 1)]
            setattr(plain, name, drawn if count else drawn[0])


PLACES: dict[int, tuple[Block, dict[str, tuple[Any, int, int, int]]]] = {}


def places_of(declared: Block) -> dict[str, tuple[Any, int, int, int]]:
    """(element, count, place, size of one) of each field by name; worked out once for a block."""
    known = PLACES.get(id(declared))
    if known is None:  # the block is kept beside its places: its id stays its own
        places, at = {}, 0
        for name, field in declared.items():
            element, count = shape_of(field)
            places[name] = (element, count, at, size_of(element))
            at += size_of(field)
        known = PLACES[id(declared)] = (declared, places)
    return known[1]


class View:
    """A block read by name from a buffer, without numpy: `View(STATE, buffer).clock.now_ns`."""

    def __init__(self, declared: Block, buffer: Any, offset: int = 0) -> None:
        self._places, self._buffer, self._offset = places_of(declared), buffer, offset

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._places:
            raise AttributeError(name)
        element, count, place, step = self._places[name]
        at = self._offset + place
        if not isinstance(element, dict):
            if not count:
                return READERS[element](self._buffer, at)[0]
            return list(struct.unpack_from(f"<{count}{CODES[element]}", self._buffer, at))
        views = [View(element, self._buffer, at + step * number) for number in range(count or 1)]
        found = views if count else views[0]
        self.__dict__[name] = found  # a view stays true: it is made once
        return found
