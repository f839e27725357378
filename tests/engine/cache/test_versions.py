"""Is a later version greater, and is what was written here never undone from below?"""

from engine.cache import versions as of
from engine.cache.versions import Versions


class Clock:
    """Milliseconds that a test moves."""

    def __init__(self) -> None:
        self.ms = 1_000

    def __call__(self) -> int:
        """Now."""
        return self.ms


def test_each_version_is_greater_whatever_the_clock_does():
    """Also within one millisecond, and when it is set back."""
    clock = Clock()
    versions = Versions(clock)
    taken = [versions.next() for _ in range(100)]
    clock.ms -= 500
    taken += [versions.next() for _ in range(100)]
    clock.ms += 10_000
    taken.append(versions.next())

    assert taken == sorted(set(taken))
    assert taken[-1] >> 20 == clock.ms


def test_nothing_older_than_what_was_written_is_trusted_as_long_as_it_may_live():
    """The same and newer is; other keys are not concerned; afterwards all is dead anyway."""
    clock = Clock()
    versions = Versions(clock)
    before, ours, after = (versions.next() for _ in range(3))
    versions.wrote("a", ours, 100)

    assert [versions.trusts("a", one) for one in (before, ours, after)] == [False, True, True]
    assert versions.trusts("b", before)
    clock.ms += 100
    versions.wrote("c", versions.next(), 100)
    assert versions.trusts("a", before)


def test_what_is_too_much_to_know_is_mistrusted(monkeypatch):
    """Of more keys than are kept, the oldest one's version becomes everybody's."""
    monkeypatch.setattr(of, "KEPT", 3)
    versions = Versions(Clock())
    taken = [versions.next() for _ in range(5)]
    for number, version in enumerate(taken):
        versions.wrote(f"k{number}", version, 1_000)

    assert not versions.trusts("k0", taken[0] - 1)
    assert not versions.trusts("other", taken[0])
    assert versions.trusts("other", taken[1])
    assert versions.trusts("k4", taken[4])
    assert not versions.trusts("k4", taken[3])


def test_what_is_of_a_time_to_come_is_not_trusted():
    """A clock that was set back an hour would let it live an hour too long."""
    clock = Clock()
    clock.ms += 3_600_000
    written = Versions(clock).next()
    clock.ms -= 3_600_000
    later = Versions(clock)

    assert not later.trusts("a", written)
    clock.ms += 3_600_000 - of.AGREE_MS
    assert later.trusts("a", written)
