"""How does an engine live on an exchange? Its market and its account are heard, its orders sent."""

from typing import TYPE_CHECKING, cast

from engine.hearing import Hearing
from engine.lines.patience import NEVER_NS
from engine.messages import DOUBTS, REASON, MarketDoubted, encode, texts_of
from engine.network import Ears, Network
from engine.other_steps import are_told, taken_over, tell
from engine.reach import Reach, refuse_wrong_keys, told
from engine.venues.asking import Answer

if TYPE_CHECKING:
    from engine.builder import CoreBuilder
    from engine.exchange import Exchanged
    from engine.options import Options
    from engine.parts import Engine
    from engine.running import Stop
    from engine.venues.outside import Outside

NOTES_A_TURN = 8  # of the venue's, told to the log
RULES_CHANGED = DOUBTS[6]


class Live(Hearing):
    """An engine whose market and orders are an exchange's."""

    def __init__(
        self, engine: "Engine", options: "Options", stop: "Stop", builder: "CoreBuilder"
    ) -> None:
        super().__init__(engine, options, stop, builder)
        self.venue = cast("Outside", engine.loop.venue)
        self.exchanged = cast("Exchanged", engine.joined())
        parts = self.exchanged.market, self.exchanged.account
        ears = Ears(self.take_market, self.take_words)
        self.told_switch = self.exchanged.market.choice.switches[-1]
        self.network = Network(self.poll, parts, self.exchanged.settings, ears)
        self.doubts_seen_ns = -1  # of when the newest look at them was taken in
        engine.held.append(lambda: self.network.close(self.now_ns))
        self.reach = Reach(self.now_ns)
        self.desk.exchange = lambda: told(engine, self.exchanged, self.reach, self.now_ns)

    def run(self) -> None:
        """Until the time is over or somebody asks to stop."""
        self.pass_time()
        self.heed_doubts()  # nothing is heard yet: past bars alone are no market to buy in
        self.network.begin(self.now_ns)
        while not self.stop.wished:
            self.pass_time()
            self.beat_until(self.now_ns)
            self.take_facts(self.venue.tick(self.now_ns))
            self.commands_leave()
            self.network.turn(self.now_ns)
            self.heed_rules()
            self.heed_doubts()
            self.commands_leave()
            if self.is_over():
                return
            beat_ns = self.engine.core.state.clock.heartbeat_due_ns or NEVER_NS
            due_ns = min(self.network.due_ns(), self.venue.due_ns())
            self.hear(self.sleep_s(min(beat_ns, due_ns)))

    def hear_other(self, fd: int) -> None:
        """A socket of the exchange, or of somebody who asks."""
        self.pass_time()
        if not self.network.hear(fd, self.now_ns):
            super().hear_other(fd)

    def take_words(self, words: list[tuple[int, Answer]]) -> None:
        """What the venue answered, or told by itself."""
        for number, word in words:
            self.take_facts(self.venue.take(number, word))

    def take_facts(self, facts: list[bytes]) -> None:
        """What the venue's words mean to the core."""
        for fact in facts:
            self.beat_until(int.from_bytes(fact[16:24], "little"))
            self.engine.loop.take(fact)

    def commands_leave(self) -> None:
        """Commands whose cause is durable become requests, and requests leave."""
        super().commands_leave()
        while self.venue.outgoing:
            self.network.ask(self.venue.outgoing.popleft(), self.now_ns)

    def heed_rules(self) -> None:
        """Other steps and limits are taken over at once, where the core's units divide them."""
        books, state = self.exchanged.account.books, self.engine.core.state
        while books.told:
            number, now = books.told.popitem()
            one = taken_over(now, state.symbols[number])
            if one is None or are_told(one, state.symbols[number].instrument):
                continue
            tell(self.engine, number, one, self.now_ns)
            books.rules[number] = books.rules[number]._replace(instrument=one)
            books.outdated.discard(number)
            for source in self.exchanged.market.sources:
                source.feeds[one.name].instrument = one

    def heed_doubts(self) -> None:
        """What is not believed of the market becomes an event, and what is believed again.

        It is held against the state: one that went on from a journal may be of another mind.
        """
        doubts = self.exchanged.market.doubts
        if doubts.looked_ns == self.doubts_seen_ns:
            return
        self.doubts_seen_ns = doubts.looked_ns
        outdated = self.exchanged.account.books.outdated
        for number, why in enumerate(doubts.now().values()):
            told = why or (RULES_CHANGED if number in outdated else "")
            doubt = DOUBTS.index(told) if told in DOUBTS else len(DOUBTS) - 1
            if doubt != self.engine.core.state.symbols[number].features.market.doubt:
                stamp = number, self.now_ns, self.now_ns
                texts = texts_of(told, REASON, number, self.now_ns) if told else []
                self.engine.loop.take(encode(MarketDoubted(*stamp, doubt)), b"".join(texts))

    def tend(self) -> None:
        """As ever; what the venue said and nobody asked for goes to the log."""
        super().tend()
        notes = self.exchanged.account.books.notes
        for _ in range(min(len(notes), NOTES_A_TURN)):
            self.engine.log.say("warning", "VenueSaid", what=notes.popleft())
        switch = self.exchanged.market.choice.switches[-1]
        if switch is not self.told_switch:
            self.told_switch = switch
            level, source = ("info" if switch.source else "warning"), switch.source or "none"
            self.engine.log.say(level, "MarketSource", source=source, why=switch.why)
        account = self.exchanged.account
        is_up = account.lines.best(hearing=True) != 0
        if not is_up and not self.reach.was_up:
            refuse_wrong_keys(account.trouble)
        changes = self.exchanged.market.changes()
        for said in [
            *self.reach.look(is_up=is_up, now_ns=self.now_ns),
            *self.reach.heed(changes, self.now_ns),
        ]:
            self.engine.log.say(said.level, said.event, **said.fields)
