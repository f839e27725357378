"""What can a source on the web do to who asks it? A real HTTP server that does it, on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from json import dumps
from typing import Any

HEAD = "HTTP/1.1 {status} X\r\nContent-Length: {size}\r\nConnection: close\r\n{more}\r\n"
GOOD: dict[str, dict[str, Any]] = {
    "coingecko": {
        "id": "ethereum",
        "sentiment_votes_up_percentage": 61.25,
        "last_updated": "2026-03-01T10:00:00.500Z",
    },
    "etherscan": {
        "status": "1",
        "message": "OK",
        "result": {"LastBlock": "20000000", "SafeGasPrice": "11", "ProposeGasPrice": "12.5"},
    },
    "bitquery": {"data": {"EVM": {"DEXTrades": [{"volume": "81234567.125"}]}}},
    "whalealert": {
        "result": "success",
        "count": 2,
        "transactions": [
            {
                "amount_usd": 2_500_000.5,
                "from": {"owner_type": "unknown"},
                "to": {"owner_type": "exchange"},
            },
            {
                "amount_usd": 1_000_000,
                "from": {"owner_type": "exchange"},
                "to": {"owner_type": "unknown"},
            },
        ],
    },
}


class Server:
    """Answers with `reply`: bytes to send as they are; None hears the question and says nothing."""

    def __init__(self) -> None:
        self.reply: bytes | None = b""
        self.heard: list[bytes] = []
        self.port = 0
        self.endless = False

    def says(self, body: bytes, status: int = 200, more: str = "") -> None:
        """From now on this."""
        head = HEAD.format(status=status, size=len(body), more=more)
        self.reply = head.encode() + body

    def tells(self, found: Any) -> None:
        """From now on this as JSON."""
        self.says(dumps(found).encode())

    def never_ends(self) -> None:
        """From now on an answer that goes on and on."""
        self.reply = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
        self.endless = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            size = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-len")]
            body = await reader.readexactly(int(size[0].partition(b":")[2])) if size else b""
            self.heard.append(head + body)
            if self.reply is None:
                await reader.read()  # until the other side has had enough
            else:
                writer.write(self.reply)
                while self.endless:
                    writer.write(b" " * 65_536)
                    await writer.drain()
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Server]:
    """A server until the end of the block."""
    made = Server()
    there = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = there.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        there.close()
