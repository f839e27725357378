"""Is a live book the exchange's, however its snapshot and updates come?"""

import gzip
import random
from bisect import bisect_right

import pytest

from engine.market.book import Book, Snapshot, Top, Update
from engine.market.exchange_lines import NOTHING_SAID, Ticker, heard
from engine.market.keeping import ANSWER_NS, CALM_NS, EARLY_MAX, EARLY_NS, Keeper
from tests.engine.market.played import RECORDING

BIDS, ASKS = [(100, 5), (99, 7)], [(101, 3), (102, 4)]
AMERICAN = "exchange_fixtures/cryptofeed/BINANCE_US."


class Watched(Book):
    """A book that remembers its top after each update."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[int, Top]] = []

    def _apply(self, update: Update) -> None:
        super()._apply(update)
        if self.top is not None:
            self.steps.append((self.last, self.top))


def watched() -> tuple[Keeper, Watched]:
    """A keeper, and its book that remembers."""
    keeper = Keeper()
    book = keeper.book = Watched()
    return keeper, book


def messages(path) -> list:
    """What a recording's lines say, in order."""
    found = []
    with gzip.open(path) as lines:
        for line in lines:
            try:
                found.append(heard(line))
            except NOTHING_SAID:
                continue
    return [one for one in found if one is not None]


@pytest.fixture(scope="module")
def heard_of_ether(shared) -> list:
    """The real recording."""
    return messages(shared / RECORDING)


def compared(book: Watched, told: list) -> tuple[int, int]:
    """How many tops met the exchange's newest of their update, and how many differ from it."""
    tickers = sorted(one.said[:2] for one in told if isinstance(one.said, Ticker))
    updates = [number for number, _ in tickers]
    met = [(top, bisect_right(updates, last)) for last, top in book.steps]
    differ = [top for top, place in met if place and tickers[place - 1][1] != top]
    return sum(place > 0 for _, place in met), len(differ)


def split(told: list) -> tuple[Snapshot, list[Update]]:
    """The snapshot and the updates of a recording of one symbol."""
    (snapshot,) = [one.said for one in told if isinstance(one.said, Snapshot)]
    return snapshot, [one.said for one in told if isinstance(one.said, Update)]


def play(keeper: Keeper, updates: list[Update], snapshot: Snapshot, late: int) -> None:
    """Updates a tenth of a second apart, the snapshot behind so many of them."""
    for number, update in enumerate(updates):
        if number == late:
            assert keeper.must_ask(number * 10**8)
            keeper.asked(number * 10**8)
            keeper.restore(snapshot, number * 10**8)
        keeper.take(update, number * 10**8)
        keeper.tick(number * 10**8)


@pytest.mark.parametrize("late", [2, 50, 500, 3_000])
def test_the_real_book_is_the_exchanges_also_when_its_snapshot_comes_late(heard_of_ether, late):
    """Best prices and sizes equal bookTicker 3,432 of 3,432 times, without a gap."""
    keeper, book = watched()
    snapshot, updates = split(heard_of_ether)

    play(keeper, updates, snapshot, late)

    assert compared(book, heard_of_ether) == (3_432, 0)
    assert (book.gaps, book.crossings, book.applied, keeper.too_old) == (0, 0, 3_432, 0)


def test_real_updates_may_come_twice_and_out_of_order(heard_of_ether):
    """Two lines that overlap tell each update twice, either of them first."""
    keeper, book = watched()
    snapshot, updates = split(heard_of_ether)
    rng = random.Random(5)
    order = sorted(
        [(number + rng.uniform(0, 2), number) for _ in range(2) for number in range(len(updates))]
    )

    play(keeper, [updates[number] for _, number in order], snapshot, 20)

    assert compared(book, heard_of_ether) == (3_432, 0)
    assert (book.gaps, book.applied) == (0, 3_432)


def whole(told: list, count: int) -> Snapshot:
    """The exchange's book after so many updates."""
    snapshot, updates = split(told)
    book = Book()
    book.restore(snapshot)
    for update in updates[:count]:
        book.take(update)
    levels = [
        [(price, side.volumes[price]) for price in side.prices] for side in (book.bids, book.asks)
    ]
    return Snapshot(book.last, *levels)


def test_updates_that_are_missing_are_seen_and_a_snapshot_mends_it(heard_of_ether):
    """From the gap to the snapshot it shows nothing; after it, what the exchange shows."""
    keeper, book = watched()
    snapshot, updates = split(heard_of_ether)
    play(keeper, updates[:1_000], snapshot, 2)

    for number in range(1_003, 1_100):
        keeper.take(updates[number], number * 10**8)
        keeper.tick(number * 10**8)
    assert (keeper.book.in_step, keeper.book.top, book.gaps) == (False, None, 1)
    assert keeper.must_ask(1_100 * 10**8)
    assert keeper.fell_ns == 1_008 * 10**8
    keeper.restore(whole(heard_of_ether, 1_050), 1_100 * 10**8)
    for update in updates[1_100:]:
        keeper.take(update, 2_000 * 10**8)

    assert compared(book, heard_of_ether) == (998 + len(updates) - 1_050, 0)
    assert (book.in_step, book.gaps, keeper.fell_ns) == (True, 1, 0)


