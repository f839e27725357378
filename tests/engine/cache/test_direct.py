"""Does a thread work a value out once, believe it while it may, and renew it behind answers?"""

import pytest

from engine.cache.direct import Direct, Work
from engine.cache.namespace import Lasting, Rules
from engine.errors import Refused
from tests.engine.cache.memories import FORMS, compiled

NS_MS = 1_000_000


class World:
    """A clock that tests move, and work that counts how often it is done."""

    def __init__(self, form: str) -> None:
        self.now_ms, self.done, self.is_ill = 1_000, 0, False
        native = compiled() if form == "compiled" else None
        rules = Rules(ttl_ms=2_000, fresh_ms=500)
        self.direct = Direct(native, (100, 10_000), rules, lambda: self.now_ms * NS_MS)

    def work(self) -> bytes:
        """Another value each time."""
        if self.is_ill:
            raise Refused("there is nothing", "repeat this")
        self.done += 1
        return b"%d" % self.done

    def get(self, key: str = "a", work: Work | None = None) -> bytes:
        """From wherever it is."""
        return self.direct.get_or_load(key, work or self.work)


@pytest.fixture(params=FORMS)
def world(request: pytest.FixtureRequest) -> World:
    """Nothing kept yet."""
    return World(request.param)


def test_many_ask_and_it_is_worked_out_once(world):
    """Each key by itself."""
    assert {world.get() for _ in range(100)} == {b"1"}
    assert world.get("b") == b"2"
    assert world.direct.figures()["loads"] == 2
    assert world.direct.figures()["memory"]["hits"] == 99


def test_a_stale_value_is_given_and_renewed_afterwards(world):
    """Nobody waits for it; once its time is over, who asks does."""
    world.get()
    world.now_ms += 500
    assert [world.get(), world.get()] == [b"1", b"1"]
    world.direct.refresh()
    world.direct.refresh()
    assert (world.get(), world.done, world.direct.refreshes) == (b"2", 2, 1)
    world.now_ms += 2_000
    assert world.get() == b"3"


def test_what_fails_leaves_the_old_value_until_its_end(world):
    """A refresh that is refused is nobody's error; a reader's own is the reader's."""
    world.get()
    world.now_ms += 600
    world.get()
    world.is_ill = True
    world.direct.refresh()
    assert world.get() == b"1"
    world.now_ms += 1_400
    with pytest.raises(Refused):
        world.get()


@pytest.mark.parametrize(("own_ms", "again"), [(0, True), (100, True), (5_000, False)])
def test_work_says_how_long_its_value_lasts_and_never_longer_than_its_kind(world, own_ms, again):
    """None of it is believed beyond."""
    world.get(work=lambda: Lasting(b"x", own_ms))
    world.now_ms += 100
    assert (world.get() == b"1") is again
    world.direct.refresh()
    world.now_ms += 2_000
    assert world.get() != b"x"


def test_a_value_too_large_is_given_and_not_kept(world):
    """Nor is anything after a reset."""
    large = bytes(20_000)
    assert world.get(work=lambda: large) == large
    assert world.get() == b"1"
    world.direct.forget()
    assert world.get() == b"2"
