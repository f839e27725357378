"""What does the venue allow for a symbol? exchangeInfo as an Instrument and exact further filters.

Every amount in 1e-8; a field of zero switches its rule off. Source: filters.md, enums.md.
"""

from typing import Any, NamedTuple

from engine.errors import Refused
from engine.instruments import BOUND, E8, Instrument, common_divisor, e8_of, refuse_beyond_bounds
from engine.venues.binance.reading import (
    Unreadable,
    amount_in,
    flag_in,
    object_of,
    rows_of,
    text_in,
    text_or_nothing,
    whole_in,
)

TRADING, CANCEL_ONLY = "TRADING", "CANCEL_ONLY"
STATUSES = (TRADING, "END_OF_DAY", "HALT", "BREAK", CANCEL_ONLY)


class Filters(NamedTuple):
    """A symbol's filters: amounts in 1e-8, counts as they are; 0 where there is none."""

    price_min: int = 0
    price_max: int = 0
    tick: int = 0
    quantity_min: int = 0
    quantity_max: int = 0
    step: int = 0
    market_min: int = 0
    market_max: int = 0
    market_step: int = 0
    notional_min: int = 0
    notional_max: int = 0
    notional_min_for_market: bool = False
    notional_max_for_market: bool = False
    notional_minutes: int = 0  # of the average that a market order is valued at; 0: the last price
    bid_up: int = 0
    bid_down: int = 0
    ask_up: int = 0
    ask_down: int = 0
    percent_minutes: int = 0
    orders_max: int = 0
    stops_max: int = 0
    position_max: int = 0


# (ours, theirs, how to read it)
FIELDS: dict[str, tuple[tuple[str, str, Any], ...]] = {
    "PRICE_FILTER": (
        ("price_min", "minPrice", amount_in),
        ("price_max", "maxPrice", amount_in),
        ("tick", "tickSize", amount_in),
    ),
    "LOT_SIZE": (
        ("quantity_min", "minQty", amount_in),
        ("quantity_max", "maxQty", amount_in),
        ("step", "stepSize", amount_in),
    ),
    "MARKET_LOT_SIZE": (
        ("market_min", "minQty", amount_in),
        ("market_max", "maxQty", amount_in),
        ("market_step", "stepSize", amount_in),
    ),
    "MIN_NOTIONAL": (
        ("notional_min", "minNotional", amount_in),
        ("notional_min_for_market", "applyToMarket", flag_in),
        ("notional_minutes", "avgPriceMins", whole_in),
    ),
    "NOTIONAL": (
        ("notional_min", "minNotional", amount_in),
        ("notional_max", "maxNotional", amount_in),
        ("notional_min_for_market", "applyMinToMarket", flag_in),
        ("notional_max_for_market", "applyMaxToMarket", flag_in),
        ("notional_minutes", "avgPriceMins", whole_in),
    ),
    "PERCENT_PRICE": (
        ("bid_up", "multiplierUp", amount_in),
        ("bid_down", "multiplierDown", amount_in),
        ("ask_up", "multiplierUp", amount_in),
        ("ask_down", "multiplierDown", amount_in),
        ("percent_minutes", "avgPriceMins", whole_in),
    ),
    "PERCENT_PRICE_BY_SIDE": (
        ("bid_up", "bidMultiplierUp", amount_in),
        ("bid_down", "bidMultiplierDown", amount_in),
        ("ask_up", "askMultiplierUp", amount_in),
        ("ask_down", "askMultiplierDown", amount_in),
        ("percent_minutes", "avgPriceMins", whole_in),
    ),
    "MAX_NUM_ORDERS": (("orders_max", "maxNumOrders", whole_in),),
    "MAX_NUM_ALGO_ORDERS": (("stops_max", "maxNumAlgoOrders", whole_in),),
    "MAX_POSITION": (("position_max", "maxPosition", amount_in),),
}
# Rules of orders that are never sent from here.
OTHERS = {
    *("ICEBERG_PARTS", "MAX_NUM_ICEBERG_ORDERS", "TRAILING_DELTA", "MAX_NUM_ORDER_AMENDS"),
    *("MAX_NUM_ORDER_LISTS", "EXCHANGE_MAX_NUM_ICEBERG_ORDERS", "EXCHANGE_MAX_NUM_ORDER_LISTS"),
}
EXCHANGE_FIELDS = {
    "EXCHANGE_MAX_NUM_ORDERS": ("orders_max", "maxNumOrders"),
    "EXCHANGE_MAX_NUM_ALGO_ORDERS": ("stops_max", "maxNumAlgoOrders"),
}


class Rules(NamedTuple):
    """One symbol as the venue trades it."""

    instrument: Instrument
    status: str
    order_types: frozenset[str]
    permission_sets: tuple[frozenset[str], ...]  # the account needs one of each
    filters: Filters
    unknown: tuple[str, ...] = ()  # filters of names that are not known here

    def lots_down(self, quantity: str) -> int:
        """The most whole lots that a quantity in decimal text holds: never rounded up."""
        whole, _, fraction = quantity.partition(".")
        return e8_of(f"{whole}.{fraction[:8]}" if fraction else whole) // self.instrument.lot_e8

    def may_trade(self, permissions: frozenset[str]) -> bool:
        """Whether an account with these permissions may trade it."""
        return all(permissions & one for one in self.permission_sets)


