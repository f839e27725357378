"""Is the book the exchange's, and does it know when it is not?"""

from hypothesis import given
from hypothesis import strategies as st

from engine.market.book import KEPT, Book, Snapshot, Top, Update

BIDS, ASKS = [(100, 5), (99, 7)], [(101, 3), (102, 4)]
WHOLE = Snapshot(10, BIDS, ASKS)


def update(first: int, last: int, bids=(), asks=()) -> Update:
    """Updates `first` to `last` of spot."""
    return Update(first - 1, last, list(bids), list(asks))


def restored() -> Book:
    """A book that begins at update 10."""
    book = Book()
    book.restore(WHOLE)
    return book


def test_a_snapshot_makes_the_book():
    """Before it there is none."""
    book = Book()

    assert (book.in_step, book.top) == (False, None)
    book.restore(WHOLE)
    assert (book.in_step, book.top) == (True, Top(100, 101, 5, 3))


def test_updates_move_the_top():
    """A level is replaced, added or, with nothing in it, removed."""
    book = restored()

    book.take(update(11, 12, bids=[(100, 6)]))
    assert book.top == Top(100, 101, 6, 3)
    book.take(update(13, 13, bids=[(100, 0)], asks=[(101, 0), (103, 1)]))
    assert book.top == Top(99, 102, 7, 4)
    book.take(update(14, 14, bids=[(98, 0), (101, 2)]))
    assert book.top == Top(101, 102, 2, 4)


def test_updates_before_the_snapshot_are_kept_for_it():
    """What the snapshot covers is dropped, what it lacks is applied."""
    book = Book()
    for number in (9, 10, 11, 12):
        book.take(update(number, number, bids=[(100, number)]))

    book.restore(WHOLE)

    assert book.top == Top(100, 101, 12, 3)
    assert (book.applied, book.gaps) == (2, 0)


def test_an_update_may_span_the_snapshot():
    """Its first id lies at or before the one after the snapshot, its last id behind."""
    book = Book()
    book.take(update(8, 12, bids=[(100, 1)]))

    book.restore(WHOLE)

    assert (book.top, book.last) == (Top(100, 101, 1, 3), 12)


def test_a_gap_puts_it_out_of_step_until_a_snapshot():
    """It shows nothing rather than something wrong, and catches up from what it kept."""
    book = restored()

    book.take(update(12, 13, bids=[(100, 1)]))
    assert (book.in_step, book.top, book.gaps) == (False, None, 1)
    book.take(update(14, 14, asks=[(101, 9)]))
    book.restore(WHOLE)
    assert (book.in_step, book.gaps) == (False, 2)
    book.restore(Snapshot(12, BIDS, ASKS))
    assert (book.top, book.last) == (Top(100, 101, 1, 9), 14)


def test_futures_tell_the_update_before():
    """Their ids are those of all symbols: only `pu` shows what is missing."""
    book = restored()

    book.take(Update(8, 20, [(100, 1)], []))
    book.take(Update(20, 35, [(100, 2)], []))
    assert (book.top, book.gaps) == (Top(100, 101, 2, 3), 0)
    book.take(Update(36, 40, [(100, 3)], []))
    assert (book.in_step, book.gaps) == (False, 1)


def test_what_is_known_already_changes_nothing():
    """Two connections tell the same twice; an old snapshot does not turn time back."""
    book = restored()
    book.take(update(11, 11, bids=[(100, 1)]))

    book.take(update(11, 11, bids=[(100, 9)]))
    book.restore(WHOLE)

    assert (book.top, book.last, book.applied) == (Top(100, 101, 1, 3), 11, 1)


def test_a_crossed_book_is_none():
    """The best bid cannot be the best ask: something was missed."""
    book = restored()

    book.take(update(11, 11, bids=[(101, 1)]))

    assert (book.in_step, book.crossings) == (False, 1)


def test_an_empty_side_has_no_top():
    """A book of bids alone quotes nothing."""
    book = restored()

    book.take(update(11, 11, asks=[(101, 0), (102, 0)]))

    assert (book.in_step, book.top) == (True, None)


def test_what_waits_for_a_snapshot_is_bounded():
    """The oldest go, and the gap they leave is seen."""
    book = Book()
    for number in range(KEPT + 5):
        book.take(update(number, number))

    book.restore(Snapshot(2, BIDS, ASKS))

    assert (book.in_step, book.gaps) == (False, 1)


LEVELS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), max_size=8)


@given(st.lists(st.tuples(LEVELS, LEVELS), max_size=30))
def test_it_holds_the_levels_that_were_told(changes):
    """Whatever comes, its best prices are those of a plain table of levels."""
    book = Book()
    book.restore(Snapshot(0, [], []))
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}

    for number, (bid_levels, ask_levels) in enumerate(changes, 1):
        above = [(price + 100, volume) for price, volume in ask_levels]
        bids.update(bid_levels)
        asks.update(above)
        book.take(update(number, number, bid_levels, above))

    live = [{price: volume for price, volume in side.items() if volume} for side in (bids, asks)]
    if all(live):
        best, least = max(live[0]), min(live[1])
        assert book.top == Top(best, least, live[0][best], live[1][least])
    else:
        assert book.top is None
