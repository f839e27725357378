"""Do the shells carry out what was decided: climbs, shares, guarded calls?"""

import asyncio
import time
from random import Random

import pytest

from engine.errors import Refused
from engine.resilience.breaker import Breaker, Unavailable
from engine.resilience.bulkhead import Bulkhead, Share
from engine.resilience.ladder import Ladder, Step
from engine.resilience.settings import Backoff, BreakerSettings, Resilience
from engine.resilience.shells import Gate, Supervisor, guarded
from tests.engine.resilience.clocks import NS
from tests.engine.resilience.echo import Echo, Wire

SOON = Resilience(backoff=Backoff(base_delay_ms=1, max_delay_ms=4))


def test_a_climb_reconnects_and_its_breaker_probes_at_once():
    """A listener that went away returns: steps are told as they begin and end."""

    async def story() -> None:
        async with Echo.there() as echo:
            told: list[Step] = []
            breaker = Breaker("echo", BreakerSettings(), time.monotonic_ns)
            supervisor = Supervisor(told.append)
            wires: list[Wire] = []

            async def reconnect(_step: Step) -> None:
                wires.append(await echo.connect())

            await echo.leave()
            for _ in range(5):
                with pytest.raises(ConnectionError):
                    await guarded(breaker, echo.connect)
            ladder = Ladder("echo", SOON, Random(1).random)
            climb = supervisor.failed(ladder, {"retry": reconnect}, "cut", breaker)
            assert supervisor.failed(ladder, {"retry": reconnect}, "cut", breaker) is climb
            await echo.refused.wait()
            await echo.come_back()
            await climb

            assert breaker.state == "half_open"
            assert await guarded(breaker, wires[0].ask) == b"ping\n"
            assert [one.outcome for one in told[-2:]] == ["", "worked"]
            await wires[0].close()

    asyncio.run(story())


def test_rungs_that_fail_lead_to_the_next_with_their_cause():
    """What was raised is told, and the climb goes on to the way back."""

    async def story() -> None:
        told: list[Step] = []
        away = True

        async def fails(_step: Step) -> None:
            if away:
                raise OSError("no route")

        async def acts(step: Step) -> None:
            nonlocal away
            away = step.rung != "escalate"

        rungs = {
            **dict.fromkeys(("retry", "restart", "failover", "watch"), fails),
            **dict.fromkeys(("degrade", "escalate", "return"), acts),
        }
        await Supervisor(told.append).failed(Ladder("store", SOON, Random(1).random), rungs, "cut")

        ended = [(one.rung, one.cause) for one in told if one.outcome]
        assert ended[8:] == [("failover", "no route"), ("degrade", ""), ("escalate", ""),
                             ("watch", ""), ("return", "")]  # fmt: skip

    asyncio.run(story())


def test_a_supervisor_that_closes_ends_its_climbs():
    """Also one that would wait for long."""

    async def story() -> None:
        supervisor = Supervisor(list[Step]().append)
        slow = Resilience(backoff=Backoff(base_delay_ms=3_600_000, max_delay_ms=3_600_000))
        climb = supervisor.failed(Ladder("store", slow, Random(1).random), {}, "cut")
        await supervisor.close()
        assert climb.cancelled()

    asyncio.run(story())


def test_a_guarded_coroutine_is_refused_and_its_cancelling_is_no_failure():
    """As a guarded call, for coroutines."""

    async def story() -> None:
        breaker = Breaker("echo", BreakerSettings(1, success_threshold=1), time.monotonic_ns)
        with pytest.raises(ZeroDivisionError):
            await guarded(breaker, fails)
        with pytest.raises(Unavailable, match="echo is not called"):
            await guarded(breaker, fails)
        breaker.recovered("test")
        probe = asyncio.create_task(guarded(breaker, asyncio.Event().wait))
        await asyncio.sleep(0)
        assert breaker.permit() == 0
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        assert breaker.state == "half_open"
        assert breaker.permit()

    async def fails() -> None:
        raise ZeroDivisionError

    asyncio.run(story())


def test_a_gate_lets_in_its_share_and_refuses_who_waits_too_long():
    """Two inside, two wait, the fifth is refused at once; patience ends in two lines."""

    async def story() -> None:
        gate = Gate(Bulkhead("store", Share(2, 2, NS // 50)))
        free, inside = asyncio.Event(), 0

        async def call() -> None:
            nonlocal inside
            async with gate.entered():
                inside += 1
                await free.wait()

        calls = [asyncio.create_task(call()) for _ in range(5)]
        done, _ = await asyncio.wait(calls[2:])
        assert inside == 2
        refused = [one.exception() for one in done]
        assert all(isinstance(one, Refused) and one.code == 5 for one in refused)
        free.set()
        await asyncio.gather(*calls[:2])
        await call()
        figures = gate.bulkhead.metrics()
        assert (figures["inside"], figures["refused"], figures["late"]) == (0, 1, 2)

    asyncio.run(story())


def test_who_is_cancelled_in_the_moment_of_its_turn_leaves_again():
    """It was named to come in, and passes its place on."""

    async def story() -> None:
        gate = Gate(Bulkhead("store", Share(1, 5, 60 * NS)))

        async def call() -> str:
            async with gate.entered():
                return "in"

        async with gate.entered():
            first, second = asyncio.create_task(call()), asyncio.create_task(call())
            await asyncio.sleep(0)
            first.cancel()
        assert await second == "in"
        assert first.cancelled()
        assert gate.bulkhead.metrics()["inside"] == 0

    asyncio.run(story())


def test_who_waits_at_a_gate_is_let_in_when_another_leaves():
    """Whoever is cancelled meanwhile leaves no gap."""

    async def story() -> None:
        gate = Gate(Bulkhead("store", Share(1, 50, 60 * NS)))
        order: list[int] = []

        async def call(number: int) -> None:
            async with gate.entered():
                await asyncio.sleep(0)
                order.append(number)

        calls = [asyncio.create_task(call(number)) for number in range(20)]
        await asyncio.sleep(0)
        for one in calls[1::2]:
            one.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert order == list(range(0, 20, 2))
        assert gate.bulkhead.metrics()["inside"] == 0

    asyncio.run(story())