def filter_of(row: object) -> dict[str, int | bool]:
    """The fields of one filter as `Filters` calls them; Unreadable if it is none we know."""
    told = object_of(row, "a filter")
    type_ = text_in(told, "filterType")
    if type_ not in FIELDS:
        raise Unreadable(f"filter {type_[:40]} is not known")
    return {ours: read(told, theirs) for ours, theirs, read in FIELDS[type_]}


def filters_of(rows: object) -> tuple[Filters, tuple[str, ...]]:
    """All filters of a symbol, and the names of those that are not known here."""
    fields: dict[str, Any] = {}
    unknown = []
    for row in rows_of(rows, "filters"):
        type_ = text_in(object_of(row, "a filter"), "filterType")
        if type_ in FIELDS:
            fields |= filter_of(row)
        elif type_ not in OTHERS:
            unknown.append(type_[:40])
    return Filters(**fields), tuple(unknown)


def exchange_filters_of(rows: object) -> Filters:
    """The filters that hold for the whole venue."""
    fields: dict[str, Any] = {}
    for row in rows_of(rows, "exchangeFilters"):
        told = object_of(row, "a filter")
        names = EXCHANGE_FIELDS.get(text_in(told, "filterType"))
        if names is not None:
            fields[names[0]] = whole_in(told, names[1])
    return Filters(**fields)


def rules_of(row: object) -> Rules:
    """One symbol of exchangeInfo; Unreadable if it is none, or beyond what can be computed."""
    told = object_of(row, "a symbol")
    filters, unknown = filters_of(told.get("filters"))
    sets = told.get("permissionSets") or [told.get("permissions") or []]
    permission_sets = tuple(frozenset(texts_of(one)) for one in rows_of(sets, "permissionSets"))
    status = text_in(told, "status")
    if status not in STATUSES:
        unknown = (*unknown, f"status {status[:20]}")
    return Rules(
        instrument_of(told, filters),
        status,
        frozenset(texts_of(told.get("orderTypes"))),
        tuple(one for one in permission_sets if one),
        filters,
        unknown,
    )


def texts_of(value: object) -> list[str]:
    """A list of texts."""
    return [one for one in rows_of(value, "a list") if isinstance(one, str)]


def instrument_of(told: dict[str, Any], filters: Filters) -> Instrument:
    """The core's view: bounds between two steps move inwards, and what is switched off gets wide.

    Prices are cut where a notional would pass 2^62: nothing trades there.
    """
    tick = filters.tick or step_of(told, "quotePrecision")
    lot = filters.step or step_of(told, "baseAssetPrecision")
    unit = tick * lot // common_divisor(tick * lot, E8)
    lots_max = (filters.quantity_max or E8 * E8) // lot
    market_max = filters.market_max // lot if filters.market_max else lots_max
    lots_max = min(lots_max, BOUND // max(unit, 1))
    price_min = -(-filters.price_min // tick) or 1
    price_max = (filters.price_max or BOUND) // tick
    largest = max(lots_max, E8 // common_divisor(tick * lot, E8), 1) * max(unit, 1)
    sizes = (max(-(-filters.quantity_min // lot), 1), lots_max, min(market_max, lots_max))
    bounds = (filters.notional_min, price_min, min(price_max, BOUND // largest))
    names = (text_in(told, "symbol"), text_in(told, "baseAsset"), text_in(told, "quoteAsset"))
    one = Instrument(*names, tick, lot, *sizes, *bounds)
    try:
        refuse_beyond_bounds(one)
    except Refused as refused:
        raise Unreadable(refused.what[:200]) from None
    return one


def step_of(told: dict[str, Any], key: str) -> int:
    """The smallest step of an asset of so many decimals, in 1e-8."""
    decimals = whole_in(told, key)
    if not 0 <= decimals <= 8:
        raise Unreadable(f"{key} is no number of decimals from 0 to 8")
    return E8 // int("1" + "0" * decimals)


class Market(NamedTuple):
    """What exchangeInfo says: the symbols that can be traded, why others cannot, and all limits."""

    rules: dict[str, Rules]
    refused: dict[str, str]
    filters: Filters
    rate_limits: list[Any]


def market_of(answer: object, wanted: frozenset[str] = frozenset()) -> Market:
    """An exchangeInfo answer; of `wanted` symbols alone if any are given."""
    told = object_of(answer, "exchangeInfo")
    rules: dict[str, Rules] = {}
    refused: dict[str, str] = {}
    for row in rows_of(told.get("symbols"), "symbols"):
        name = text_or_nothing(object_of(row, "a symbol"), "symbol")
        if wanted and name not in wanted:
            continue
        try:
            rules[name] = rules_of(row)
        except Unreadable as why:
            refused[name] = str(why)
    return Market(
        rules,
        refused,
        exchange_filters_of(told.get("exchangeFilters", [])),
        rows_of(told.get("rateLimits", []), "rateLimits"),
    )
