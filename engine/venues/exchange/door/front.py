"""How does a request go through the venue, on a good day and on a bad one?

On a good day it is answered at once. Faults let it wait before it is taken up and after, and make
an order's outcome unknown: its effect may or may not be there, and the answer does not say.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.venues.exchange.door.access import Admitted, admit, answer_of, refused
from engine.venues.exchange.door.asking import Answer, Request
from engine.venues.exchange.door.faults import PLAIN, Fate, Faults
from engine.venues.exchange.matching.words import VenueRefusal

if TYPE_CHECKING:
    from engine.venues.exchange.house import House

LIMITED, BANNED = 429, 418
Reply = Callable[[Answer | None], None]  # None: nobody answers
Later = Callable[[int, Callable[[], None]], object]  # after so many us


class Front:
    """The way in, of REST and of the WebSocket API."""

    def __init__(self, house: "House", faults: Faults, later: Later) -> None:
        self.house, self.faults, self.later = house, faults, later

    def take(self, request: Request, reply: Reply) -> None:
        """Answer a request, now or later."""
        fate = self.faults.fate(request.row)
        if fate is PLAIN:
            reply(self.answer(request))
        else:
            self._after(fate.before_us, lambda: self._enter(request, fate, reply))

    def answer(self, request: Request) -> Answer:
        """The answer of a good day."""
        try:
            admitted = admit(self.house, request)
        except VenueRefusal as refusal:
            return self._refused(refusal, request)
        return answer_of(self.house, admitted)

    def _refused(self, refusal: VenueRefusal, request: Request) -> Answer:
        said = refused(self.house, refusal, request)
        self.faults.counts["limited"] += said.status == LIMITED
        self.faults.counts["banned"] += said.status == BANNED
        return said

    def _after(self, delay_us: int, act: Callable[[], None]) -> None:
        if delay_us:
            self.later(delay_us, act)
        else:
            act()

    def _enter(self, request: Request, fate: Fate, reply: Reply) -> None:
        try:
            admitted = admit(self.house, request)
        except VenueRefusal as refusal:
            said = self._refused(refusal, request)
            self._after(fate.after_us, lambda: reply(said))
            return
        # Between the two checks of its time: who comes late by then is refused.
        self._after(fate.after_us // 2, lambda: self._finish(admitted, fate, reply))

    def _finish(self, admitted: Admitted, fate: Fate, reply: Reply) -> None:
        said: Answer | None = None
        if fate.has_effect:
            said = answer_of(self.house, admitted)
        if fate.is_unknown:
            said = unknown(fate, admitted)
        self._after(fate.after_us - fate.after_us // 2, lambda: reply(said))


def unknown(fate: Fate, admitted: Admitted) -> Answer | None:
    """What is said of an order of which nothing is known."""
    if fate.said is None:
        return None
    status, code, text = fate.said
    return Answer(status, {"code": code, "msg": text}, admitted.member)
