"""What does the engine look like now? A frozen picture in people's words, for whoever watches."""

from typing import NamedTuple


class Position(NamedTuple):
    """One symbol: what is held (base, as text), at what entry and last price (quote)."""

    symbol: str
    quantity: str
    entry: str
    last: str
    value: str
    unrealized: str
    unrealized_percent: float
    stop: str  # trigger of the protective stop, empty without one
    opened_ns: int
    price_ns: int  # when the market last spoke
    dust: str  # held beside the quantity, less than a lot: it cannot be sold and is worth nothing


class OpenOrder(NamedTuple):
    """An order that may still fill; prices in quote, 0 for at market."""

    order_id: int
    symbol: str
    side: str
    type: str
    status: str
    quantity: str
    price: str
    filled_percent: float
    submitted_ns: int
    agent: str
    cause: str


class Trade(NamedTuple):
    """One fill of ours: `net` is what it earned after its fee, a purchase costs its fee.

    The fee is in quote, in base, or in the asset that `fee_in` names; of such an asset `net` knows
    what the profile states it is worth.
    """

    now_ns: int
    symbol: str
    side: str
    quantity: str
    price: str
    fee: str
    net: str
    waited_ms: float
    agent: str
    cause: str
    order_id: int
    fee_in: str


class Decision(NamedTuple):
    """What an agent wanted, how sure it was, why, and what came of it."""

    now_ns: int
    symbol: str
    wanted: str
    confidence: float
    agent: str
    cause: str
    outcome: str


class Limit(NamedTuple):
    """One limit: where we are, where it lies, and what happens there."""

    name: str
    value: float
    limit: float
    unit: str
    consequence: str


class Curve(NamedTuple):
    """Equity in quote: the last minutes one by one, and evenly spaced points of the whole life."""

    minutes: list[float]
    minutes_end_ns: int
    points: list[float]
    points_start_ns: int
    points_step_ns: int


class Snapshot(NamedTuple):
    """Money in quote currency as exact text, counts as numbers, newest rows first."""

    now_ns: int
    trading: str
    why: str  # it is not ACTIVE, empty when it is
    equity: str
    cash: str
    realized: str
    fees: str  # in quote, and those in base at their fill's price
    net: str
    day_net: str
    exposure_percent: float
    drawdown_percent: float
    breaker_level: int
    fills: int
    orders: int
    wins: int
    losses: int
    denied: dict[str, int]
    decisions: int
    last_decision: str
    positions: list[Position]
    open_orders: list[OpenOrder]
    trades: list[Trade]
    recent_decisions: list[Decision]
    limits: list[Limit]
    events: int
    malformed: int  # records that cannot be true
    anomalies: int  # reports that fit no order, fills beyond what was held
    paused: bool
    flattening: bool
    stopped: bool  # by drawdown or by a kill, until a reset
    killed: bool
    fee_asset: str  # the one other asset that pays fees, empty where there is none
    fee_asset_held: str  # of it, no part of the equity
    fee_asset_paid: str
    doubts: str = ""  # symbols whose market is not believed now, and why: nothing is bought there
