"""Who carries out what a pool says? A world in a box that answers at once, in a time of its own."""

from engine.resilience.demand import Room
from engine.resilience.pool import Check, Command, Connect, Lend, Pool
from engine.resilience.settings import Backoff, PoolSettings
from tests.engine.resilience.clocks import NS

FIXED = PoolSettings(adaptive_scaling=False)


class Box:
    """A pool and a world that answers at once, unless told to wait."""

    def __init__(self, settings: PoolSettings = FIXED, backoff: Backoff | None = None) -> None:
        self.pool, self.now_ns = Pool(settings, backoff), 0
        self.said: list[Command] = []
        self.lent: dict[int, int] = {}  # who -> number
        self.answers = True
        self.sick: set[int] = set()

    def carry_out(self, commands: list[Command]) -> list[Command]:
        """Do what the pool says; all that was said for it."""
        said = list(commands)
        for command in said:
            if isinstance(command, Lend):
                self.lent[command.who] = command.number
            elif self.answers and isinstance(command, Connect):
                said += self.pool.connected(command.number, self.now_ns)
            elif self.answers and isinstance(command, Check):
                sound = command.number not in self.sick
                said += (
                    self.pool.checked(command.number, self.now_ns)
                    if sound
                    else self.pool.lost(command.number, self.now_ns, "no answer")
                )
        self.said += said
        return said

    def ask(self, *callers: int) -> list[Command]:
        """Callers come."""
        return [one for who in callers for one in self.carry_out(self.pool.ask(who, self.now_ns))]

    def give(self, who: int, *, sound: bool = True) -> list[Command]:
        """A caller is done."""
        number = self.lent.pop(who)
        return self.carry_out(self.pool.give_back(number, self.now_ns, sound=sound))

    def after(self, seconds: float, room: Room | None = None) -> list[Command]:
        """Time passes, a tick a second."""
        until_ns, said = self.now_ns + int(seconds * NS), list[Command]()
        while self.now_ns < until_ns:
            self.now_ns = min(self.now_ns + NS, until_ns)
            said += self.carry_out(self.pool.tick(self.now_ns, room))
        return said
