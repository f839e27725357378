"""Is this what a net of strengths wrote down? Plain and versioned; what is damaged is refused."""

from collections.abc import Iterator
from typing import Any, NoReturn

from engine.cache.strengths import LEAST, ONE, Key
from engine.errors import Refused

VERSION = 1


def whole(**nets: list[list[Any]]) -> dict[str, Any]:
    """A dump of these nets' rows."""
    return {"version": VERSION, **nets}


def rows_of(dumped: object, net: str) -> list[tuple[Key, dict[Key, int]]]:
    """One net's rows, checked to the last strength; Refused where they are not what was written."""
    if not isinstance(dumped, dict) or not isinstance(dumped.get(net), list | tuple):
        damaged(f"it holds no {net}")
    if dumped.get("version") != VERSION:
        damaged(f"its version is {dumped.get('version')!r}, not {VERSION}")
    return [(key_in(key), dict(wires_in(wires))) for key, wires in pairs_in(dumped[net])]


def pairs_in(rows: object) -> Iterator[tuple[object, object]]:
    """Two things at a time."""
    if not isinstance(rows, list | tuple):
        damaged("a row is no list")
    for row in rows:
        if not isinstance(row, list | tuple) or len(row) != 2:
            damaged("a row is no pair")
        yield row[0], row[1]


def wires_in(wires: object) -> Iterator[tuple[Key, int]]:
    """(other key, strength) of one row."""
    for other, strength in pairs_in(wires):
        if type(strength) is not int or not LEAST <= strength <= ONE:
            damaged(f"{strength!r} is no strength")
        yield key_in(other), strength


def key_in(key: object) -> Key:
    """A key as caches have them."""
    if type(key) is not str and type(key) is not int:
        damaged(f"{key!r:.40} is no key")
    return key


def damaged(why: str) -> NoReturn:
    """Refuse the dump in two lines."""
    raise Refused(
        f"What the cache had learnt cannot be read: {why}", "it is learnt anew; remove the dump"
    )
