"""Does the right source feed, and does a source that falters prove itself before it is believed?"""

from hypothesis import given
from hypothesis import strategies as st

from engine.market.failover import (
    BEGUN,
    ENDED,
    FALLS,
    HEARD,
    IDLE,
    LOST,
    NEXT,
    PROVED,
    PROVING,
    SECOND_NS,
    SILENT,
    STARTING,
    WELL,
    Choice,
    Patience,
    Standing,
)

PATIENCE = Patience()


def standing(name: str = "one", *signals: str, now_ns: int = 1) -> Standing:
    """A source to which this happened."""
    made = Standing(name, PATIENCE)
    for what in signals:
        assert made.signal(what, now_ns)
    return made


def feeding(choice: Choice) -> str:
    """Who feeds."""
    return choice.feeding.name if choice.feeding else ""


def test_the_table_is_whole():
    """From everywhere the way leads on; what is not in it does not count."""
    states = {state for state, _ in NEXT}

    assert states == set(NEXT.values()) == {IDLE, STARTING, PROVING, WELL}
    assert not standing().signal(HEARD, 5)
    assert not standing("one", BEGUN).signal(PROVED, 5)
    assert not standing("one", BEGUN).signal(LOST, 5, "refused")
    assert standing("one", BEGUN, HEARD, PROVED).state == WELL


def test_speaking_for_half_a_minute_is_well():
    """Silence before that begins anew."""
    one = standing("one", BEGUN)
    one.hear(5)
    assert (one.state, one.due_ns(5)) == (PROVING, 5 + 10 * SECOND_NS)

    for second in range(1, 31):
        one.hear(5 + second * SECOND_NS)
        one.tick(5 + second * SECOND_NS)

    assert (one.state, one.why) == (WELL, "proved")
    one.tick(5 + 40 * SECOND_NS)
    assert (one.state, one.why) == (STARTING, "silent for 10 s")


def test_proof_takes_longer_after_each_fall():
    """Doubled by each within the hour, at most ten minutes; an hour later it is forgotten."""
    one = standing("one", BEGUN)
    takes = []
    for fall in range(8):
        one.hear(fall)
        one.signal(SILENT, fall)
        takes.append(one.proof_ns(fall) // SECOND_NS)

    assert takes == [30, 60, 120, 240, 480, 600, 600, 600]
    assert one.proof_ns(3_600 * SECOND_NS + 8) == 30 * SECOND_NS


def test_the_first_that_is_well_feeds():
    """One that only begins to speak does not take over from one that is well."""
    first, second = standing("first", BEGUN, HEARD), standing("second")
    choice = Choice([first, second])
    assert choice.choose(1)
    assert feeding(choice) == "first"

    first.signal(LOST, 2, "reset")
    assert not choice.is_wanted(second, 2 + PATIENCE.away_ns - 1)
    assert choice.is_wanted(second, 2 + PATIENCE.away_ns)
    choice.choose(2)
    assert feeding(choice) == ""
    second.signal(BEGUN, 3)
    second.signal(HEARD, 4)
    choice.choose(4)
    assert feeding(choice) == "second"
    first.signal(HEARD, 5)
    assert not choice.choose(5)
    second.signal(PROVED, 6)
    assert not choice.choose(6)
    first.signal(PROVED, 7)
    assert choice.choose(7)

    assert feeding(choice) == "first"
    assert not choice.is_wanted(second, 7)
    assert [switch.why for switch in choice.switches] == [
        "nothing heard yet",
        "it speaks",
        "first: reset",
        "it speaks",
        "first is well again",
    ]


def test_a_third_source_is_needed_only_where_the_second_fails():
    """In order, each given the time to come back."""
    sources = [standing("first", BEGUN), standing("second"), standing("third")]
    choice = Choice(sources)
    later_ns = 1 + PATIENCE.away_ns

    assert [choice.is_wanted(one, later_ns) for one in sources] == [True, True, True]
    sources[1].signal(BEGUN, later_ns)
    assert [choice.is_wanted(one, later_ns) for one in sources] == [True, True, False]
    sources[1].signal(HEARD, later_ns)
    choice.choose(later_ns)
    assert [choice.is_wanted(one, later_ns * 9) for one in sources] == [True, True, False]


def test_a_source_that_helps_out_goes_on_until_the_first_is_well():
    """The first speaks, and falls again before it proved itself: nobody else would feed."""
    first, second = standing("first", BEGUN, HEARD), standing("second")
    choice = Choice([first, second])
    choice.choose(1)
    first.signal(LOST, 2)
    away_ns = 2 + PATIENCE.away_ns
    second.signal(BEGUN, away_ns)
    second.signal(HEARD, away_ns)
    choice.choose(away_ns)

    for what in (HEARD, LOST):
        first.signal(what, away_ns + 1)
        choice.choose(away_ns + 1)
        assert (feeding(choice), choice.is_wanted(second, away_ns + 1)) == ("second", True)
    first.signal(HEARD, away_ns + 2)
    first.signal(PROVED, away_ns + 3)
    choice.choose(away_ns + 3)

    assert (feeding(choice), choice.is_wanted(second, away_ns + 3)) == ("first", False)


SIGNALS = st.sampled_from([BEGUN, HEARD, PROVED, ENDED, *FALLS])


@given(st.lists(st.tuples(st.integers(0, 2), SIGNALS), max_size=60))
def test_whoever_feeds_speaks_and_nobody_well_stands_before_it(history):
    """Whatever happens to three sources."""
    sources = [standing(name) for name in ("first", "second", "third")]
    choice = Choice(sources)

    for now_ns, (number, what) in enumerate(history, 1):
        sources[number].signal(what, now_ns)
        before = choice.feeding
        switched = choice.choose(now_ns)
        assert switched == (choice.feeding is not before)
        speaking = [one for one in sources if one.state in (PROVING, WELL)]
        well = [one for one in sources if one.state == WELL]
        assert (choice.feeding is None) == (not speaking)
        if well:
            assert choice.feeding is well[0]
        elif before is not None and before.state == PROVING:
            assert choice.feeding is before
        assert not any(one.moved for one in sources)
