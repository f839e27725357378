"""Which whole texts did a WebSocket server send? Frames cut out of bytes (RFC 6455, section 5.2).

Almost every frame of a market stream is one short text: those are cut out here, 0.3 us each. Every
other frame (controls, fragments, long ones, errors) goes through the library's own protocol, one
whole frame at a time, so that both never disagree about where they are.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.client import ClientProtocol
    from websockets.frames import Frame

WHOLE_TEXT = 0x81  # the last frame of its message, which is text
CONTINUES, TEXT, BINARY, CLOSE = 0, 1, 2, 8
BAD_TEXT, NOT_TEXT = 1007, 1003  # close codes (section 7.4.1)


def whole_texts(stream: bytes, at: int, found: list[bytes]) -> int:
    """Append the unbroken run of short whole texts that begins there; where it stops.

    UnicodeDecodeError for text that is none, with those before it appended.
    """
    end = len(stream)
    take = found.append
    while end - at >= 2 and stream[at] == WHOLE_TEXT:
        length = stream[at + 1]
        start = at + 2
        if length > 125:
            start = at + 4
            if length != 126 or start > end:
                break
            length = stream[at + 2] << 8 | stream[at + 3]
        stop = start + length
        if stop > end:
            break
        text = stream[start:stop]
        if not text.isascii():
            text.decode()
        take(text)
        at = stop
    return at


class Messages:
    """The incoming half of one open WebSocket; `protocol` answers pings and closes by itself."""

    def __init__(self, protocol: "ClientProtocol") -> None:
        self._protocol = protocol
        self.is_over = False  # a close frame or an error came: nothing after it counts
        self._rest = b""
        self._owed = 0  # bytes of a frame's payload that the library still waits for
        self._length_of = 0  # bytes of its extended length
        self._is_inside = False  # a frame that the library has seen the beginning of
        self._parts: bytearray | None = None  # of a message in fragments

    def feed(self, raw: bytes) -> list[bytes]:
        """The texts that became whole with these bytes."""
        stream = self._rest + raw if self._rest else raw
        found: list[bytes] = []
        at, before, end = 0, -1, len(stream)
        try:
            while before != at < end and not self.is_over:
                before = at
                if not self._is_inside and self._parts is None:
                    at = whole_texts(stream, at, found)
                at = self._pass_on(stream, at, found)
        except UnicodeDecodeError as error:
            self._fail(BAD_TEXT, f"{error.reason} at position {error.start}")
        self._rest = b"" if self.is_over or at == end else stream[at:]
        return found

    def _pass_on(self, stream: bytes, at: int, found: list[bytes]) -> int:
        """Give the library the next piece of a frame that is not a short whole text."""
        have = len(stream) - at
        if not self._is_inside:
            if have < 2 or (self._parts is None and is_short_text(stream, at)):
                return at
            length = stream[at + 1] & 0x7F
            self._is_inside = True
            self._length_of = {126: 2, 127: 8}.get(length, 0)
            self._owed = 0 if self._length_of else length
            return self._give(stream, at, 2, found)
        if self._length_of:
            size = self._length_of
            if have < size:
                return at
            self._length_of = 0
            self._owed = int.from_bytes(stream[at : at + size], "big")
            return self._give(stream, at, size, found)
        size = min(have, self._owed)
        self._owed -= size
        return self._give(stream, at, size, found)

    def _give(self, stream: bytes, at: int, size: int, found: list[bytes]) -> int:
        if size:
            self._protocol.receive_data(stream[at : at + size])
        if not self._owed and not self._length_of:
            self._is_inside = False
        for frame in self._protocol.events_received():
            self._take(frame, found)  # type: ignore[arg-type]  # open, it has no other events
        if self._protocol.parser_exc is not None:
            self.is_over = True
        return at + size

    def _take(self, frame: "Frame", found: list[bytes]) -> None:
        """A frame that the library found to be right."""
        if self.is_over:
            return
        if frame.opcode == BINARY:
            self._fail(NOT_TEXT, "only text is understood here")
        elif frame.opcode == CLOSE:
            self.is_over = True
        elif frame.opcode in (TEXT, CONTINUES):
            self._parts = self._parts or bytearray()
            self._parts += frame.data
            if frame.fin:
                whole, self._parts = self._parts, None
                whole.decode()
                found.append(bytes(whole))

    def _fail(self, code: int, reason: str) -> None:
        self.is_over = True
        self._protocol.fail(code, reason)


def is_short_text(stream: bytes, at: int) -> bool:
    """Whether the frame there is, or is becoming, one that `whole_texts` cuts out."""
    return stream[at] == WHOLE_TEXT and stream[at + 1] <= 126
