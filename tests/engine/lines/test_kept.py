"""Is one wanted connection there whenever it can be, and never too often asked for?"""

import random
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lines.kept import HOUR_NS, Keeping, Kept
from engine.lines.patience import NEVER_NS, NS_A_SECOND
from engine.lines.quota import Quota
from engine.resilience.settings import Backoff

KEEPING = Keeping()


class Call:
    """A connection as the peer would have it: the test says when it opens and ends."""

    def __init__(self, number: int, made_ns: int) -> None:
        self.number, self.made_ns = number, made_ns
        self.ended, self.is_open, self.asked_away_ns = "", False, 0
        self.closed_ns = 0

    def close(self, now_ns: int) -> None:
        """We do not want it any more."""
        self.closed_ns, self.is_open, self.ended = now_ns, False, "we closed it"

    def retry_after_ns(self) -> int:
        """What the peer asked for."""
        return self.asked_away_ns

    def fail(self, why: str = "closed") -> None:
        """The peer ends it."""
        self.ended, self.is_open = why, False


class World:
    """Virtual time, and every connection that was ever made."""

    def __init__(
        self, keeping: Keeping = KEEPING, quota: Quota | None = None, seed: int = 1
    ) -> None:
        self.now_ns = 0
        self.calls: list[Call] = []
        self.kept: Kept[Call] = Kept(
            self._connect, random.Random(seed).random, quota or Quota(), keeping
        )

    def _connect(self, now_ns: int) -> Call:
        self.calls.append(Call(len(self.calls), now_ns))
        return self.calls[-1]

    def turn(self) -> Call | None:
        """What happens now."""
        return self.kept.turn(self.now_ns)

    def wait(self) -> Call | None:
        """Until it is due, and what happens then."""
        due_ns = self.kept.due_ns()
        assert due_ns < NEVER_NS
        self.now_ns = max(self.now_ns, due_ns)
        return self.turn()

    def opened(self) -> Call:
        """A world whose current line is open."""
        call = self.turn() or self.wait()
        assert call is not None
        call.is_open = True
        self.turn()
        return call


def test_a_line_is_made_at_once_and_kept():
    """Nothing more is made while it lives."""
    world = World()
    call = world.opened()

    for _ in range(100):
        world.now_ns += HOUR_NS // 10
        assert world.turn() is None

    assert world.kept.current is call
    assert world.kept.is_open


def test_a_line_that_ended_is_replaced_after_a_wait():
    """Within its jittered bound; why it ended is kept to be told."""
    world = World()
    world.opened().fail("closed it: 1008")

    assert world.turn() is None
    call = world.wait()

    assert call is world.kept.current
    assert world.now_ns <= 500 * 1_000_000
    assert world.kept.last_end == "closed it: 1008"


def test_waits_grow_with_failures_and_are_drawn_from_all_of_their_range():
    """Full jitter: many that failed together do not come back together."""
    longest: dict[int, int] = {}
    for seed in range(200):
        world = World(seed=seed)
        for attempt in range(9):
            call = world.turn() or world.wait()
            assert call is not None
            call.fail()
            before = world.now_ns
            world.turn()
            wait = world.kept.due_ns() - before
            longest[attempt] = max(longest.get(attempt, 0), wait)

    bounds = [min(500 << attempt, 60_000) * 1_000_000 for attempt in range(9)]
    assert all(0.9 * bounds[at] < longest[at] <= bounds[at] for at in range(9))


def test_a_proven_line_forgives_the_failures_before_it():
    """And one that opens for a moment does not: a peer that flaps is not hammered."""
    world = World()
    for _ in range(6):
        (world.turn() or world.wait()).fail()  # type: ignore[union-attr]
    flapping = world.opened()
    flapping.fail()
    world.turn()
    assert world.kept.failures == 7

    world.opened()
    world.now_ns += KEEPING.proven_ns
    world.turn()

    assert world.kept.failures == 0


def test_a_peer_that_asks_for_distance_gets_it():
    """Retry-After is obeyed, whatever the wait would have been."""
    world = World()
    call = world.turn()
    assert call is not None
    call.asked_away_ns = 120 * NS_A_SECOND
    call.fail("HTTP 429")
    world.turn()

    assert world.kept.due_ns() >= 120 * NS_A_SECOND


