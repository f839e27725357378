"""How does a venue of plain sockets become one of TLS? A front that passes bytes on, both ways.

`python -m bench.tls_front PORT CERTIFICATE KEY` prints its own port and ends by SIGTERM.
"""

import asyncio
import signal
import ssl
import sys
from contextlib import suppress

AT_ONCE = 1 << 16


async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What one end says to the other, until it ends."""
    with suppress(ConnectionError, ssl.SSLError):
        while raw := await reader.read(AT_ONCE):
            writer.write(raw)
            await writer.drain()
    writer.close()


async def serve(port: int, files: list[str]) -> None:
    """Every connection in its turn."""

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(passed(reader, there[1]), passed(there[0], writer))

    context, ended = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), asyncio.Event()
    context.load_cert_chain(*files)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    server = await asyncio.start_server(joined, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2:]))
