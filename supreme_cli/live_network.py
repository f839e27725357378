"""How does a live market reach an exchange from a command? Its wishes carried out by asyncio.

A command may take its time and memory: websockets' own client and httpx. The engine has lines of
its own for the same wishes.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.market.wishes import Answer, Ask, Close, Connect, Say

if TYPE_CHECKING:
    from engine.market.live import LiveMarket
    from engine.market.recorder import Recorder
    from engine.stopping import Stop

LOOK_SECONDS = 0.05  # the longest sleep of the timer: what was heard may have made something due
MESSAGE_MAX = 1 << 24
QUEUE_MAX = 1 << 10  # messages of a line that wait for their turn; beyond it the exchange waits
ANSWER_SECONDS = 10.0


class Network:
    """One market's lines and questions, and what is kept of them."""

    def __init__(self, market: "LiveMarket", recorder: "Recorder", is_local: bool) -> None:
        self.market, self.recorder, self.is_local = market, recorder, is_local
        self.lines: dict[int, tuple[asyncio.Task[None], list[Any]]] = {}
        self.questions: set[asyncio.Task[None]] = set()
        self.failed: BaseException | None = None
        self.ended = asyncio.Event()

    async def run(self, stop: "Stop", look: Callable[[], bool]) -> None:
        """Until a signal, or `look`, asked again and again, says that it is enough."""
        import httpx

        with stop.on(asyncio.get_running_loop()):
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as self.client:
                self.market.begin(time.time_ns())
                try:
                    while not stop.is_set() and not self.ended.is_set() and look():
                        await self._turn()
                finally:
                    await self._leave()
        if self.failed is not None:
            raise self.failed

    async def _turn(self) -> None:
        """What is due, then sleep until the next is."""
        now_ns = time.time_ns()
        if now_ns >= self.market.due_ns():
            self._keep(self.market.tick(now_ns))
        self.recorder.tick(now_ns)
        self._fulfil()
        due = (self.market.due_ns() - time.time_ns()) / 1e9
        try:
            await asyncio.wait_for(self.ended.wait(), min(max(due, 0.001), LOOK_SECONDS))
        except TimeoutError:
            return

    async def _leave(self) -> None:
        """End every line and question; none is waited for that cannot end."""
        tasks = [task for task, _ in self.lines.values()] + list(self.questions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fulfil(self) -> None:
        for wish in self.market.wishes():
            if isinstance(wish, Connect):
                said: list[Any] = []
                task = self._begin(self._line(wish.line, wish.url, said))
                self.lines[wish.line] = (task, said)
            elif isinstance(wish, Say) and wish.line in self.lines:
                for socket in self.lines[wish.line][1]:
                    self._ask_later(socket.send(wish.text))
            elif isinstance(wish, Close) and wish.line in self.lines:
                self.lines.pop(wish.line)[0].cancel()
            elif isinstance(wish, Ask):
                self._ask_later(self._answer(wish))

    def _begin(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        task.add_done_callback(self._done)
        return task

    def _ask_later(self, work: Any) -> None:
        task = self._begin(work)
        self.questions.add(task)
        task.add_done_callback(self.questions.discard)

    def _done(self, task: "asyncio.Task[None]") -> None:
        from websockets.exceptions import ConnectionClosed

        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionClosed):
            self.failed = self.failed or error
            self.ended.set()

    async def _line(self, line: int, url: str, opened: list[Any]) -> None:
        """One line from its opening to its end."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        options: dict[str, Any] = {"proxy": None} if self.is_local else {}
        try:
            async with connect(
                url,
                compression=None,
                max_size=MESSAGE_MAX,
                max_queue=QUEUE_MAX,
                close_timeout=1,
                **options,
            ) as socket:
                opened.append(socket)
                self.market.opened(line, time.time_ns())
                self._fulfil()
                await self._listen(line, socket)
                return
        except (OSError, TimeoutError, WebSocketException) as error:
            why = str(error).partition("\n")[0] or type(error).__name__
        self.lines.pop(line, None)
        self._keep(self.market.lost(line, why, time.time_ns()))
        self._fulfil()

    async def _listen(self, line: int, socket: Any) -> None:
        """Until it breaks, or until it is wanted no more."""
        try:
            while True:
                self._hear(line, await socket.recv(decode=False))
        except asyncio.CancelledError:
            return

    def _hear(self, line: int, text: bytes) -> None:
        received_ns = time.time_ns()
        records = self.market.hear(line, text, received_ns)
        self.recorder.hear(text, self.market.now_ns)
        self._keep(records)

    async def _answer(self, ask: Ask) -> None:
        import httpx

        try:
            came = await self.client.get(ask.url)
            headers = {name.lower(): value for name, value in came.headers.items()}
            answer = Answer(came.status_code, headers, came.content)
        except httpx.HTTPError as error:
            answer = Answer(0, {}, (str(error) or type(error).__name__).encode())
        now_ns = time.time_ns()
        records = self.market.answered(ask.question, answer, now_ns)
        if answer.status == 200 and answer.body.startswith(b"{"):
            self.recorder.hear(answer.body, self.market.now_ns, ask.url)
        self._keep(records)
        self._fulfil()

    def _keep(self, records: bytes) -> None:
        if records:
            self.recorder.take(records)
