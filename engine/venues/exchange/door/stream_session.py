"""What does a connection to the market's streams ask for, and how is it told what it hears?

`/ws/<stream>` and `/ws` tell payloads as they are, `/stream` wraps each with its stream's name. A
path that ends in a number only, as some clients' do, names no stream.
"""

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote

from engine.venues.exchange.door.api_session import Wire
from engine.venues.exchange.door.weights import SECOND, Count
from engine.venues.exchange.market.listeners import Listeners
from engine.venues.exchange.spelling import encoded

MESSAGES_A_SECOND, STREAMS_MAX = 5, 1_024
RAW, COMBINED = "/ws", "/stream"
IDS = re.compile(r"[a-zA-Z0-9_-]{0,36}")
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
VARIANTS = ", ".join(f"`{name}`" for name in METHODS)


class Misasked(Exception):
    """A frame that asks nothing that can be done."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class StreamSession:
    """One connection; `streams` are those it hears, in the order in which it asked."""

    def __init__(self, listeners: Listeners, wire: Wire, *, is_combined: bool) -> None:
        self.listeners, self.wire, self.is_combined = listeners, wire, is_combined
        self.unit = wire.unit
        self.streams: dict[str, None] = {}
        self.messages = Count(SECOND, MESSAGES_A_SECOND)

    def begin(self, streams: list[str]) -> bool:
        """Hear what the address asked for; False where that is too much."""
        if len(streams) > STREAMS_MAX:
            return False
        self.subscribe(streams)
        return True

    def subscribe(self, streams: list[str]) -> None:
        """Hear these too."""
        for stream in streams:
            self.streams[stream] = None
            self.listeners.add(self, stream)

    def is_patient(self, now_us: int) -> bool:
        """Count a message that came in, a ping or a pong too; whether they are not too many."""
        return self.messages.add(1, now_us)

    def take(self, text: str) -> None:
        """One frame, answered at once."""
        number: Any = None
        try:
            frame = frame_of(text)
            number = id_of(frame)
            told = {"result": self.done(frame["method"], frame.get("params")), "id": number}
        except Misasked as wrong:
            told = {"error": {"code": wrong.code, "msg": wrong.text}, "id": number}
        self.wire.send(encoded(told))

    def done(self, method: str, params: Any) -> Any:
        """What a method gives."""
        if method == "LIST_SUBSCRIPTIONS":
            return list(self.streams)
        if method in ("SET_PROPERTY", "GET_PROPERTY"):
            return self.property(method, params)
        names = names_of(params)
        if method == "UNSUBSCRIBE":
            for name in names:
                self.streams.pop(name, None)
                self.listeners.remove(self, name)
        elif len(self.streams.keys() | set(names)) > STREAMS_MAX:
            raise Misasked(2, "Invalid request: too many parameters")
        else:
            self.subscribe(names)
        return None

    def property(self, method: str, params: Any) -> Any:
        """The one property there is: whether payloads are wrapped."""
        values = params if isinstance(params, list) else []
        if not values or not isinstance(values[0], str):
            raise Misasked(2, "Invalid request: property name must be a string")
        if len(values) > (2 if method == "SET_PROPERTY" else 1):
            raise Misasked(2, "Invalid request: too many parameters")
        if values[0] != "combined":
            raise Misasked(0, "Unknown property")
        if method == "GET_PROPERTY":
            return self.is_combined
        if not isinstance(values[-1], bool):
            raise Misasked(1, "Invalid value type: expected Boolean")
        self.is_combined = values[-1]
        return None

    def hear(self, stream: str, text: str) -> None:
        """One message of a stream."""
        if self.is_combined:
            text = f'{{"stream":"{stream}","data":{text}}}'
        self.wire.send_event(text)

    def say_goodbye(self, now_us: int) -> None:
        """The venue is about to end."""
        text = encoded({"e": "serverShutdown", "E": now_us // self.unit})
        if self.is_combined:
            text = f'{{"stream":"!serverShutdown","data":{text}}}'
        self.wire.send(text)

    def close(self) -> None:
        """The connection is gone."""
        for stream in self.streams:
            self.listeners.remove(self, stream)
        self.streams.clear()


def frame_of(text: str) -> dict[str, Any]:
    """A frame as an object with a method; Misasked."""
    try:
        frame = json.loads(text)
    except json.JSONDecodeError as wrong:
        place = f"at line {wrong.lineno} column {wrong.colno}"
        raise Misasked(3, f"Invalid JSON: expected value {place}") from None
    except RecursionError:
        raise Misasked(3, "Invalid JSON: recursion limit exceeded") from None
    method = frame.get("method") if isinstance(frame, dict) else None
    if method is None:
        place = f"at line 1 column {len(text)}"
        raise Misasked(2, f"Invalid request: missing field `method` {place}")
    if method not in METHODS:
        said = f"Invalid request: unknown variant `{method}`, expected one of {VARIANTS}"
        raise Misasked(2, said)
    return dict(frame)


def id_of(frame: dict[str, Any]) -> Any:
    """A frame's id; Misasked for one of another kind."""
    number = frame.get("id")
    is_text = isinstance(number, str) and IDS.fullmatch(number)
    is_number = isinstance(number, int) and not isinstance(number, bool)
    if not (number is None or is_number or is_text):
        raise Misasked(2, "Invalid request: request ID must be an unsigned integer")
    return number


def names_of(params: Any) -> list[str]:
    """The streams a frame names; Misasked where they are no list of names."""
    if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
        raise Misasked(2, "Invalid request: params must be a list of stream names")
    return params


def streams_at(path: str, query: str) -> list[str]:
    """The streams an address names."""
    if path.startswith(COMBINED):
        told = parse_qs(query).get("streams", [""])[0]
        return [name for name in told.split("/") if name]
    names = unquote(path.removeprefix(RAW)).strip("/").split("/")
    return [name for name in names if name and not name.isdigit()]


def is_combined_at(path: str) -> bool:
    """Whether an address wraps payloads: `/stream` does, `/stream/ws` does not."""
    return path.startswith(COMBINED) and "/ws" not in path


def is_stream_path(path: str) -> bool:
    """Whether streams are served at a path."""
    return path in (RAW, COMBINED) or path.startswith((f"{RAW}/", f"{COMBINED}/"))
