"""Do our cut and the library's agree on every byte a WebSocket server may send?"""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from engine.lines.messages import Messages

MESSAGE_MAX = 1 << 17
SIZES = [0, 1, 125, 126, 127, 255, 256, 257, 1_000, 32_768, 65_535, 65_536, 140_000]
TEXTS = st.one_of(
    st.text(max_size=60).map(str.encode),
    st.sampled_from(SIZES).map(lambda size: b"x" * size),
    st.sampled_from([b"\xff", b"\xc3", "größer".encode()]),
    # Texts whose inside looks like a frame: whoever loses count of bytes finds texts there.
    st.sampled_from([1, 50, 20_000]).map(lambda count: "Á\x01a".encode() * count),
)


def protocol() -> ClientProtocol:
    """One whose handshake is done."""
    return ClientProtocol(parse_uri("ws://peer/"), state=OPEN, max_size=MESSAGE_MAX)


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """As a server sends it, right or wrong."""
    head = bytes([(0x80 if fin else 0) | opcode])
    size = len(payload)
    if size < 126:
        return head + bytes([size]) + payload
    if size < 65_536:
        return head + b"\x7e" + size.to_bytes(2, "big") + payload
    return head + b"\x7f" + size.to_bytes(8, "big") + payload


def fragmented(payload: bytes, cuts: int, between: bytes) -> bytes:
    """A text in several frames, a control frame between each two."""
    size = max(len(payload) // cuts, 1)
    parts = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
    frames = [
        frame(0 if number else 1, part, fin=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]
    return between.join(frames)


# A beginning without its end, and an end without its beginning.
TORN = st.sampled_from([frame(1, b"torn", fin=False), frame(0, b"off", fin=False), frame(0, b"")])
CONTROLS = st.sampled_from([frame(9, b"ping"), frame(10), frame(10, b"pong"), b""])
FRAMES = st.one_of(
    TEXTS.map(lambda payload: frame(1, payload)),
    TEXTS.map(lambda payload: frame(1, payload)),
    st.builds(fragmented, TEXTS, st.integers(1, 5), CONTROLS),
    CONTROLS,
    st.binary(max_size=140).map(lambda payload: frame(9, payload)),
    TORN,
    st.builds(frame, st.integers(0, 15), TEXTS, fin=st.booleans()),
    st.sampled_from([frame(8), frame(8, b"\x03\xe8bye"), frame(8, b"\x00"), frame(8, b"\x03\xe9")]),
    # Lengths that could be said shorter, masked frames, reserved bits, whatever else.
    TEXTS.map(lambda text: b"\x81\x7e" + len(text[:999]).to_bytes(2, "big") + text[:999]),
    TEXTS.map(lambda text: b"\x81\x7f" + len(text[:999]).to_bytes(8, "big") + text[:999]),
    st.sampled_from([b"\x81\x85abcdhello", b"\xc1\x01x", b"\x81\x7f" + b"\xff" * 8]),
    st.binary(max_size=6),
)


def by_the_library(stream: bytes) -> tuple[list[str], object, bytes]:
    """Texts, why it was over and what was answered, as websockets' own connections find them."""
    theirs = protocol()
    texts: list[str] = []
    whole = bytearray()
    for at in range(len(stream)):
        theirs.receive_data(stream[at : at + 1])
        for event in theirs.events_received():
            assert isinstance(event, Frame)
            if event.opcode is Opcode.BINARY:
                theirs.fail(CloseCode.UNSUPPORTED_DATA, "only text is understood here")
            elif event.opcode in (Opcode.TEXT, Opcode.CONT):
                whole += event.data
                if event.fin:
                    try:
                        texts.append(whole.decode())
                    except UnicodeDecodeError as error:
                        reason = f"{error.reason} at position {error.start}"
                        theirs.fail(CloseCode.INVALID_DATA, reason)
                    whole.clear()
        if theirs.state is not OPEN:
            break
    return texts, theirs.close_sent, unmasked(b"".join(theirs.data_to_send()))


def by_us(pieces: list[bytes]) -> tuple[list[str], object, bytes]:
    """The same of ours."""
    ours = protocol()
    messages = Messages(ours)
    texts = [text.decode() for piece in pieces for text in messages.feed(piece)]
    assert messages.is_over == (ours.state is not OPEN)
    return texts, ours.close_sent, unmasked(b"".join(ours.data_to_send()))


def unmasked(sent: bytes) -> bytes:
    """Frames of a client without the masks, which are random."""
    plain = b""
    while sent:
        size = sent[1] & 0x7F
        assert size < 126
        mask, payload, rest = sent[2:6], sent[6 : 6 + size], sent[6 + size :]
        plain += sent[:2] + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        sent = rest
    return plain


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream as a socket might hand it out."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:stop] for start, stop in pairwise(edges)]


@settings(max_examples=200, deadline=None)
@given(st.lists(FRAMES, max_size=8), st.lists(st.integers(0, 1 << 20), max_size=12))
def test_both_cuts_agree(frames, places):
    """The same texts, close codes and answers, wherever the bytes are cut."""
    stream = b"".join(frames)[:200_000]

    assert by_us(cut(stream, places)) == by_the_library(stream)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=300), max_size=20))
def test_byte_by_byte_is_the_same(texts):
    """A stream of single bytes holds what the whole one holds."""
    stream = b"".join(frame(1, text.encode()) for text in texts)

    assert by_us([stream[at : at + 1] for at in range(len(stream))])[0] == texts


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (frame(1, b"\xff"), 1007),
        (frame(2, b"x"), 1003),
        (frame(1, b"x" * (MESSAGE_MAX + 1)), 1009),
        (frame(1, b"x" * 70_000, fin=False) + frame(0, b"x" * 70_000), 1009),
        (frame(0, b"x"), 1002),
        (frame(1, b"torn", fin=False) + frame(1, b"another"), 1002),
        (frame(1, b"torn", fin=False) + frame(8, b"\x03\xe8"), 1002),
        (b"\x81\x85abcdhello", 1002),
        (b"\xc1\x01x", 1002),
        (frame(3), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(8, b"\x03\xe8"), 1000),
    ],
)
def test_each_way_to_end_has_its_code(stream, code):
    """RFC 6455, 7.4.1; the texts before it count, and nothing behind it does."""
    texts, sent, _ = by_us([frame(1, b"before") + stream + frame(1, b"behind")])

    assert texts == ["before"]
    assert sent is not None
    assert sent.code == code  # type: ignore[attr-defined]


def test_a_message_beyond_the_bound_is_refused_before_it_is_there():
    """Its length alone ends the line: nothing of that size is ever held."""
    head_alone = b"\x81\x7f" + (1 << 40).to_bytes(8, "big")

    _, sent, _ = by_us([head_alone])

    assert sent is not None
    assert sent.code == 1009  # type: ignore[attr-defined]
