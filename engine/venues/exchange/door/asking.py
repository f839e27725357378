"""What stands behind each request? Its row in the table, what was sent, who asks, and when."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.venues.exchange.door.parameters import Parameter

if TYPE_CHECKING:
    from engine.venues.exchange.door.api_session import ApiSession
    from engine.venues.exchange.house import House, Member

FEE_PPM = 1_000  # of what every customer receives

NONE, TRADE, USER_DATA, USER_STREAM = "NONE", "TRADE", "USER_DATA", "USER_STREAM"


class Ask(NamedTuple):
    """One admitted request: `given` are its parameters' values, `unit` that of its times."""

    house: "House"
    given: dict[str, Any]
    unit: int
    now_us: int
    member: "Member | None" = None
    session: "ApiSession | None" = None

    @property
    def who(self) -> "Member":
        """Whose request it is; only signed ones are asked."""
        assert self.member is not None
        return self.member

    @property
    def on(self) -> "ApiSession":
        """The session it came on; only those of the WebSocket API are asked."""
        assert self.session is not None
        return self.session


class Row(NamedTuple):
    """One endpoint: REST's verb and path, the WebSocket API's method, either of them empty.

    `weight` may depend on what was sent. Where `parameters` is None, anything may be sent.
    """

    verb: str
    path: str
    method: str
    security: str
    weight: int | Callable[[Mapping[str, Any]], int]
    parameters: dict[str, Parameter] | None
    answer: Callable[[Ask], Any]

    def weight_of(self, sent: Mapping[str, Any]) -> int:
        """What one request counts."""
        return self.weight if isinstance(self.weight, int) else self.weight(sent)


class Request(NamedTuple):
    """A request as it came: `sent` holds neither key nor signature, `payload` is what was signed.

    `key` is empty where the session that is logged on stands for it.
    """

    row: Row
    sent: dict[str, Any]
    host: str
    unit: int
    key: str = ""
    signature: str = ""
    payload: bytes = b""
    session: "ApiSession | None" = None


class Answer(NamedTuple):
    """What is answered: a status of HTTP, and a result or an error; None: nobody answers."""

    status: int
    body: Any
    member: "Member | None" = None
    retry_us: int = 0  # when it may be asked again, where it was too much
