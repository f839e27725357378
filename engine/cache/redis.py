"""How is Redis kept at hand? One connection that comes back by itself, and a breaker before it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from engine.cache.keeping import CLOSED, AtHand, Patience, failed, reason_of
from engine.cache.redis_address import Address
from engine.cache.redis_link import BUSY, Link, Lost, Question, asked, code_of
from engine.cache.tier import Tally, Tell
from engine.cache.values import required

PING_S = 1.0  # so long a connection may be silently gone, and what it would have told with it
SICK = {"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH", "NOPERM"}
CODE_LETTERS = 24  # of an error's first word that are told
INVALIDATE = b"invalidate"
Changed = Callable[[bytes | None], object]


class Redis(AtHand):
    """One database of one server, for all namespaces. Nothing that it does raises.

    Refused where hiredis is not installed, or TLS is asked for with certificates that are unfit.

    `changed` hears of each key read here that somebody else has changed, and None when any may
    have been: after a flush, a loss of the connection, and once it is there again.
    """

    def __init__(
        self,
        address: Address,
        tell: Tell,
        draw: Callable[[], float],
        patience: Patience = Patience(),  # noqa: B008  a constant
    ) -> None:
        required("hiredis")
        self._address = address
        super().__init__("redis", tell, draw, patience)
        self.changed: list[Changed] = []
        self.invalidations = 0
        self._link: Link | None = None
        self._tls = address.tls()

    @property
    def is_connected(self) -> bool:
        """Whether it can be asked."""
        return self._link is not None

    async def ask(self, questions: Sequence[Question], tally: Tally) -> list[Any] | None:
        """Its answers in order, errors among them; None where there are none, which is counted."""
        breaker, link = self.breaker, self._link
        permit = breaker.permit()
        if not permit:
            tally.errors += 1
            return None
        if link is None:
            breaker.failed(permit, self.why)
            tally.errors += 1
            return None
        try:
            replies = await asked(link, questions)
        except asyncio.CancelledError:
            breaker.released(permit)
            raise
        for reply in replies:
            if reply is BUSY:
                breaker.released(permit)
                tally.refused += 1
                return None
            if why := sickness_of(reply):
                if why != CLOSED:
                    breaker.failed(permit, why)
                tally.errors += 1
                return None
        breaker.succeeded(permit)
        return replies

    def mistrust(self, why: str) -> None:
        """It answered what cannot be right: begin anew with another connection."""
        if self._link is not None:
            self._link.end(why)

    def stats(self) -> dict[str, int | float | str]:
        """How the connection stands."""
        return {
            "where": self._address.where,
            "connected": int(self.is_connected),
            "connects": self.connects,
            "invalidations": self.invalidations,
            "waiting": self._link.waiting if self._link else 0,
        }

    async def _live(self) -> bool:
        """A connection from its beginning to its end; whether it began."""
        link = await self._connected()
        if link is None:
            self._tried.set()
            return False
        self._link = link
        self.connects += 1
        self.breaker.recovered("connected")
        self._tell_changed(None)  # of what changed meanwhile, nothing was heard
        self._tried.set()
        try:
            while not (await asyncio.wait((link.lost,), timeout=PING_S))[0]:
                link.ask(("PING",))  # an end that is not noticed otherwise
            self._fail(link.lost.result())
        finally:
            self._link = None
            link.end(CLOSED)
            self._tell_changed(None)
        return True

    async def _connected(self) -> Link | None:
        """A connection that was greeted, None where that failed."""
        link = Link(self._patience, self._pushed)
        try:
            async with asyncio.timeout(self._patience.connect_s):
                await self._reach(link)
                replies = await asked(link, greeting(self._address))
            why = next((why for reply in replies if (why := objection(reply))), "")
        except (OSError, TimeoutError) as error:
            why = reason_of(error)
        except asyncio.CancelledError:
            link.end(CLOSED)
            raise
        if not why:
            return link
        link.end(why)
        self._fail(why)
        return None

    async def _reach(self, link: Link) -> None:
        loop, address = asyncio.get_running_loop(), self._address
        if address.path:
            await loop.create_unix_connection(lambda: link, address.path)
        else:
            await loop.create_connection(lambda: link, address.host, address.port, ssl=self._tls)

    def _fail(self, why: str) -> None:
        self.why = why
        failed(self.breaker, why)

    def _pushed(self, said: list[Any]) -> None:
        """What Redis says unasked: the keys that were changed, or None for all of them."""
        if len(said) != 2 or said[0] != INVALIDATE:
            return
        keys = [None] if said[1] is None else said[1]
        if not isinstance(keys, list) or not all(key is None or type(key) is bytes for key in keys):
            self.mistrust("it told of a change of what is no key")
            return
        for key in keys:
            self._tell_changed(key)

    def _tell_changed(self, key: bytes | None) -> None:
        self.invalidations += 1
        for changed in self.changed:
            changed(key)


def greeting(address: Address) -> list[Question]:
    """What every connection begins with: protocol and user, database, and to be told of changes."""
    hello: Question = ("HELLO", 3, "SETNAME", "supreme-cache")
    if address.password:
        hello = (*hello, "AUTH", address.user or "default", address.password)
    select: list[Question] = [("SELECT", address.database)] if address.database else []
    return [hello, *select, ("CLIENT", "TRACKING", "ON", "NOLOOP")]


def objection(reply: object) -> str:
    """Why a greeting did not work, in our words: Redis may quote the password in its own."""
    if isinstance(reply, Lost):
        return reply.why
    code = code_of(reply)[:CODE_LETTERS]
    if code in ("WRONGPASS", "NOAUTH"):
        return "it does not take the user and password"
    return f"it refused the greeting ({code}); Redis 6 or newer is needed" if code else ""


def sickness_of(reply: object) -> str:
    """Why this answer says that Redis cannot be used now, or nothing."""
    if isinstance(reply, Lost):
        return reply.why
    code = code_of(reply)
    return code if code in SICK else ""
