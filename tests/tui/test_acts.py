"""Can anything be done by accident? Each act against the word, the reason and the way out."""

import string

import pytest

from tests.tui.screens import text_of
from tui.acts import FLATTEN, KILL, PAUSE, RESET, RESUME, UNATTENDED_S, Box, act_of

TYPED = [FLATTEN, KILL, RESET]


def pressed(box: Box, *names: str) -> list[str]:
    """What each key led to."""
    return [box.press(name, name if len(name) == 1 else None, 1.0) for name in names]


@pytest.mark.parametrize("act", TYPED)
def test_enter_alone_never_acts(act):
    """The word must stand there, whole and as it is written."""
    for typed in ("", act.word[:-1], act.word.lower(), f"{act.word} ", f"{act.word}X"):
        box = Box(act, 0.0)
        box.reason = "seen enough"
        pressed(box, *typed)
        box.in_reason = False

        assert pressed(box, "enter", "enter") == ["", ""]


@pytest.mark.parametrize("act", [FLATTEN, KILL])
def test_the_word_acts_with_a_reason_that_can_be_edited(act):
    """In an emergency the word and Enter are enough; the reason says where it came from."""
    box = Box(act, 0.0)

    assert pressed(box, *act.word, "enter")[-1] == "confirm"
    assert box.reason == {"flatten": "flattened", "kill": "killed"}[act.verb] + " at the console"


def test_a_reset_needs_a_reason_of_its_own():
    """Nothing is offered: whoever leaves HALTED says why."""
    box = Box(RESET, 0.0)

    assert pressed(box, *"RESET", "enter") == [""] * 6
    assert box.hint == "a reason is needed"
    assert pressed(box, *"checked", "enter")[-1] == "confirm"
    assert box.reason == "checked"


def test_a_pause_needs_enter_alone():
    """It can be undone by the same key."""
    assert pressed(Box(PAUSE, 0.0), "enter") == ["confirm"]


@pytest.mark.parametrize("act", [PAUSE, RESUME, *TYPED])
def test_escape_cancels_and_so_does_nobody(act):
    """The way out is always the same, and an open box does not wait for ever."""
    box = Box(act, 10.0)

    assert not box.is_left_alone(10.0 + UNATTENDED_S)
    assert box.is_left_alone(10.1 + UNATTENDED_S)
    assert pressed(box, *act.word, "escape")[-1] == "cancel"


def test_no_single_key_leads_anywhere_but_out():
    """Any one key after the box opened: a typed act never happens."""
    names = [*string.printable, "enter", "tab", "f1", "ctrl+c", "delete", "up", "ctrl+k"]
    for act in TYPED:
        for name in names:
            assert pressed(Box(act, 0.0), name)[0] in ("", "cancel")


def test_a_reason_stays_within_what_the_journal_keeps():
    """Two hundred bytes, whatever the characters."""
    box = Box(PAUSE, 0.0)
    pressed(box, "ctrl+u", *("ü" * 300))

    assert box.reason == "ü" * 100


def test_the_box_says_whose_money_and_what_would_happen(view):
    """LIVE or not, the positions with their worth, the orders, and what comes after."""
    held = view.snapshot.positions[0]._replace(quantity="2", last="10", value="20.00000000")
    orders = [order_like(view, number) for number in range(3)]
    snapshot = view.snapshot._replace(positions=[held], open_orders=orders)

    said = text_of(Box(FLATTEN, 0.0).lines(snapshot, "LIVE", "somewhere"))

    assert " LIVE " in said
    assert "Closes 1 position worth 20.00, cancels 3 open orders." in said
    assert "ETHUSDT 2 at 10 = 20.00" in said
    assert "stays paused afterwards: P resumes" in said
    assert "type FLATTEN" in said


def order_like(view, number):
    """An open order."""
    from engine.snapshot import OpenOrder

    name = view.snapshot.positions[0].symbol
    return OpenOrder(number, name, "BUY", "LIMIT", "open", "1", "10", 0.0, 0, "vote", "votes up")


def test_keys_mean_what_the_state_allows(view):
    """P is pause or resume; H exists only where there is something to leave."""
    active = view.snapshot._replace(paused=False, trading="ACTIVE")

    assert act_of("P", active) is PAUSE
    assert act_of("P", active._replace(paused=True)) is RESUME
    assert act_of("H", active) is None
    assert act_of("H", active._replace(trading="HALTED", why="drawdown stop")) is RESET
    assert act_of("F", active) is FLATTEN
    assert act_of("K", active) is KILL
