"""Who asks the slow sources, and what becomes of an answer? Each by itself; the engine is told.

No source delays another one or anything else: each has its own task, a bound on its time and on
the size of its answer, a breaker, and waits that grow. Where no engine hears it, a value is gone:
it would be old when one does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from engine.errors import Refused
from engine.resilience.backoff import wait_ns
from engine.resilience.breaker import CLOSED, Breaker, Changed, Unavailable
from engine.resilience.settings import Resilience
from engine.resilience.shells import WALL, Timing, guarded
from engine.service.context import bitquery, coingecko, etherscan, whalealert
from engine.service.context.asking import Odd, Question, Told, parsed
from engine.service.context.settings import Source
from engine.service.standing import Standing

PAGES = {
    "coingecko": coingecko,
    "etherscan": etherscan,
    "bitquery": bitquery,
    "whalealert": whalealert,
}
ANSWER_MAX = 1 << 20  # bytes: no answer of theirs is near it
PAUSE_MIN_S = 1.0  # between two tries, however short the backoff
LATER_MAX_S = 3_600.0  # the longest wait that a source may ask for
NS = 1_000_000_000
MISSING = "install it: .venv/bin/pip install '.[feeds]'"


class Busy(Odd):
    """Asked too often: the source wants so many seconds of silence, 0 where it does not say."""

    def __init__(self, later_s: float) -> None:
        super().__init__("asked too often (429)")
        self.later_s = later_s


class Place(NamedTuple):
    """Where a feed lives: its draw of jitter, how time passes, and whom it tells."""

    standing: Standing
    draw: Callable[[], float]
    tell: Callable[[str, Told], bool]  # a source's word, whether it was heard; called in a thread
    timing: Timing = WALL


class Feed:
    """One source, asked again and again; `answer` fetches a question's bytes."""

    def __init__(
        self,
        source: Source,
        settings: Resilience,
        place: Place,
        answer: Callable[[Question, float], Awaitable[bytes]],
    ) -> None:
        self.source, self._settings, self._place, self._answer = source, settings, place, answer
        self.name = f"feed {source.name}"
        self.breaker = Breaker(self.name, settings.breaker, place.timing.now_ns, self._moved)
        self.told = self.failed = self.unheard = 0  # values; questions without one; not taken
        self._tries = 0  # in vain, since the last value

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._place.timing.sleep(await self.turn())

    async def turn(self) -> float:
        """One question; the seconds until the next one."""
        try:
            told = await guarded(self.breaker, self._ask)
        except Unavailable:
            return max(self.breaker.wait_ns() / NS, PAUSE_MIN_S)
        except Odd as odd:
            return self._in_vain(str(odd), getattr(odd, "later_s", None))
        self._tries = 0
        self.told += 1
        is_heard = await asyncio.to_thread(self._place.tell, self.source.name, told)
        self.unheard += not is_heard
        return self.source.every_s

    async def _ask(self) -> Told:
        page: Any = PAGES[self.source.name]
        now_ns = self._place.standing.now_ns()
        asked = page.question(self.source, now_ns // NS)
        try:
            async with asyncio.timeout(self.source.timeout_s):
                raw = await self._answer(asked, self.source.timeout_s)
        except TimeoutError:
            raise Odd(f"no answer in {self.source.timeout_s:g} s") from None
        told: Told = page.read(parsed(raw), now_ns)
        return told

    def _in_vain(self, why: str, later_s: float | None) -> float:
        """Said once until it works again; the wait grows, or is what the source asks for."""
        self.failed += 1
        if self._tries == 0:
            self._place.standing.say("warning", "FeedSilent", source=self.source.name, why=why)
        pause_s = wait_ns(self._settings.backoff, self._tries, self._place.draw) / NS
        self._tries += 1
        if later_s is not None:
            pause_s = min(later_s or self.source.every_s, LATER_MAX_S)
        return max(pause_s, PAUSE_MIN_S)

    def _moved(self, changed: Changed) -> None:
        """Away is a matter of a person's, and over when it answers again."""
        self._place.standing.say("warning", "BreakerMoved", **changed._asdict())
        if changed.after == CLOSED:
            self._place.standing.alerts.well(self.name)
        else:
            self._place.standing.alerts.wrong(self.name, "silent", changed.cause or changed.event)


class Web:
    """Questions over HTTP; made inside the loop that asks them, closed there too."""

    def __init__(self) -> None:
        import httpx

        self._odd = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
        self._client = httpx.AsyncClient(follow_redirects=False)

    async def answer(self, asked: Question, timeout_s: float) -> bytes:
        """The body of a good answer. Odd for every other one, and where nobody answers."""
        method = "GET" if asked.body is None else "POST"
        headers = {**asked.headers, "Accept-Encoding": "identity"}  # its size is what it says
        words: dict[str, Any] = {"params": asked.parameters, "headers": headers}
        try:
            async with self._client.stream(
                method, asked.url, json=asked.body, timeout=timeout_s, **words
            ) as answer:
                refuse_status(answer.status_code, answer.headers.get("Retry-After", ""))
                raw = bytearray()
                async for part in answer.aiter_raw():
                    raw += part
                    if len(raw) > ANSWER_MAX:
                        raise Odd("an answer without end")
                return bytes(raw)
        except self._odd as wrong:
            raise Odd(f"not reached: {type(wrong).__name__}") from None

    async def close(self) -> None:
        """Every connection ends."""
        await self._client.aclose()


def refuse_status(status: int, later: str) -> None:
    """Odd unless it is 200; Busy where the source wants to be left alone for a while."""
    if status == 429:
        raise Busy(float(later) if later.isdecimal() and len(later) < 6 else 0.0)
    if status != 200:
        raise Odd(f"status {status}")


@asynccontextmanager
async def running(
    sources: Sequence[Source], settings: Resilience, place: Place
) -> AsyncIterator[list[Feed]]:
    """The feeds of these sources, each asking by itself until the end of the block."""
    if not sources:
        yield []
        return
    web = Web()
    feeds = [Feed(source, settings, place, web.answer) for source in sources]
    tasks = [asyncio.create_task(feed.run(), name=feed.name) for feed in feeds]
    for task in tasks:
        task.add_done_callback(lambda ended: mourn(ended, place.standing))
    try:
        yield feeds
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await web.close()


def mourn(task: "asyncio.Task[None]", standing: Standing) -> None:
    """A feed that ended by a fault of ours; the others go on."""
    if not task.cancelled() and (wrong := task.exception()):
        standing.alarm(f"{task.get_name()} ended: {type(wrong).__name__}", task.get_name())


def refuse_without_library() -> None:
    """Refused (2) where what asks the sources is not installed."""
    try:
        __import__("httpx")
    except ImportError:
        raise Refused("slow sources are configured, and httpx is missing", MISSING) from None
