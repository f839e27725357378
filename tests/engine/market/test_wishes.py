"""Are questions paced as the exchange wants it?"""

from engine.market.wishes import MINUTE_NS, PAUSE_NS, WISHES_MAX, Answer, Ask, Close, Say, Wishes


def test_weight_is_spent_for_a_minute():
    """Beyond it a question waits."""
    wishes = Wishes(100)

    assert wishes.ask("a", 60, 1)
    assert wishes.ask("b", 60, 2) == 0
    assert wishes.ask("c", 40, 2)
    assert wishes.weight(MINUTE_NS) == 100
    assert wishes.ask("d", 60, MINUTE_NS + 1)
    assert [type(wish) for wish in wishes.taken()] == [Ask] * 3
    assert wishes.taken() == []


def test_what_the_exchange_counts_counts():
    """Others behind the same address spend of the same minute."""
    wishes = Wishes(100)

    wishes.note(Answer(200, {"x-mbx-used-weight-1m": "95"}, b""), 1)

    assert wishes.ask("a", 10, 2) == 0
    assert wishes.ask("a", 5, 2)
    wishes.note(Answer(200, {"x-mbx-used-weight-1m": "soon"}, b""), 1)
    assert wishes.weight(3) == 100


def test_a_ban_is_kept():
    """As long as told, or a minute."""
    wishes = Wishes(100)

    wishes.note(Answer(429, {"retry-after": "7"}, b""), 1)
    assert wishes.ask("a", 1, 7_000_000_000) == 0
    assert wishes.ask("a", 1, 7_000_000_001)
    wishes.note(Answer(418, {}, b""), 8_000_000_000)
    assert wishes.ask("a", 1, 8_000_000_000 + PAUSE_NS - 1) == 0
    assert wishes.ask("a", 1, 8_000_000_000 + PAUSE_NS)


def test_wishes_nobody_fetches_are_bounded():
    """The newest are kept."""
    wishes = Wishes(100)

    for number in range(WISHES_MAX + 5):
        wishes.say(number, "text")
    wishes.close(3)

    kept = wishes.taken()
    assert (len(kept), kept[0], kept[-1]) == (WISHES_MAX, Say(6, "text"), Close(3))
