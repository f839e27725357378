"""Which connection carries what? Connections of the WebSocket API, each with the account's stream.

A connection lives 24 hours: before its end a second one is opened, and while both are subscribed
every event comes twice. Source: web-socket-api.md "General API Information", "Server Shutdown".
"""

from engine.venues.binance.pacing import SECOND_NS, Backoff, Pace

LIFE_NS = 23 * 3_600 * SECOND_NS  # the venue ends it after 24 hours
DRAIN_NS = 10 * SECOND_NS  # an old connection's answers are waited for so long
SUBSCRIBE_PATIENCE_NS = 5 * SECOND_NS
SUBSCRIBES_A_SECOND = 5
PAUSE_MAX_NS = 15 * SECOND_NS  # between two tries: exits wait for it
CONNECTS, CONNECTS_NS = 300, 300 * SECOND_NS  # the venue's limit for an address


class Line:
    """One connection."""

    def __init__(self, number: int, now_ns: int) -> None:
        self.number, self.opened_ns = number, now_ns
        self.subscribed_ns = 0  # since when its events come; 0 while they do not
        self.subscription = -1
        self.subscribe_at_ns = now_ns  # 0 while one is on its way
        self.is_ending = self.is_broken = False


class Lines:
    """The open connections, and when another should be opened."""

    def __init__(self, seed: int) -> None:
        self.open: dict[int, Line] = {}
        self._pace = Pace(CONNECTS, CONNECTS_NS)
        self._subscribes = Pace(SUBSCRIBES_A_SECOND, SECOND_NS)
        self._refusals = Backoff(seed)  # of the account's stream: nobody is pestered
        self._losses = Backoff(seed, most_ns=PAUSE_MAX_NS)
        self._try_at_ns = 0

    def opened(self, number: int, now_ns: int) -> None:
        """A connection stands."""
        self.open[number] = Line(number, now_ns)
        self._pace.go(now_ns)

    def closed(self, number: int, now_ns: int) -> None:
        """A connection is lost, or could not be opened: a pause before the next."""
        line = self.open.pop(number, None)
        if line is None:
            self._pace.go(now_ns)
        if line is None or not line.is_ending:
            self._try_at_ns = now_ns + self._losses.failed()

    def subscribed(self, number: int, subscription: int, now_ns: int) -> bool:
        """Its events come from now on; whether there was a time without any."""
        self._refusals.succeeded()
        self._losses.succeeded()
        line = self.open[number]
        was_deaf = all(one.subscribed_ns == 0 for one in self.open.values())
        line.subscribed_ns, line.subscription = max(now_ns, 1), subscription
        line.subscribe_at_ns = 0
        for other in self.open.values():
            if other.opened_ns < line.opened_ns:
                other.is_ending = True
        return was_deaf

    def terminated(self, number: int, now_ns: int) -> None:
        """The venue ended the subscription: subscribe again."""
        line = self.open[number]
        line.subscribed_ns, line.subscription = 0, -1
        line.subscribe_at_ns = max(now_ns, 1)

    def to_subscribe(self, now_ns: int) -> list[int]:
        """Connections that must ask for the account's stream now."""
        due = []
        for line in self.open.values():
            if not 0 < line.subscribe_at_ns <= now_ns or line.is_broken:
                continue
            if self._subscribes.next_ns(now_ns) > now_ns:
                break
            self._subscribes.go(now_ns)
            line.subscribe_at_ns = 0
            due.append(line.number)
        return due

    def unsubscribed(self, number: int, now_ns: int) -> None:
        """The subscription was not granted: once more on this connection, ever more slowly."""
        line = self.open.get(number)
        if line is not None:
            line.subscribe_at_ns = now_ns + self._refusals.failed()

    def best(self, *, hearing: bool) -> int:
        """The newest connection whose events come; without `hearing` any, 0 if there is none."""
        usable = [one for one in self.open.values() if not one.is_broken]
        heard = [one for one in usable if one.subscribed_ns]
        chosen = heard or ([] if hearing else usable)
        return max(chosen, key=lambda one: one.opened_ns).number if chosen else 0

    def is_wanted(self, now_ns: int) -> bool:
        """Whether a connection should be opened now."""
        if self._try_at_ns > now_ns or self._pace.next_ns(now_ns) > now_ns:
            return False
        return all(self._is_leaving(one, now_ns) for one in self.open.values())

    def wanted_at_ns(self, now_ns: int) -> int:
        """When `is_wanted` should be asked again."""
        staying = [one for one in self.open.values() if not self._is_leaving(one, now_ns)]
        ends_ns = max((one.opened_ns + LIFE_NS for one in staying), default=now_ns)
        return max(self._try_at_ns, self._pace.next_ns(now_ns), ends_ns)

    def to_close(self, busy: set[int], now_ns: int) -> list[int]:
        """Connections that have a successor and are waited for no more, and broken ones."""
        newest_ns = max((one.subscribed_ns for one in self.open.values()), default=0)
        done = []
        for line in self.open.values():
            drained = line.number not in busy or now_ns >= newest_ns + DRAIN_NS
            succeeded = line.is_ending and self.best(hearing=True) not in (0, line.number)
            if line.is_broken or (succeeded and drained):
                done.append(line.number)
        return done

    def shuts_down(self, number: int) -> None:
        """The venue said that it will end this connection."""
        self.open[number].is_ending = True

    def broke(self, number: int) -> None:
        """It does not answer: nothing is sent there any more, and it is to be closed."""
        if number in self.open:
            self.open[number].is_broken = True

    def _is_leaving(self, line: Line, now_ns: int) -> bool:
        old = now_ns >= line.opened_ns + LIFE_NS
        return line.is_ending or line.is_broken or old
