"""How long is an order in doubt, that never arrived? As long as it may, and no longer."""

from engine.messages import OrderRejected, SubmitOrder, decode, encode
from engine.venues.asking import ABSENT, ASK_ORDER, SUBMIT, Seen, Silence, Terms
from engine.venues.outside import Outside

SECOND = 1_000_000_000
START = 1_000 * SECOND
TERMS = Terms()


def given_up_after(venue: Outside) -> int:
    """The time until order 1 is said to have never come, while the venue knows none."""
    now_ns = START
    while True:
        now_ns += SECOND // 10
        facts = venue.tick(now_ns)
        for one in tuple(venue.outgoing):
            if one.verb == ASK_ORDER:
                facts += venue.take(one.number, Seen(1, ABSENT))
        venue.outgoing.clear()
        if any(type(decode(fact)) is OrderRejected for fact in facts):
            return now_ns - START


def test_it_is_known_soon_after_the_venue_has_settled():
    """Until then its symbol waits: pauses between questions do not grow past that time."""
    venue = Outside(lambda: (1_000, [0]))
    venue.begin(START)
    venue.send(encode(SubmitOrder(0, 0, 0, 1, 10, 0, 0, 0)))
    (number,) = [one.number for one in venue.outgoing if one.verb == SUBMIT]
    venue.take(number, Silence())

    waited_ns = given_up_after(venue)

    assert TERMS.settle_ns < waited_ns < TERMS.settle_ns + 4 * SECOND


def test_what_was_sent_by_a_life_that_ended_may_still_be_on_its_way():
    """An engine that is back at once waits as long as one that was never away."""
    venue = Outside(lambda: (1_000, [0]))
    venue.begin(START)
    venue.adopt(1, 0, accepted=False, canceling=False)

    assert given_up_after(venue) > TERMS.settle_ns


def test_a_cancel_that_was_asked_for_is_no_acceptance():
    """The order before it may never have arrived: that is believed, too."""
    venue = Outside(lambda: (1_000, [0]))
    venue.begin(START)
    venue.adopt(1, 0, accepted=False, canceling=True)

    assert TERMS.settle_ns < given_up_after(venue) < TERMS.settle_ns + 4 * SECOND
