"""Does whatever was said arrive whole, however the stream is cut?"""

from random import Random

import pytest

from engine.control.frames import FRAME_MAX, HEAD, IMAGE, PICTURE, WORDS, Frames, packed


def test_frames_arrive_whole_however_the_stream_is_cut():
    """200 frames of every kind and many sizes, in pieces of random length."""
    draw = Random(3)
    sent = [
        (draw.choice((WORDS, PICTURE, IMAGE)), draw.randbytes(draw.choice((0, 1, 60, 9_000))))
        for _ in range(200)
    ]
    stream = b"".join(packed(kind, payload) for kind, payload in sent)
    frames, arrived = Frames(), []

    while stream:
        size = draw.choice((1, 3, 64, 5_000))
        arrived += frames.feed(stream[:size])
        stream = stream[size:]

    assert arrived == sent


@pytest.mark.parametrize("head", [HEAD.pack(FRAME_MAX + 1, WORDS), HEAD.pack(4, 9), b"GET / HTTP"])
def test_what_is_no_frame_is_refused_at_its_head(head):
    """Before a byte of it is kept."""
    with pytest.raises(ValueError, match="not a frame"):
        Frames().feed(head)
