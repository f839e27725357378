"""How do two processes say something whole to each other? In frames: length, kind, payload."""

import struct

PROTOCOL = 1
HEAD = struct.Struct("<IB")  # length of the payload, kind
WORDS, PICTURE, IMAGE = 1, 2, 3  # a JSON object, a picture's bytes, the whole state's bytes
FRAME_MAX = 4 << 20  # far above a whole state; a longer one is no frame of ours


def packed(kind: int, payload: bytes) -> bytes:
    """One frame."""
    return HEAD.pack(len(payload), kind) + payload


class Frames:
    """Cuts a stream of bytes, as they happen to arrive, into whole frames."""

    def __init__(self, payload_max: int = FRAME_MAX) -> None:
        self._rest, self._payload_max = bytearray(), payload_max

    def feed(self, raw: bytes) -> list[tuple[int, bytes]]:
        """(kind, payload) of each frame completed by these bytes; ValueError for none of ours."""
        self._rest += raw
        found = []
        while len(self._rest) >= HEAD.size:
            length, kind = HEAD.unpack_from(self._rest)
            if length > self._payload_max or kind not in (WORDS, PICTURE, IMAGE):
                raise ValueError("not a frame of this protocol")
            if len(self._rest) < HEAD.size + length:
                break
            found.append((kind, bytes(self._rest[HEAD.size : HEAD.size + length])))
            del self._rest[: HEAD.size + length]
        return found
