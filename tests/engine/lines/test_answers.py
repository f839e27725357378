"""Are the answers of HTTP servers read as others read them, and is what is unclear refused?"""

import http.client
import io
from collections import deque
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lines.answers import HEAD_MAX, Answer, Answers

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BODIES = st.binary(max_size=400)
NAMES = st.sampled_from(["Retry-After", "X-MBX-USED-WEIGHT-1M", "Date", "x-odd"])
VALUES = st.text("abc 019-:;,=", max_size=20).map(str.strip)


@st.composite
def answers_and_bytes(draw):
    """An answer as a server may put it: sized, in chunks, after answers of 1xx, or empty."""
    status = draw(st.sampled_from([200, 201, 400, 418, 429, 503, 204, 304]))
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{draw(NAMES)}:{draw(VALUES)}" for _ in range(draw(st.integers(0, 4)))]
    body, interim = draw(BODIES), draw(st.integers(0, 2))
    if status in (204, 304):
        sent = b""
    elif draw(st.booleans()):
        lines.append(f"Content-Length: {len(body)}")
        sent = body
    else:
        lines.append("Transfer-Encoding: chunked")
        size = draw(st.integers(1, 200))
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        sent = b"".join(b"%x;e=1\r\n%b\r\n" % (len(part), part) for part in parts)
        sent += b"0\r\n" + draw(st.sampled_from([b"", b"Trailer: x\r\n"])) + b"\r\n"
    first = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" if interim > 1 else b""
    first = b"HTTP/1.1 100 Continue\r\n\r\n" * interim if interim < 2 else first
    return first + "\r\n".join([*lines, "", ""]).encode() + sent


class Spoken:
    """Bytes, where http.client wants a socket."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        """To read from."""
        return io.BytesIO(self._raw)


@settings(max_examples=300, deadline=None)
@given(answers_and_bytes(), st.lists(st.integers(0, 2_000), max_size=8))
def test_answers_are_read_as_the_standard_library_reads_them(raw, places):
    """Status, headers and body, wherever the bytes are cut."""
    begins = raw.rfind(b"HTTP/1.1 ")  # http.client passes over 100 alone
    theirs = http.client.HTTPResponse(Spoken(raw[begins:]), method="GET")  # type: ignore[arg-type]
    theirs.begin()
    body = theirs.read()
    edges = [0, *sorted(place % (len(raw) + 1) for place in places), len(raw)]
    ours = Answers(1 << 20)
    ours.expect("GET")

    found = [ours.feed(raw[start:stop]) for start, stop in pairwise(edges)]

    answer = next(one for one in found if one is not None)
    assert (answer.status, answer.body) == (theirs.status, body)
    for name in {name.lower() for name, _ in theirs.getheaders()}:
        assert answer.headers[name] == ", ".join(theirs.headers.get_all(name, []))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"SSH-2.0\r\n", "does not speak HTTP/1"),
        (b"HTTP/2 200 OK\r\n\r\n", "does not speak HTTP/1"),
        (b"HTTP/1.1 200 OK\r\nX: y\nZ: a\r\n\r\n", "a header line of it is none"),
        (b"HTTP/1.1 200 OK\r\n folded\r\n\r\n", "a header line of it is none"),
        (b"HTTP/1.1 200 OK\r\nName : x\r\n\r\n", "a header line of it is none"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "101"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, "100"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "length of its body is none"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "longer than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, "longer than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "two ways"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            "two ways",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "no size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", "longer than 1000"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", "another size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 5_000, "too long"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 1_500,
            "trailers are too long",
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "too many header lines"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * HEAD_MAX, "head is too long"),
        (OK + b"HTTP/1.1", "more than was asked"),
    ],
)
def test_what_could_be_read_in_two_ways_is_no_answer(raw, told):
    """Each way an answer can be wrong or without a bound, and the line then ends."""
    answers = Answers(1_000)
    answers.expect("GET")

    with pytest.raises(ValueError, match=told):
        deque(answers.feed(raw[at : at + 1_000]) for at in range(0, len(raw), 1_000))


WORDS = st.sampled_from(
    [b"HTTP/1.1 ", b"200 OK", b"\r\n", b"\r\n\r\n", b"Content-Length: ", b"5", b"chunked", b"0\r\n"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS | st.binary(max_size=8), max_size=30))
def test_whatever_comes_is_an_answer_or_refused(words):
    """Nothing else ever comes out of bytes, however they are put together."""
    answers = Answers(1_000)
    answers.expect("GET")

    found: list[Answer] = []
    with suppress(ValueError):
        found += filter(None, map(answers.feed, words))

    assert len(found) <= 1
    assert all(200 <= one.status <= 999 and len(one.body) <= 1_000 for one in found)
