"""Do the memory's parts say what its policy relies on: ghosts, the share on probation, columns?"""

import pytest

from engine.cache.columns import NOBODY, Columns, Queue
from engine.cache.ghosts import MAIN, SMALL, WAYS, Ghosts, digest_of
from engine.cache.share import FEW, IN_USE, Share

REACH = (1, 90, 6)  # of ghosts, by queue
ENTRIES = 320
STEP, START = 10, 32
DIGESTS = [3421777822, 3389036311, 0, 3389036311, 3389036311]


def test_a_digest_is_the_same_in_every_process():
    """Decisions must not depend on the seed of this process's hashes."""
    keys: list[int | str] = ["ETH-USDT-price", 0, -1, 1 << 70, ""]

    assert [digest_of(key) for key in keys] == DIGESTS
    with pytest.raises(TypeError):
        digest_of(True)


def test_a_ghost_is_known_once_and_within_its_reach():
    """Its age is counted in evictions of the queue it left."""
    ghosts = Ghosts(100)
    for key in range(90):
        ghosts.add(digest_of(key), SMALL, REACH)
    ghosts.add(digest_of("m"), MAIN, REACH)

    assert ghosts.take(digest_of(89), REACH) == (SMALL, 1)
    assert ghosts.take(digest_of(89), REACH) == (0, 0)
    assert ghosts.take(digest_of("m"), REACH) == (MAIN, 1)
    found = [ghosts.take(digest_of(key), REACH) for key in range(89)]
    assert set(found) - {(0, 0)} <= {(SMALL, 90 - key) for key in range(89)}
    assert found.count((0, 0)) <= 9
    assert ghosts.take(digest_of("never"), REACH) == (0, 0)


def test_a_ghost_beyond_its_reach_is_forgotten():
    """The main queue's ghosts live shorter: they only say that it was too small."""
    ghosts = Ghosts(100)
    for key in range(8):
        ghosts.add(digest_of(key), MAIN, REACH)

    assert [ghosts.take(digest_of(key), REACH)[0] for key in range(8)] == [0, 0, *[MAIN] * 6]


def test_in_a_full_bucket_the_one_nearest_its_end_gives_way():
    """One bucket of four, five ghosts."""
    ghosts = Ghosts(1)
    digests = [number << 8 for number in range(WAYS + 1)]
    for digest in digests:
        ghosts.add(digest, SMALL, REACH)

    found = [ghosts.take(digest, REACH) for digest in digests]

    assert found == [(0, 0), (SMALL, 4), (SMALL, 3), (SMALL, 2), (SMALL, 1)]


def test_ghosts_move_to_another_table_with_their_ages():
    """A memory that changes its size goes on learning from what it let go."""
    ghosts = Ghosts(100)
    for key in range(60):
        ghosts.add(digest_of(key), SMALL, REACH)

    larger = ghosts.resized(1000, REACH)
    smaller = ghosts.resized(4, REACH)

    assert [larger.take(digest_of(key), REACH) for key in range(50, 60)] == [
        (SMALL, 60 - key) for key in range(50, 60)
    ]
    left = [key for key in range(60) if smaller.take(digest_of(key), REACH)[0]]
    assert len(left) == WAYS * smaller.buckets
    assert min(left) > 30


def judged(**evidence: int) -> int:
    """The share after one window of that evidence."""
    share = Share(ENTRIES)
    for name, count in evidence.items():
        setattr(share, name, count)
    for _ in range(ENTRIES):
        share.press(ENTRIES)
    return share.target


@pytest.mark.parametrize(
    ("evidence", "target"),
    [
        ({"useful": 20, "soon_small": 20, "soon_main": 10}, START + STEP),
        ({"useful": 20, "soon_small": 10, "soon_main": 20}, START - STEP),
        ({"useful": 20, "soon_small": 15, "soon_main": 14}, START),
        ({"useful": 0, "soon_small": 20, "soon_main": 0}, START + STEP),
        ({"useful": ENTRIES // FEW - 1, "soon_small": 0}, START // 2),
        ({"useful": 99, "soon_small": 99, "passed": IN_USE * 2 + 1, "left": 2}, START // 2),
        ({"useful": 99, "soon_small": 99, "passed": IN_USE * 2, "left": 2}, START + STEP),
        ({"useful": 99, "soon_small": 99, "passed": ENTRIES // FEW - 1}, START + STEP),
    ],
)
def test_the_share_follows_the_evidence_of_a_window(evidence, target):
    """More room for what was missed soon; none where it is wasted or all of main is in use."""
    assert judged(**evidence) == target


def test_the_share_stays_within_its_bounds_and_may_be_held():
    """From 1 in 128 to a half; a held one hears no evidence."""
    share = Share(ENTRIES)

    share.fix(ENTRIES)
    assert share.target == ENTRIES // 2
    for _ in range(10 * ENTRIES):
        share.press(ENTRIES)
    assert share.target == ENTRIES // 2
    share.fix(0)
    for _ in range(10 * ENTRIES):
        share.press(ENTRIES)
    assert share.target == ENTRIES // 128
    share.resize(ENTRIES * 10, ENTRIES)
    assert share.target == ENTRIES * 10 // 128


def test_who_leaves_a_queue_from_its_middle_is_missed_by_nobody():
    """The chain closes behind him, at its ends too."""
    columns, queue = Columns(), Queue()
    for _ in range(5):
        columns.push(queue, columns.take())

    for place in (2, 0, 4):
        columns.leave(queue, place)

    assert columns.standing(queue) == [1, 3]
    columns.leave(queue, 1)
    columns.leave(queue, 3)
    assert (queue.oldest, queue.newest, queue.count) == (NOBODY, NOBODY, 0)
