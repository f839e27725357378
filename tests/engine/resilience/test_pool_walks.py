"""Does a pool keep its promises on every way through it? Random walks against its invariants."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.resilience.demand import Room
from engine.resilience.pool import Check, Close, Command, Connect, Lend, Pool, Refuse
from engine.resilience.settings import PoolSettings
from tests.engine.resilience.clocks import Clock

MOST = 3
PLACES = st.integers(0, 5)


class Walk(RuleBasedStateMachine):
    """Callers come, give up and give back; the world answers late, never, or badly."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.who = Clock(), 0
        self.pool = Pool(PoolSettings(1, MOST, 5.0, 20.0, 10.0))
        self.waiting: set[int] = set()
        self.lent: dict[int, int] = {}  # number -> who
        self.making: list[int] = []
        self.asked: list[int] = []
        self.sound: set[int] = set()  # proved since they were last idle
        self.there: set[int] = set()

    def carry_out(self, commands: list[Command]) -> None:
        """Each command is one that may be given now."""
        for command in commands:
            match command:
                case Connect(number):
                    assert number not in self.there
                    self.there.add(number)
                    self.making.append(number)
                case Check(number):
                    assert number in self.there
                    assert number not in self.lent
                    self.asked.append(number)
                case Close(number):
                    assert number not in self.lent
                    self.gone(number)
                case Lend(number, who):
                    assert number in self.sound
                    assert number not in self.lent
                    self.waiting.remove(who)
                    self.lent[number] = who
                case Refuse(who):
                    self.waiting.remove(who)

    def gone(self, number: int) -> None:
        """A connection is no more."""
        for numbers in (self.there, self.sound):
            numbers.discard(number)
        for row in (self.making, self.asked):
            if number in row:
                row.remove(number)

    @rule()
    def ask(self) -> None:
        """A caller comes."""
        self.who += 1
        self.waiting.add(self.who)
        self.carry_out(self.pool.ask(self.who, self.clock()))

    @rule(place=PLACES)
    def withdraw(self, place: int) -> None:
        """A caller gives up."""
        if self.waiting:
            who = sorted(self.waiting)[place % len(self.waiting)]
            self.waiting.remove(who)
            self.pool.withdraw(who)

    @rule(place=PLACES, sound=st.booleans())
    def give_back(self, place: int, *, sound: bool) -> None:
        """A caller is done, or something broke in its hands."""
        if self.lent:
            number = sorted(self.lent)[place % len(self.lent)]
            del self.lent[number]
            if not sound:
                self.sound.discard(number)
            self.carry_out(self.pool.give_back(number, self.clock(), sound=sound))

    @rule(place=PLACES, well=st.booleans())
    def answer_connect(self, place: int, *, well: bool) -> None:
        """A connection is made, or is not."""
        if self.making:
            number = self.making.pop(place % len(self.making))
            if well:
                self.sound.add(number)
                self.carry_out(self.pool.connected(number, self.clock()))
            else:
                self.carry_out(self.pool.lost(number, self.clock(), "refused"))

    @rule(place=PLACES, well=st.booleans())
    def answer_check(self, place: int, *, well: bool) -> None:
        """A connection answers, or does not."""
        if self.asked:
            number = self.asked.pop(place % len(self.asked))
            if well:
                self.sound.add(number)
                self.carry_out(self.pool.checked(number, self.clock()))
            else:
                self.carry_out(self.pool.lost(number, self.clock(), "no answer"))

    @rule(seconds=st.sampled_from([0.5, 1.0, 6.0, 11.0]), memory=st.sampled_from([1e9, 256.0, 0.0]))
    def wait(self, seconds: float, memory: float) -> None:
        """Time passes, and the box has more or less room."""
        now_ns = self.clock.pass_s(seconds)
        self.carry_out(self.pool.tick(now_ns, Room(1.0, memory)))

    @invariant()
    def idle_is_unproved(self) -> None:
        """What lies idle must be asked again."""
        busy = {*self.lent, *self.making, *self.asked}
        self.sound &= busy

    @invariant()
    def bounds_hold(self) -> None:
        """Never more connections than the most, never a longer line, and the same ones known."""
        assert len(self.there) <= MOST
        assert set(self.pool.connections) == self.there
        assert len(self.pool.line) == len(self.waiting) <= 10 * MOST
        figures = self.pool.metrics()
        assert figures["busy"] == len(self.lent)

    @invariant()
    def nobody_waits_beside_an_idle_one(self) -> None:
        """While somebody waits, what is idle is on its way to a caller."""
        on_the_way = len(self.making) + len(self.asked)
        assert not self.pool.metrics()["idle"] or on_the_way >= len(self.waiting)


class LongWalk(Walk):
    """The same for longer."""


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, derandomize=True
)
TestWalkAtLength = pytest.mark.long(LongWalk.TestCase)
TestWalkAtLength.settings = settings(max_examples=1_000, stateful_step_count=100, deadline=None)
