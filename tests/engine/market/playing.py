"""What does a command hear? A WebSocket server on loopback that plays a recording, and answers."""

import asyncio
import json
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.engine.market.played import Told, streamed


class PlayingServer:
    """Plays messages, `pace` a second, from when the first line is subscribed; in a thread."""

    def __init__(self, tape: list[tuple[int, bytes]], pace: float, burst: int = 200) -> None:
        self.tape, self.pace, self.burst = tape, pace, burst
        self.told = Told()
        self.lines: set[ServerConnection] = set()
        self.paths: list[str] = []
        self.port, self.sent = 0, 0
        self.subscribed = asyncio.Event()
        self.begun = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.begun.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join(10)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ws://127.0.0.1:{self.port}"

    async def _serve(self) -> None:
        self.loop, self.ended = asyncio.get_running_loop(), asyncio.Event()
        async with serve(
            self._line, "127.0.0.1", 0, process_request=self._asked, compression=None
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self.begun.set()
            play = asyncio.ensure_future(self._play())
            await self.ended.wait()
            play.cancel()

    def _asked(self, _line: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        if not request.path.startswith("/api/"):
            return None
        body = self.told.answer_to(request.path).body
        headers = Headers([("Content-Length", str(len(body))), ("X-MBX-USED-WEIGHT-1M", "5")])
        return Response(HTTPStatus.OK, "OK", headers, body)

    async def _line(self, line: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in line:
                request: dict[str, Any] = json.loads(text)
                await line.send(json.dumps({"result": None, "id": request["id"]}))
                self.lines.add(line)
                self.subscribed.set()
        self.lines.discard(line)

    async def _play(self) -> None:
        await self.subscribed.wait()
        streams = {text for _, text in streamed(self.tape)}
        for number, (_, text) in enumerate(self.tape):
            self.told.remember(text)
            if text in streams:
                for line in list(self.lines):
                    with suppress(ConnectionClosed):
                        await line.send(text, text=True)
                self.sent += 1
            if number % self.burst == 0:
                await asyncio.sleep(self.burst / self.pace)