def test_an_old_line_is_replaced_before_it_is_cut():
    """The next one opens first, both are heard for the overlap, then the old one goes."""
    world = World()
    old = world.opened()

    following = world.wait()
    assert world.now_ns == KEEPING.renew_ns
    assert following is not None
    assert (world.kept.current, old.ended) == (old, "")
    following.is_open = True
    world.turn()
    assert world.kept.lines == (old, following)
    began_ns = world.now_ns
    assert world.wait() is None

    assert old.closed_ns == began_ns + KEEPING.overlap_ns
    assert [call.number for call in world.kept.lines] == [following.number]
    assert world.wait() is not None
    assert world.now_ns == began_ns + KEEPING.overlap_ns + KEEPING.renew_ns


def test_a_peer_that_says_it_will_leave_is_replaced_at_once():
    """`serverShutdown` and the like."""
    world = World()
    old = world.opened()

    world.kept.renew()
    following = world.turn()

    assert following is not None
    assert world.kept.lines == (old, following)


def test_an_old_line_stays_while_the_next_one_fails():
    """And the tries for it are spaced like any other."""
    world = World()
    old = world.opened()
    world.kept.renew()
    made = []
    for _ in range(8):
        following = world.turn() or world.wait()
        assert following is not None
        made.append(world.now_ns)
        following.fail("refused")
        world.turn()

    assert world.kept.current is old
    assert world.kept.is_open
    assert world.kept.failures == 8
    assert made[-1] - made[0] > 5 * NS_A_SECOND


def test_the_next_line_takes_over_where_the_old_one_is_cut():
    """At once, and it is no failure."""
    world = World()
    old = world.opened()
    world.kept.renew()
    following = world.turn()
    assert following is not None
    following.is_open = True
    world.turn()

    old.fail("cut at 24 h")
    assert world.turn() is None

    assert world.kept.current is following
    assert (world.kept.is_open, world.kept.failures) == (True, 0)


def test_what_is_not_wanted_any_more_is_closed_and_not_replaced():
    """Nothing is due after it."""
    world = World()
    call = world.opened()

    world.kept.close(world.now_ns)

    assert call.ended == "we closed it"
    assert world.turn() is None
    assert world.kept.due_ns() == NEVER_NS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["fail", "open", "flap", "renew", "live"]), min_size=1, max_size=60),
    st.integers(0, 1 << 30),
)
def test_there_are_never_more_than_two_and_one_is_always_on_its_way(acts, seed):
    """Whatever peers do: at most the current and the next; a time is always named to go on at."""
    world = World(seed=seed)
    chance = random.Random(seed)
    for act in acts:
        world.turn()
        living = [call for call in world.calls if not call.ended]
        assert set(living) == set(world.kept.lines)
        assert len(living) <= 2
        assert living or world.kept.due_ns() < NEVER_NS
        for call in living[: chance.randint(1, 2)]:
            if act in ("open", "flap"):
                call.is_open = True
            if act in ("fail", "flap"):
                call.fail()
        if act == "renew":
            world.kept.renew()
        world.now_ns += chance.randint(0, 30) * NS_A_SECOND


@pytest.mark.parametrize("lines", [1, 5])
def test_the_peers_limit_on_connections_is_never_passed(lines):
    """300 in 5 minutes for one address, all lines together, though each is cut at once."""
    quota = Quota(300)
    keeping = Keeping(Backoff(base_delay_ms=1, max_delay_ms=1))
    worlds = [World(keeping, quota, seed) for seed in range(lines)]
    made: list[int] = []
    now_ns = 0
    while now_ns < 1_200 * NS_A_SECOND:
        now_ns = max(now_ns, min(world.kept.due_ns() for world in worlds))
        for world in worlds:
            world.now_ns = now_ns
            call = world.turn()
            if call is not None:
                made.append(now_ns)
                call.fail()
                world.turn()

    assert len(made) >= 1_200
    window: deque[int] = deque()
    for at_ns in made:
        window.append(at_ns)
        while window[0] < at_ns - 300 * NS_A_SECOND:
            window.popleft()
        assert len(window) <= 300


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(1, 9))
def test_a_quota_counts_both_ends_of_its_window(gaps, most):
    """No window of its length holds more."""
    quota, now, taken = Quota(most, 100), 0, []
    for gap in gaps:
        now += gap
        if quota.take(now):
            taken.append(now)
        else:
            assert quota.free_ns() > now

    assert all(later - earlier > 100 for earlier, later in zip(taken, taken[most:], strict=False))
