"""What may a running engine be asked? The requests of operators and watchers, one row a verb."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.camera import Camera, image_of
from engine.control.frames import IMAGE, PICTURE, PROTOCOL
from engine.control.places import printable, settled_socket_path
from engine.control.server import Peer, Server
from engine.core import code_digest, layout_digest
from engine.errors import Refused
from engine.instruments import BOUND, e8_of
from engine.journal.segments import JournalFailed
from engine.journal.writer import STALLED_S
from engine.messages import (
    OPERATOR,
    PARAMETER_NAME,
    REASON,
    ContextUpdated,
    OperatorFlattened,
    OperatorKilled,
    OperatorPaused,
    OperatorReset,
    OperatorResumed,
    ParameterChanged,
    encode,
    texts_of,
)
from engine.parts import pace_of
from engine.profile import load_profile, parts_of
from engine.risk.breakers import HALTED, trading_state
from engine.state import KEYS
from engine.strategy.context import NAMES

if TYPE_CHECKING:
    from engine.options import Options
    from engine.parts import Engine
    from engine.telemetry import Telemetry

HZ_MAX = 20.0
OWN_BUILD = "use the supreme that belongs to the running engine"
REASON_MAX = 200  # bytes of a reason that the journal keeps
ACTS: dict[str, Any] = {
    "pause": OperatorPaused,
    "resume": OperatorResumed,
    "flatten": OperatorFlattened,
    "kill": OperatorKilled,
    "reset": OperatorReset,
}


def signed(who: str, reason: str, now_ns: int) -> bytes:
    """Who and why, as the texts before an event."""
    texts = texts_of(who, OPERATOR, received_ns=now_ns)
    return b"".join(texts + texts_of(reason, REASON, received_ns=now_ns))


def objection(verb: str, breakers: Any) -> tuple[str, str]:
    """Why an act would change nothing now, and what to do instead; two empty texts if it would."""
    halted = trading_state(breakers) == HALTED
    if verb == "reset" and not halted:
        return "the engine is not halted: there is nothing to reset", "see: supreme status"
    if verb == "resume" and breakers.stopped:
        return "the engine was stopped: a resume only undoes a pause", "see: supreme reset --help"
    if verb == "resume" and breakers.flattening:
        return "the engine is still closing positions", "repeat the resume once it is flat"
    if verb == "resume" and not breakers.paused:
        return "the engine is not paused: there is nothing to resume", "see: supreme status"
    if verb == "pause" and breakers.paused:
        return "the engine is paused already", "supreme resume ends the pause"
    if verb in ("flatten", "pause") and halted:
        return f"the engine is HALTED: nothing is traded, so there is nothing to {verb}", (
            "supreme positions names what is left; supreme reset leads out"
        )
    return "", ""


class Desk:
    """Answers requests between two events; an act is an event, and is answered once durable."""

    def __init__(self, engine: "Engine", options: "Options", telemetry: "Telemetry") -> None:
        self.engine, self.options, self.telemetry = engine, options, telemetry
        self.camera = Camera()
        self.server: Server
        self.stop: Callable[[], None]
        self.exchange: Callable[[], dict[str, Any]] = dict  # how it stands; nothing without one
        self.waiting: list[tuple[int, Peer, dict[str, Any]]] = []
        self.changes: dict[str, str] = {}  # what was set since the start, by key
        self.verbs: dict[str, Callable[[Peer, dict[str, Any]], tuple[bytes, bytes] | None]] = {
            "hello": self._hello,
            "picture": self._picture,
            "image": self._image,
            "sequence": self._sequence,
            "state": self._state,
            "watch": self._watch,
            "latency": self._latency,
            "notices": self._notices,
            "exchange": self._exchange,
            "set": self._set,
            "context": self._context,
            "stop": self._stop,
            **dict.fromkeys(ACTS, self._act),
        }

    def open(self, poll: Any, stop: Callable[[], None]) -> None:
        """Listen; `stop` ends the engine as a signal would."""
        self.stop = stop
        self.server = Server(settled_socket_path(self.options.data_dir), poll, self.answer)

    def close(self) -> None:
        """Answer the acts that were taken, tell everybody else that theirs was not, and why."""
        with suppress(JournalFailed):
            if self.waiting:
                self.engine.journal.wait(self.waiting[-1][0], STALLED_S)
        self.settle()
        ended = f"the engine has ended{self.engine.why}"
        said = {"fix": "start it again, then see supreme status", "code": 3}
        for _, peer, _ in self.waiting:
            self.server.words(peer, {"error": f"{ended}: whether this was kept is unknown", **said})
        self.server.close({"error": f"{ended}: what it had not answered was not done", **said})

    def answer(self, peer: Peer, raw: bytes) -> None:
        """One request; what is wrong with it is said to whoever asked.

        What the disk refuses when an act is taken ends the engine, as it does at a market event.
        """
        try:
            event = self._weigh(peer, raw)
        except Refused as no:
            self.server.words(peer, {"error": no.what, "fix": no.fix, "code": no.code})
        except (OSError, ValueError, RecursionError) as odd:  # the last: nested without end
            what = f"the request cannot be understood: {type(odd).__name__}"
            self.server.words(peer, {"error": what, "fix": OWN_BUILD, "code": 2})
        else:
            if event:
                self._take(peer, *event)

    def _weigh(self, peer: Peer, raw: bytes) -> tuple[bytes, bytes] | None:
        """Carry out what only asks; for an act its event and texts, to be taken."""
        from json import loads

        asked = loads(raw)
        asked = asked if isinstance(asked, dict) else {}
        return self.verbs.get(str(asked.get("verb")), self._unknown)(peer, asked)

    def settle(self) -> None:
        """Answer the acts that have become durable, and send the pictures that are due."""
        while self.waiting and self.waiting[0][0] <= self.engine.journal.durable:
            _, peer, said = self.waiting.pop(0)
            peer.waits = False
            self.server.words(peer, said)
        self.server.publish(time.monotonic(), self.picture)

    def picture(self) -> bytes:
        """What is shown of the state."""
        return self.camera.picture(self.engine.core)

    def _unknown(self, _peer: Peer, asked: dict[str, Any]) -> None:
        what = f"there is no request {asked.get('verb')!r}"
        raise Refused(what, OWN_BUILD)

    def _hello(self, peer: Peer, asked: dict[str, Any]) -> None:
        if asked.get("protocol") != PROTOCOL:
            raise Refused(
                f"the engine speaks protocol {PROTOCOL}, you {asked.get('protocol')}",
                f"{OWN_BUILD}, or restart it",
                code=3,
            )
        peer.name = printable(str(asked.get("operator", "")))[:64]
        engine = self.engine
        said = {
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "label": engine.source.label,
            "simulated": engine.source.simulated,
            "names": engine.names,
            "profile": engine.profile.name,
            "stamp": engine.log.stamp,
            "started_s": self.telemetry.started_s,
            "speed": pace_of(engine, self.options),
            "exchange": engine.source.exchange is not None,
            "compiled": engine.core.native is not None,
            "code": (code_digest() + layout_digest()).hex(),
            "data_dir": os.path.abspath(self.options.data_dir),
        }
        self.server.words(peer, said)

    def _picture(self, peer: Peer, _asked: dict[str, Any]) -> None:
        self.server.say(peer, PICTURE, self.picture())

    def _image(self, peer: Peer, _asked: dict[str, Any]) -> None:
        self.server.say(peer, IMAGE, bytes(image_of(self.engine.core)))

    def _sequence(self, peer: Peer, _asked: dict[str, Any]) -> None:
        self.server.words(peer, {"sequence": self.engine.journal.sequence})

    def _state(self, peer: Peer, asked: dict[str, Any]) -> None:
        """What the journal comes to up to a sequence: whoever folds it can compare."""
        self._sequence(peer, asked)
        self._image(peer, asked)

    def _watch(self, peer: Peer, asked: dict[str, Any]) -> None:
        hz = asked.get("hz")
        if not isinstance(hz, (int, float)) or not 0 < hz <= HZ_MAX:
            raise Refused(f"{hz} pictures a second are impossible", f"ask for up to {HZ_MAX:g}")
        self.server.show(peer, 1.0 / hz)

    def _latency(self, peer: Peer, _asked: dict[str, Any]) -> None:
        self.server.words(peer, self.telemetry.told())

    def _notices(self, peer: Peer, _asked: dict[str, Any]) -> None:
        self.server.words(peer, {"notices": list(self.engine.log.notable)})

    def _exchange(self, peer: Peer, _asked: dict[str, Any]) -> None:
        self.server.words(peer, {"exchange": self.exchange()})

    def _stop(self, peer: Peer, asked: dict[str, Any]) -> None:
        who, reason = self._signature(peer, asked)
        self.engine.log.say("warning", "StopAsked", operator=who, reason=reason)
        self.server.words(peer, {"pid": os.getpid()})
        self.stop()

    def _act(self, peer: Peer, asked: dict[str, Any]) -> tuple[bytes, bytes]:
        """The event that was asked for, and its texts."""
        verb = asked["verb"]
        who, reason = self._signature(peer, asked)
        what, fix = objection(verb, self.engine.core.state.breakers)
        if what:
            raise Refused(what, fix, code=4)
        now_ns = self.engine.core.state.clock.now_ns
        message = ACTS[verb](0, now_ns, now_ns)
        self.engine.log.say("warning", type(message).__name__, operator=who, reason=reason)
        return encode(message), signed(who, reason, now_ns)

    def _set(self, peer: Peer, asked: dict[str, Any]) -> tuple[bytes, bytes]:
        """Another value for a profile key, checked as if the profile had held it."""
        who, reason = self._signature(peer, asked)
        key, change = str(asked.get("key")), f"{asked.get('key')}={asked.get('value')}"
        options = self.options
        changes = [*options.changes, *self.changes.values(), change]
        wanted = load_profile(options.profile, changes, options.environment)
        if key not in KEYS:
            raise Refused(f"{key} cannot change while the engine runs", "set it at the next start")
        self.changes[key] = change
        now_ns = self.engine.core.state.clock.now_ns
        parts = parts_of(wanted.values[key])
        name = texts_of(key, PARAMETER_NAME, received_ns=now_ns)
        record = encode(ParameterChanged(0, now_ns, now_ns, list(KEYS).index(key), *parts))
        self.engine.log.say("warning", "ParameterChanged", key=key, value=wanted.values[key],
                            operator=who, reason=reason)  # fmt: skip
        return record, b"".join(name) + signed(who, reason, now_ns)

    def _context(self, peer: Peer, asked: dict[str, Any]) -> tuple[bytes, bytes]:
        """A value that a slow source told: `name`, `value` as decimal text, `time_ns` as of when.

        The market's clock says when it was received: a replayed market lives in another time.
        """
        who, source = self._signature(peer, asked)
        name, time_ns = str(asked.get("name")), asked.get("time_ns")
        if name not in NAMES:
            raise Refused(f"there is no context {name[:40]!r}", f"there are: {', '.join(NAMES)}")
        value_e8 = e8_of(asked.get("value"))
        if not isinstance(time_ns, int) or not 0 <= time_ns <= BOUND or abs(value_e8) > BOUND:
            raise Refused(f"{name} has no such value or time", "tell it again as its source said")
        now_ns = self.engine.core.state.clock.now_ns
        record = encode(ContextUpdated(0, time_ns, now_ns, NAMES.index(name), value_e8))
        return record, signed(who, source, now_ns)

    def _take(self, peer: Peer, record: bytes, texts: bytes) -> None:
        self.engine.loop.take(record, texts)
        sequence = self.engine.journal.sequence
        self.waiting.append((sequence, peer, {"sequence": sequence}))
        peer.waits = True

    def _signature(self, peer: Peer, asked: dict[str, Any]) -> tuple[str, str]:
        """Who asks, with the user the system vouches for, and why."""
        reason = printable(str(asked.get("reason", "")).strip())
        if not reason:
            raise Refused(f"{asked['verb']} needs a reason", 'add --reason "what was seen"')
        if len(reason.encode()) > REASON_MAX:
            raise Refused(f"a reason has at most {REASON_MAX} bytes", "say it shorter")
        return f"{peer.name or 'unknown'} (uid {peer.uid})", reason
