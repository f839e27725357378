"""Is every change by another process heard, and in its right place?"""

from tests.engine.cache.keeping_rows import run, until
from tests.engine.cache.processes import Process, process, there


async def other_flush(one: Process) -> None:
    """The flush with which a second process began has been heard, and is forgotten."""
    await until(lambda: bool(one.heard), "the flush is heard")
    one.heard.clear()


def test_what_others_change_is_heard_and_our_own_is_not(redis_there):
    """Read or written here, then written, deleted or revoked there; a flush is heard as all."""

    async def work():
        async with process(redis_there) as one, process(redis_there) as other:
            await other_flush(one)
            await one.set("a", 1)
            await one.set("b", 1)
            await one.get("c")
            await one.set("a", 2, 2)
            await one.tier.delete_many(["b"])
            await one.get("b")
            assert one.heard == []
            await other.set("a", 3, 3)
            await other.set("c", 1)
            await other.tier.delete_many(["a"])
            await until(lambda: len(one.heard) == 2, "both changes are heard")
            assert one.heard == ["a", "c"]  # once: after the first, it is not read here any more
            there(redis_there).flushall()
            await until(lambda: len(one.heard) == 3, "the flush is heard")
            assert one.heard[2] is None
            assert other.heard[-1] is None

    run(work())


def test_a_change_is_heard_before_a_later_answer(redis_there):
    """Between two answers comes what changed between them."""

    async def work():
        async with process(redis_there) as one, process(redis_there) as other:
            await other_flush(one)
            for version in range(1, 200):
                await other.set("k", version, version)
                assert await one.get("k") == [version]
                assert one.heard == ["k"] * (version - 1)

    run(work())


def test_a_lost_connection_is_heard_as_all_both_ways(redis_there):
    """What changed meanwhile is told to nobody: at the loss, and when it is there again."""

    async def work():
        async with process(redis_there) as one:
            await one.get("k")
            there(redis_there).client_kill_filter(_type="normal", skipme=True)
            await until(lambda: one.redis.connects == 2, "it is connected again")
            assert one.heard == [None, None]
            assert await one.get("k") == [None]

    run(work())
