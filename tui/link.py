"""How does the screen stay attached? It follows one engine over restarts and never waits for it."""

import asyncio
import time
from collections.abc import Callable
from json import dumps
from typing import Any

from engine.control.client import UNREACHABLE, told, unreachable
from engine.control.frames import PICTURE, PROTOCOL, WORDS, Frames, packed
from engine.control.places import operator, socket_path
from engine.errors import Refused

RETRY_S = 0.5  # between two looks for an engine that is gone
BESIDE_S = 1.0  # between two questions for what no picture holds: latency and notices
ANSWER_S = 10.0  # an act that is not durable by then is reported as unanswered
READ_AT_ONCE = 1 << 16
OTHER_CODE = "this console is of another version than the engine"


class Stream:
    """Whole frames over a connection to an engine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._frames, self._arrived = Frames(), list[tuple[int, bytes]]()

    @classmethod
    async def open(cls, data_dir: str) -> "Stream":
        """A connection; Refused says why there is none."""
        try:
            return cls(*await asyncio.open_unix_connection(socket_path(data_dir)))
        except OSError as error:
            raise unreachable(data_dir) from error

    def send(self, verb: str, **fields: Any) -> None:
        """One request."""
        self._writer.write(packed(WORDS, dumps({"verb": verb, **fields}).encode()))

    async def frame(self) -> tuple[int, bytes]:
        """The next frame; Refused (3) when the engine has ended."""
        while not self._arrived:
            raw = await self._reader.read(READ_AT_ONCE)
            if not raw:
                raise Refused("the engine has ended", "start it again", code=UNREACHABLE)
            self._arrived += self._frames.feed(raw)
        return self._arrived.pop(0)

    async def words(self) -> dict[str, Any]:
        """The answer to a request; Refused in the engine's words."""
        kind, payload = await self.frame()
        while kind != WORDS:
            kind, payload = await self.frame()
        return told(payload)

    async def greeted(self) -> dict[str, Any]:
        """What the engine says of itself."""
        self.send("hello", protocol=PROTOCOL, operator=operator())
        return await self.words()

    def close(self) -> None:
        """Leave; the engine does not mind."""
        self._writer.close()


class Watch:
    """Follows one engine; `heard` is called when there is news, `gone` says why there is none."""

    def __init__(self, data_dir: str, code: str, hz: float, heard: Callable[[], None]) -> None:
        self.data_dir, self.hz = data_dir, hz
        self._code, self._heard = code, heard
        self.said: dict[str, Any] = {}  # hello, latency and notices
        self.picture = b""
        self.arrived_s = time.monotonic()
        self.gone = ""
        self._stream: Stream | None = None

    async def follow(self) -> None:
        """For ever: attach, listen until the engine ends, try again."""
        while True:
            try:
                await self._attend(await Stream.open(self.data_dir))
            except Refused as no:
                self._lose(no.what)
            except (OSError, ValueError) as error:
                self._lose(f"the connection broke: {error}")
            await asyncio.sleep(RETRY_S)

    def pace(self, hz: float) -> None:
        """Ask for another rate."""
        self.hz = hz
        if self._stream is not None:
            self._stream.send("watch", hz=hz)

    async def _attend(self, stream: Stream) -> None:
        try:
            hello = await stream.greeted()
            if hello.get("code") != self._code:
                raise Refused(OTHER_CODE, "start the console that belongs to it", code=UNREACHABLE)
            self.said, self._stream = {"hello": hello}, stream
            self.pace(self.hz)
            await self._listen(stream)
        finally:
            self._stream = None
            stream.close()

    async def _listen(self, stream: Stream) -> None:
        """Pictures as they come, and now and then what is told beside them."""
        asked_s = 0.0
        while True:
            kind, payload = await stream.frame()
            if kind == PICTURE:
                self.picture, self.arrived_s, self.gone = payload, time.monotonic(), ""
                self._heard()
                if self.arrived_s - asked_s >= BESIDE_S:
                    asked_s = self.arrived_s
                    stream.send("latency")
                    stream.send("notices")
                    if self.said["hello"].get("exchange"):
                        stream.send("exchange")
            elif kind == WORDS:
                self._keep(told(payload))

    def _keep(self, answer: dict[str, Any]) -> None:
        if "notices" in answer or "exchange" in answer:
            self.said |= answer
        else:
            self.said["latency"] = answer

    def _lose(self, why: str) -> None:
        self.gone = why
        self._heard()


async def accepted(data_dir: str, verb: str, reason: str) -> str:
    """An act of the engine, and where it stands in its journal; Refused as `ask` is."""
    done = await ask(data_dir, verb, reason)
    return f"{verb}: accepted, event {done['sequence']} of the journal"


async def ask(data_dir: str, verb: str, reason: str, **fields: str) -> dict[str, Any]:
    """An act, answered once it is durable; Refused with the engine's own words otherwise."""
    stream = await Stream.open(data_dir)
    try:
        async with asyncio.timeout(ANSWER_S):
            await stream.greeted()
            stream.send(verb, reason=reason, **fields)
            return await stream.words()
    except TimeoutError as error:
        what = f"no answer to {verb} within {ANSWER_S:g} s"
        raise Refused(what, "it may still happen: watch the state", code=5) from error
    except OSError as error:
        what = f"the connection broke while {verb} was asked"
        raise Refused(what, "watch the state, then repeat it", code=UNREACHABLE) from error
    finally:
        stream.close()
