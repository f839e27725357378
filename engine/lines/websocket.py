"""How does a conversation in WebSocket go? Upgrade, texts both ways, pings, a goodbye (RFC 6455).

The library speaks the protocol (its part without sockets); what its clock and its socket would do
is done here: deadlines, silence, and an end that is known at once and says why.
"""

from collections.abc import Sequence

from engine.lines.address import Address
from engine.lines.library import protocol_for
from engine.lines.messages import Messages
from engine.lines.patience import NEVER_NS, NS_A_SECOND, PATIENCE, PLAIN_MAX, Patience
from engine.lines.wire import TRY_LATER, OnWire, Wire

CONNECTING, UPGRADING, OPEN, CLOSING, ENDED = range(5)
HEAD_END = b"\r\n\r\n"
HEAD_MAX = 1 << 16
BODY_SHOWN = 120  # characters of what a refusal said
NORMAL, GONE = 1000, 1006  # close codes (RFC 6455, 7.4.1)
Headers = Sequence[tuple[str, str]]


class WebSocket(OnWire):
    """One line of texts. It never reconnects: whoever understands its words decides that.

    `status` and `answered` are of an answer that refused the upgrade; `close_code` is the peer's.
    """

    def __init__(
        self,
        address: Address,
        now_ns: int,
        patience: Patience = PATIENCE,
        *,
        headers: Headers = (),
        issuers: str = "",
    ) -> None:
        self.address = address
        self.ended = self.fix = ""
        self.status, self.close_code = 0, 0
        self.answered: dict[str, str] = {}  # headers, lower case
        self._patience, self._headers = patience, headers
        self._state, self._due_ns = CONNECTING, now_ns + patience.open_ns
        self._is_pinged, self._is_asked_to_end = False, False
        self._head_tail = b""
        self._head_size = 0
        self._protocol = protocol_for(address, max(patience.message_max, PLAIN_MAX))
        self._messages = Messages(self._protocol)
        self._wire = Wire(address, now_ns, patience, issuers=issuers)
        self._look_at_the_wire()

    @property
    def is_open(self) -> bool:
        """Whether texts can be sent."""
        return self._state == OPEN

    def hear(self, now_ns: int) -> list[bytes]:
        """The texts that came, in UTF-8; also when it is due. It may have ended behind them."""
        raw = self._wire.turn(now_ns)
        found: list[bytes] = []
        if self._state == CONNECTING:
            self._look_at_the_wire()
        if raw:
            self._due_ns = now_ns + self._patience.silent_ns
            self._is_pinged = False
            if self._state in (OPEN, CLOSING):
                found = self._messages.feed(raw)
                self._say()
                if self._messages.is_over:
                    self._over()
            elif self._state == UPGRADING:
                found = self._upgraded(raw, now_ns)
        if not raw or self._wire.ended:
            self._look_at_the_wire()
        if now_ns >= self._due_ns:
            self._overdue(now_ns)
        return found

    def send(self, text: str) -> bool:
        """Whether the text is on its way; False: nothing of it is, nor ever will be."""
        if self._state != OPEN:
            return False
        self._protocol.send_text(text.encode())
        return self._say()

    def close(self, now_ns: int) -> None:
        """Say goodbye; it ends when the peer has answered, or has had its time to."""
        if self._state in (CONNECTING, UPGRADING):
            self._end("closed before it was open")
        elif self._state == OPEN:
            self._protocol.send_close(NORMAL)
            self._say()
            self._state, self._due_ns = CLOSING, now_ns + self._patience.close_ns

    def drop(self, why: str) -> None:
        """End it at once, without a word."""
        self._end(why)

    def _look_at_the_wire(self) -> None:
        """What became of the bytes' way: it is open now, or has ended."""
        if self._state == CONNECTING and self._wire.is_open:
            request = self._protocol.connect()
            for name, value in (("User-Agent", "supreme"), *self._headers):
                request.headers[name] = value
            self._protocol.send_request(request)
            self._state = UPGRADING
            self._say()
        if self._wire.ended and self._state == UPGRADING:
            self._protocol.receive_eof()  # the body of a refusal may end with the connection
            if hasattr(self._protocol.handshake_exc, "response"):
                self._refused(self._protocol.handshake_exc)
        if self._wire.ended and self._state != ENDED:
            said = "we closed it" if self._state == CLOSING else self._wire.ended
            self.close_code = self.close_code or GONE
            self._end(said, self._wire.fix)

    def _upgraded(self, raw: bytes, now_ns: int) -> list[bytes]:
        """Hand the library the answer's head, and whatever came right behind it to the texts."""
        joined = self._head_tail + raw
        at = joined.find(HEAD_END)
        cut = len(raw) if at < 0 else at + len(HEAD_END) - len(self._head_tail)
        self._head_tail = joined[-3:] if at < 0 else b""
        self._head_size += cut
        protocol = self._protocol
        protocol.receive_data(raw[:cut])
        if protocol.handshake_exc is None and protocol.state.name == "OPEN":
            protocol.events_received()
            self._state = OPEN
            self._due_ns = now_ns + self._patience.silent_ns
            found = self._messages.feed(raw[cut:])
            self._say()
            if self._messages.is_over:
                self._over()
            return found
        if protocol.handshake_exc is None and cut < len(raw):
            protocol.receive_data(raw[cut:])  # the body of a refusal
        if protocol.handshake_exc is None and self._head_size > HEAD_MAX:
            self._end(f"{self.address} answered without an end", "check that it is a WebSocket")
        elif protocol.handshake_exc is not None:
            self._refused(protocol.handshake_exc)
        return []

    def _refused(self, error: Exception | None) -> None:
        response = getattr(error, "response", None)
        if response is None:
            why = str(error and (error.__cause__ or error))
            self._end(f"{self.address} does not upgrade: {why}", "check that it is a WebSocket")
            return
        self.status = response.status_code
        self.answered = {name.lower(): value for name, value in response.headers.raw_items()}
        said = " ".join(response.body.decode(errors="replace")[:BODY_SHOWN].split())
        told = f" {said!a}" if said else ""
        self._end(
            f"{self.address} refused the connection: HTTP {self.status}{told}",
            "it said for how long" if self.retry_after_ns() else "check the address and its path",
        )

    def retry_after_ns(self) -> int:
        """How long the peer asked to stay away; 0 if it did not say."""
        return seconds_in(self.answered.get("retry-after", "")) * NS_A_SECOND

    def _over(self) -> None:
        """The peer closed, or broke the protocol; our word about it is on its way."""
        closed, broken = self._protocol.close_rcvd, self._protocol.close_sent
        if self._state == CLOSING and closed is not None:
            self.close_code = int(closed.code)
            self._end("we closed it")
        elif closed is not None and self._protocol.parser_exc is None:
            self.close_code = int(closed.code)
            reason = f" {closed.reason!a}" if closed.reason else ""
            self._end(f"{self.address} closed it: {self.close_code}{reason}")
        else:
            self.close_code = GONE
            why = f"{int(broken.code)} {broken.reason}" if broken else "no close code"
            self._end(f"{self.address} broke the protocol: {why}")

    def _overdue(self, now_ns: int) -> None:
        patience = self._patience
        if self._state in (CONNECTING, UPGRADING):
            self._end(f"{self.address} did not answer in time (upgrading)")
        elif self._state == CLOSING:
            self._end("we closed it, and the peer did not answer")
        elif self._state == OPEN and not self._is_pinged:
            self._is_pinged, self._due_ns = True, now_ns + patience.answer_ns
            self._protocol.send_ping(b"")
            self._say()
        elif self._state == OPEN:
            silent_s = (patience.silent_ns + patience.answer_ns) // NS_A_SECOND
            self.close_code = GONE
            self._end(f"{self.address} was silent for {silent_s} s, and answered no ping")

    def _say(self) -> bool:
        """Send what the library wants sent; whether all of it is on its way."""
        words = b"".join(self._protocol.data_to_send())  # its sign for an end adds nothing
        is_sent = not words or self._wire.send(words)
        if self._wire.ended:
            self._look_at_the_wire()
        return is_sent

    def _end(self, why: str, fix: str = TRY_LATER) -> None:
        if self._state != ENDED:
            self._state, self._due_ns = ENDED, NEVER_NS
            self._wire.end(why, fix)
            self.ended, self.fix = why, fix


def seconds_in(text: str) -> int:
    """Whole seconds of a Retry-After header (RFC 9110, 10.2.3), at most a week; 0 for a date."""
    digits = text.strip()
    known = digits.isascii() and digits.isdigit() and len(digits) < 10
    return min(int(digits), 7 * 86_400) if known else 0
