"""Does time go on for an engine whose wall clock is set, and whose machine sleeps?"""

from engine.hearing import Watch

SECOND = 1_000_000_000
START = 1_747_000_020 * SECOND
HOUR = 3_600 * SECOND


class Clocks:
    """The machine's clocks, as a test sets them."""

    def __init__(self) -> None:
        self.wall_ns, self.passed_ns = START, 77 * SECOND
        self.watch = self.begun(0)

    def begun(self, at_ns: int) -> Watch:
        """The watch of an engine whose journal ended then."""
        return Watch(at_ns, lambda: self.wall_ns, lambda: self.passed_ns)

    def wait(self, seconds: float) -> int:
        """Time passes for both; what the watch says then."""
        self.wall_ns += int(seconds * SECOND)
        self.passed_ns += int(seconds * SECOND)
        return self.watch.now_ns()


def test_it_is_the_wall_clocks_time():
    """While nobody sets it."""
    clocks = Clocks()

    assert [clocks.wait(0.5) - START for _ in range(3)] == [SECOND // 2, SECOND, SECOND * 3 // 2]


def test_a_clock_set_back_by_an_hour_does_not_stop_time():
    """It goes on at half its pace, and is the wall clock's again after two hours."""
    clocks = Clocks()
    clocks.wait(10.0)
    clocks.wall_ns -= HOUR
    began_ns = clocks.watch.now_ns()

    after_a_minute = clocks.wait(60.0)
    after_two_hours = [clocks.wait(1.0) for _ in range(7_200)][-1]

    assert after_a_minute == began_ns + 30 * SECOND
    assert after_two_hours == clocks.wall_ns


def test_a_clock_set_forward_and_a_machine_that_slept_are_followed_at_once():
    """What waits for time has waited long enough."""
    clocks = Clocks()
    clocks.wall_ns += HOUR

    assert clocks.wait(1.0) == START + HOUR + SECOND
    assert clocks.wait(600.0) == START + HOUR + 601 * SECOND


def test_time_never_goes_back():
    """However the clock is set."""
    clocks, seen = Clocks(), []
    for number in range(200):
        clocks.wall_ns += (-1) ** number * (number % 7) * 100 * SECOND
        seen.append(clocks.wait(0.1))

    assert seen == sorted(seen)


def test_a_journal_that_ended_under_a_clock_set_forward_is_gone_on_with_at_once():
    """Heartbeats follow the last one; nothing waits until the clock is as far again."""
    clocks = Clocks()
    clocks.watch = clocks.begun(START + HOUR)

    assert clocks.wait(10.0) == START + HOUR + 5 * SECOND