def test_the_american_recording_keeps_step_too(shared):
    """Four symbols of combined streams, snapshots over REST: no gap, each top the exchange's."""
    asked = messages(shared / f"{AMERICAN}http.0.0.gz")
    told = messages(shared / f"{AMERICAN}ws.1.0.gz")
    met = 0
    for name in sorted({one.symbol for one in asked}):
        keeper, book = watched()
        own = [one for one in told if one.symbol == name]
        (snapshot,) = [one for one in asked if one.symbol == name]
        for one in sorted([*own, snapshot], key=lambda one: one.received_ns):
            if isinstance(one.said, Snapshot):
                keeper.restore(one.said, one.received_ns)
            elif isinstance(one.said, Update):
                keeper.take(one.said, one.received_ns)
        compare = compared(book, own)
        met += compare[0]
        assert (book.gaps, book.crossings, compare[1]) == (0, 0, 0), name

    assert met > 50


def update(first: int, last: int, **levels: list) -> Update:
    """Updates `first` to `last` of spot."""
    return Update(first - 1, last, levels.get("bids", []), levels.get("asks", []))


def restored() -> Keeper:
    """In step at update 10."""
    keeper = Keeper()
    keeper.restore(Snapshot(10, BIDS, ASKS), 1)
    return keeper


def test_an_early_update_waits_for_the_one_before_it():
    """For half a second; then it is a gap."""
    keeper = restored()

    keeper.take(update(12, 12, bids=[(100, 9)]), 5)
    assert (keeper.book.in_step, keeper.book.last, keeper.due_ns()) == (True, 10, 5 + EARLY_NS)
    keeper.take(update(11, 11), 6)
    assert (keeper.book.last, keeper.early, keeper.early_ns) == (12, [], 0)
    keeper.take(update(14, 14), 7)
    keeper.tick(7 + EARLY_NS - 1)
    assert keeper.book.in_step
    keeper.tick(7 + EARLY_NS)

    assert (keeper.book.in_step, keeper.book.gaps) == (False, 1)
    assert keeper.must_ask(7 + EARLY_NS)


def test_what_waits_early_is_bounded():
    """A gap is a gap before half a second when so much came behind it."""
    keeper = restored()

    for number in range(20, 21 + EARLY_MAX):
        keeper.take(update(number, number), 5)

    assert (keeper.book.gaps, keeper.early, len(keeper.book.waiting)) == (1, [], EARLY_MAX + 1)


def test_a_snapshot_from_before_the_first_update_is_none():
    """It would leave a gap: another one is asked for, after a wait that grows."""
    keeper = Keeper()
    keeper.take(update(20, 21), 1)
    assert keeper.must_ask(1)
    keeper.asked(1)
    assert not keeper.must_ask(2)

    keeper.restore(Snapshot(18, BIDS, ASKS), 2)

    assert (keeper.too_old, keeper.book.in_step, keeper.book.gaps) == (1, False, 0)
    assert not keeper.must_ask(3)
    assert keeper.must_ask(keeper.due_ns())
    keeper.asked(keeper.due_ns())
    first = keeper.due_ns()
    keeper.restore(Snapshot(19, BIDS, ASKS), 3)
    assert (keeper.book.last, keeper.due_ns()) == (21, 0)
    assert first > 3


def test_no_snapshot_is_asked_for_before_an_update_is_kept():
    """The exchange's rule: listen first, then ask."""
    assert not Keeper().must_ask(10**18)


def test_an_answer_that_does_not_come_is_asked_for_again():
    """After five seconds, or at once when it is told to have failed, later each time."""
    keeper = Keeper()
    keeper.take(update(20, 21), 1)
    now_ns, waits = 1, []
    for _ in range(8):
        keeper.asked(now_ns)
        waits.append(keeper.next_ns - now_ns)
        keeper.tick(now_ns + ANSWER_NS)
        now_ns = max(keeper.next_ns, now_ns + ANSWER_NS)
        assert keeper.must_ask(now_ns)

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (250_000_000, 10_000_000_000)


def test_after_calm_the_next_gap_is_the_first_again():
    """A book that was in step for ten seconds is asked for at once."""
    keeper = restored()
    keeper.tries = 6
    keeper.fell_ns = 5

    keeper.take(update(11, 11), 10)
    keeper.take(update(12, 12), 11 + CALM_NS)

    assert keeper.tries == 0
