"""How does an exchange stand for an engine? Market, account, clock, limits, and what is aside.

Facts beside the state, for whoever watches: no digest covers them, and nothing is decided by them.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from engine.errors import Refused
from engine.picture import trimmed
from engine.venues.settings import host_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.exchange import Exchanged
    from engine.market.doubts import Change
    from engine.parts import Engine
    from engine.venues.outside import Outside

LASTS_NS = 2_000_000_000  # a doubt that is over sooner is told to nobody


# An API key that is none, is unknown, may not do this from here, or whose secret is another.
WRONG_KEYS = ("-2014", "-2008", "-2015", "-1022")


class Said(NamedTuple):
    """A line for the log."""

    level: str
    event: str
    fields: dict[str, Any]


class Reach:
    """What an operator must be told of an exchange: what was lost, and that it is back."""

    def __init__(self, now_ns: int) -> None:
        self.is_up, self.since_ns, self.was_up = False, now_ns, False
        self.waiting: dict[str, Change] = {}  # doubts that may be over at once
        self.told: set[str] = set()  # the symbols whose doubt was told

    def look(self, *, is_up: bool, now_ns: int) -> list[Said]:
        """Whether the account is heard now: the first time is no news, later each change is."""
        if is_up == self.is_up:
            return []
        lasted_s = round((now_ns - self.since_ns) / 1e9, 1)
        is_first = is_up and not self.was_up
        self.is_up, self.since_ns, self.was_up = is_up, now_ns, True
        if is_first:
            return []
        if is_up:
            return [Said("info", "AccountBack", {"away_s": lasted_s})]
        why = "its stream ended: orders go by REST, and are asked after, until it is back"
        return [Said("warning", "AccountLost", {"reason": why})]

    def heed(self, changes: "Iterable[Change]", now_ns: int) -> list[Said]:
        """Which symbols' market is doubted for a while by now, and whose is believed again."""
        said = []
        for change in changes:
            if change.why:
                self.waiting[change.name] = change
                continue
            self.waiting.pop(change.name, None)
            if change.name in self.told:
                self.told.discard(change.name)
                said.append(Said("info", "MarketBelieved", {"symbol": change.name}))
        for name, change in list(self.waiting.items()):
            if now_ns >= change.at_ns + LASTS_NS:
                del self.waiting[name]
                self.told.add(name)
                fields = {"symbol": name, "reason": change.why}
                said.append(Said("warning", "MarketDoubted", fields))
        return said


def refuse_wrong_keys(trouble: str) -> None:
    """Refused (4) where the exchange said that the keys of this start are not its own."""
    if trouble.startswith(WRONG_KEYS):
        raise Refused(
            f"the exchange refuses the API key: {trouble}",
            "check it, its permissions and addresses: supreme connectivity --keys NAME",
            code=4,
        )


def told(engine: "Engine", exchanged: "Exchanged", reach: Reach, now_ns: int) -> dict[str, Any]:
    """All of it, as JSON has it; times are ns of our clock, amounts decimal text."""
    venue, account = cast("Outside", engine.loop.venue), exchanged.account
    clock, limits = account.courier.clock, account.courier.limits
    doubtful = sum(one.doubted and not one.accepted for one in venue.orders.values())
    held_ns = max(limits.banned_until_ns, limits.orders_until_ns) - clock.offset_ns
    return {
        "host": host_of(exchanged.settings.api_url),
        "real_money": exchanged.settings.real_money,
        "now_ns": now_ns,
        "market": market_of(exchanged),
        "account": {
            "heard": reach.is_up,
            "seen": account.courier.is_met,
            "since_ns": reach.since_ns,
            "trouble": account.trouble,
            "in_doubt": doubtful,
        },
        "clock": {
            "known": clock.is_known,
            "offset_ms": clock.offset_ns / 1e6,
            "error_ms": clock.error_ns / 1e6,
        },
        "limits": [one._asdict() for one in account.headroom(now_ns)],
        "waits_until_ns": held_ns if held_ns > now_ns else 0,
        "aside": aside_of(engine),
    }


def market_of(exchanged: "Exchanged") -> dict[str, Any]:
    """The source that feeds, the others, and whether each symbol can be believed."""
    seen = exchanged.market.seen()
    return {
        "source": seen.feeding.source,
        "since_ns": seen.feeding.since_ns,
        "why": seen.feeding.why,
        "late_ms": seen.late_ns / 1e6,
        "sources": [one._asdict() for one in seen.sources],
        "symbols": [
            {
                "symbol": one.name,
                "doubt": one.doubt,
                "heard_ns": max(one.top_ns, one.trade_ns),
                "trades_missing": one.trades_missing,
            }
            for one in seen.symbols
        ],
        "refused": seen.refused,
    }


def aside_of(engine: "Engine") -> list[dict[str, str]]:
    """What lies in the account and is not the engine's, by asset."""
    state, found = engine.core.state, []
    quote = engine.source.instruments[0].quote
    if state.account.aside_e8:
        found.append({"asset": quote, "amount": trimmed(state.account.aside_e8)})
    for number, traded in enumerate(engine.source.instruments):
        if aside_e8 := state.symbols[number].position.aside_e8:
            found.append({"asset": traded.base, "amount": trimmed(aside_e8)})
    return found
