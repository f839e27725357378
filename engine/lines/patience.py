"""How long does a line wait, and how much does it hold? The bounds of one connection."""

from typing import NamedTuple

NS_A_SECOND = 1_000_000_000
NEVER_NS = 1 << 62  # when nothing is due
RECEIVE_MAX = 1 << 16  # bytes taken of one line in one turn, so that no line starves another
PLAIN_MAX = 1 << 16  # bytes a message may always have


class Patience(NamedTuple):
    """Nanoseconds and bytes of one line; whatever passes one of them ends the line, saying so."""

    open_ns: int = 10 * NS_A_SECOND  # from the first step until it can be used
    silent_ns: int = 25 * NS_A_SECOND  # unheard so long, the peer is pinged (Binance: each 20 s)
    answer_ns: int = 10 * NS_A_SECOND  # for a ping or a request to be answered
    close_ns: int = 2 * NS_A_SECOND  # for a goodbye to be answered
    unsent_max: int = 1 << 20  # bytes the peer has not taken yet
    message_max: int = 4 << 20  # bytes of one message or one answer's body; at least PLAIN_MAX


PATIENCE = Patience()
