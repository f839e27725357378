"""What is a dependency that can go away and come back? A real listener on loopback that echoes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

LINE = b"ping\n"


class Wire:
    """One connection to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self) -> bytes:
        """A line and back. ConnectionError where the far end is gone."""
        self.writer.write(LINE)
        await self.writer.drain()
        answer = await self.reader.readline()
        if not answer:
            raise ConnectionResetError("closed by the far end")
        return answer

    async def close(self) -> None:
        """No more of it."""
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class Echo:
    """The listener. While it is away, connecting to its port is refused."""

    def __init__(self) -> None:
        self.accepted, self.port = 0, 0
        self.refused = asyncio.Event()  # somebody came while it was away
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def there(cls) -> AsyncIterator["Echo"]:
        """One that listens, and is gone after it."""
        echo = cls()
        await echo.come_back()
        try:
            yield echo
        finally:
            await echo.leave()

    async def come_back(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def leave(self) -> None:
        """Every connection is cut, and no other one taken."""
        if self._server:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """Every connection is cut; returns when it is."""
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def connect(self) -> Wire:
        """A connection from here. ConnectionRefusedError while it is away."""
        try:
            return Wire(*await asyncio.open_connection("127.0.0.1", self.port))
        except ConnectionRefusedError:
            self.refused.set()
            raise

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        self._open.add(writer)
        self.accepted += 1
        try:
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._open.discard(writer)
            self.tasks.discard(task)
            writer.close()
