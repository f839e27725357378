"""How does a value lie in a lower tier? Packed with its versions, its times and a check sum.

An entry is a header and the value in MessagePack. The check sum covers namespace and key too: what
was damaged, or lies where it does not belong, is a miss and never a wrong value.
"""

import struct
from enum import Enum
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar
from zlib import crc32

from engine.errors import Refused

FORMAT, MAGIC = 1, b"SC"
HEADER = struct.Struct(">2sBBHQQQ")  # magic, format, kind, type's version; version, soft, hard
CHECK_SUM = struct.Struct(">I")  # of namespace, key, header and value
BODY_AT = HEADER.size + CHECK_SUM.size
VERSION_AT = 6  # bytes before the version, for tiers that compare it where it lies
VERSION_MAX, TYPE_VERSION_MAX = (1 << 63) - 1, (1 << 16) - 1
VALUE, KNOWN_MISSING, WITHDRAWN = range(3)
# Why an entry is a miss.
DAMAGED, FOREIGN, OTHER_VERSION, EXPIRED, REVOKED_ONE = MISSES = (
    *("damaged", "foreign", "other_version", "expired", "revoked"),
)


def required(name: str) -> Any:
    """A package that only a cache needs; Refused where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise Refused(
            f"a cache is asked for, and {name} is missing",
            "install it: .venv/bin/pip install '.[cache]'",
        ) from None


class Mark(Enum):
    """What an entry may hold in place of a value."""

    MISSING = "the source has nothing under this key"
    REVOKED = "nothing older than this version may be kept under this key"


MISSING, REVOKED = Mark.MISSING, Mark.REVOKED
KINDS: dict[Any, int] = {MISSING: KNOWN_MISSING, REVOKED: WITHDRAWN}
Held = TypeVar("Held")


class Entry(NamedTuple, Generic[Held]):
    """What is kept under a key.

    `version` grows with every change of the key and is taken before a value is loaded, so that a
    late load is known for what it is. `soft_ms` and `hard_ms` are milliseconds of the wall clock:
    fresh until the one, usable until the other, wherever the entry is carried.
    """

    value: Held | Mark
    version: int
    soft_ms: int
    hard_ms: int

    def left_ms(self, own_ms: int, now_ms: int) -> int:
        """How long a tier above may keep it: its own time, and never beyond what is left here."""
        return max(0, min(own_ms, self.hard_ms - now_ms))


def version_in(packed: bytes) -> int:
    """The version of an entry, whatever else it is; 0 where there is none."""
    if len(packed) < BODY_AT or packed[:2] != MAGIC:
        return 0
    return int.from_bytes(packed[VERSION_AT : VERSION_AT + 8], "big")


class Codec(Generic[Held]):
    """Packs and unpacks one namespace's values of one type; `counts` tells why entries missed.

    A change of the type that old entries do not fit is a new `type_version`. TypeError or
    OverflowError for a value that MessagePack cannot hold; Refused without msgspec.
    """

    def __init__(self, namespace: str, type_: type[Held], type_version: int = 1) -> None:
        msgspec = required("msgspec")
        if not 0 <= type_version <= TYPE_VERSION_MAX:
            raise ValueError(f"a type's version lies from 0 to {TYPE_VERSION_MAX}")
        self.counts = dict.fromkeys(MISSES, 0)
        self._type_version, self._seed = type_version, crc32(f"{namespace}\0".encode())
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(type_).decode
        self._unfit = msgspec.MsgspecError  # of the decoder: no MessagePack, or another type

    def pack(self, key: str, entry: Entry[Held]) -> bytes:
        """The entry as bytes that only this key unpacks."""
        value, version, soft_ms, hard_ms = entry
        kind = KINDS[value] if isinstance(value, Mark) else VALUE
        body = b"" if kind else self._encode(value)
        head = HEADER.pack(MAGIC, FORMAT, kind, self._type_version, version, soft_ms, hard_ms)
        return head + CHECK_SUM.pack(self._sum(key, head, body)) + body

    def unpack(self, key: str, packed: bytes, now_ms: int) -> Entry[Held] | None:
        """The entry, None for what must not be used; why is counted."""
        if len(packed) < BODY_AT or packed[:2] != MAGIC:
            return self._missed(FOREIGN)
        head, body = packed[: HEADER.size], packed[BODY_AT:]
        _, form, kind, type_version, version, soft_ms, hard_ms = HEADER.unpack(head)
        if form != FORMAT:
            return self._missed(OTHER_VERSION)
        if CHECK_SUM.unpack_from(packed, HEADER.size)[0] != self._sum(key, head, body):
            return self._missed(DAMAGED)
        if type_version != self._type_version:
            return self._missed(OTHER_VERSION)
        if hard_ms <= now_ms:
            return self._missed(EXPIRED)
        if kind == WITHDRAWN:
            return self._missed(REVOKED_ONE)
        if kind == KNOWN_MISSING:
            return Entry(MISSING, version, soft_ms, hard_ms)
        try:
            return Entry(self._decode(body), version, soft_ms, hard_ms)
        except self._unfit:
            return self._missed(FOREIGN)

    def _missed(self, why: str) -> Entry[Held] | None:
        self.counts[why] += 1
        return None

    def _sum(self, key: str, head: bytes, body: bytes) -> int:
        return crc32(body, crc32(head, crc32(key.encode(), self._seed)))
