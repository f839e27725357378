"""What if a server only half speaks Redis? One that greets well, and then answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

GREETING = b"+OK\r\n"
Answers = Callable[[bytes], bytes | None]  # a command's first word -> what is sent, None to end


@asynccontextmanager
async def odd_redis(
    path: str, answers: Answers, greeting: bytes | None = GREETING
) -> AsyncIterator[None]:
    """On a unix socket; every command after the greeting is answered by `answers`."""
    spoken: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoken.append(writer)
        while words := await command(reader):
            said = greeting if words[0] in (b"HELLO", b"CLIENT") else answers(words[0])
            if said is None:
                break
            writer.write(said)
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()
        # Who came last is served, and sockets are closed, in turns of the loop's own.
        await turns()
        for writer in spoken:
            writer.transport.abort()
        await server.wait_closed()
        await turns()


async def turns() -> None:
    """Let the loop go round: a time would count for nothing on a busy machine."""
    for _ in range(20):
        await asyncio.sleep(0)


async def command(reader: asyncio.StreamReader) -> list[bytes]:
    """The words of one command; none at the end."""
    try:
        count = int((await reader.readline())[1:] or 0)
        words = []
        for _ in range(count):
            length = int((await reader.readline())[1:])
            words.append((await reader.readexactly(length + 2))[:-2])
    except (asyncio.IncompleteReadError, ConnectionError):
        return []
    return words
