"""Does Binance's own SDK trade on the venue, unmodified? REST, streams, the WebSocket API."""

import asyncio
from typing import Any

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError
from binance_sdk_spot import rest_api, websocket_api
from binance_sdk_spot.spot import Spot

from tests.acceptance.clients import books

SYMBOL = "ETHUSDT"


def client_at(place: books.Place) -> Spot:
    """Its documented settings, at this venue."""
    key = {"api_key": place.key, "api_secret": place.secret}
    return Spot(
        config_rest_api=ConfigurationRestAPI(**key, base_path=place.http, timeout=10_000),
        config_ws_api=ConfigurationWebSocketAPI(**key, stream_url=f"{place.ws}/ws-api/v3"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"{place.ws}/stream"),
    )


def row_of(model: Any) -> dict[str, Any]:
    """A model as Binance wrote it."""
    return dict(model.model_dump(by_alias=True))


def balances(client: Spot) -> books.Balances:
    """Of the account."""
    told = client.rest_api.get_account().data()
    return books.balances_of([row_of(row) for row in told.balances])


def fills_of(client: Spot) -> list[dict[str, Any]]:
    """Of the account."""
    return [row_of(row) for row in client.rest_api.my_trades(symbol=SYMBOL).data()]


def by_rest(client: Spot) -> int:
    """Load, place, cancel, fill, reconcile; how many fills."""
    rest = client.rest_api
    found = rest.exchange_info(symbol=SYMBOL).data().symbols
    assert [one.symbol for one in found] == [SYMBOL]
    assert len(rest.klines(symbol=SYMBOL, interval="1m", limit=60).data()) == 60
    bids = rest.depth(symbol=SYMBOL, limit=5).data().bids
    low = round(float(bids[0][0]) * 0.9, 2)
    buy, sell = rest_api.models.NewOrderSideEnum.BUY, rest_api.models.NewOrderSideEnum.SELL
    market = rest_api.models.NewOrderTypeEnum.MARKET
    before = balances(client)
    resting = rest.new_order(
        symbol=SYMBOL,
        side=buy,
        type=rest_api.models.NewOrderTypeEnum.LIMIT,
        time_in_force=rest_api.models.NewOrderTimeInForceEnum.GTC,
        quantity=0.05,
        price=low,
    ).data()
    number = resting.order_id
    assert rest.get_order(symbol=SYMBOL, order_id=number).data().status == "NEW"
    assert rest.delete_order(symbol=SYMBOL, order_id=number).data().status == "CANCELED"
    said = books.refusal(BadRequestError, lambda: rest.delete_order(symbol=SYMBOL, order_id=number))
    assert "Unknown order sent." in said
    rest.new_order(symbol=SYMBOL, side=buy, type=market, quantity=0.1)
    rest.new_order(symbol=SYMBOL, side=sell, type=market, quantity=0.0444)
    rest.new_order(symbol=SYMBOL, side=buy, type=market, quote_order_qty=123.45)
    books.reconcile(before, balances(client), fills_of(client))
    return len(fills_of(client))


async def heard_on_streams(client: Spot) -> int:
    """Trades and the book's changes, as many as come until there are enough of both."""
    heard: dict[str, int] = {"trade": 0, "depth": 0}
    connection = await client.websocket_streams.create_connection()
    for name, stream in [
        ("trade", await connection.trade(symbol=SYMBOL.lower())),
        ("depth", await connection.diff_book_depth(symbol=SYMBOL.lower(), update_speed="100ms")),
    ]:
        stream.on("message", lambda _, kind=name: heard.update({kind: heard[kind] + 1}))
    await books.until(lambda: min(heard.values()) >= 3)
    await connection.close_connection(close_session=True)
    return sum(heard.values())


async def by_message(client: Spot) -> dict[str, Any]:
    """Orders over the WebSocket API while the account's events are heard."""
    before, known = balances(client), {fill["id"] for fill in fills_of(client)}
    connection = await client.websocket_api.create_connection()
    told: list[Any] = []
    subscribed = await connection.user_data_stream_subscribe_signature()
    subscribed.stream.on("message", told.append)
    models = websocket_api.models
    placed = await connection.order_place(
        symbol=SYMBOL,
        side=models.OrderPlaceSideEnum.BUY,
        type=models.OrderPlaceTypeEnum.LIMIT,
        time_in_force=models.OrderPlaceTimeInForceEnum.GTC,
        quantity=0.05,
        price=1500.25,
    )
    number = placed.data().result.order_id
    opened = await connection.open_orders_status(symbol=SYMBOL)
    assert [row.order_id for row in opened.data().result] == [number]
    canceled = await connection.order_cancel(symbol=SYMBOL, order_id=number)
    assert canceled.data().result.status == "CANCELED"
    await connection.order_place(
        symbol=SYMBOL,
        side=models.OrderPlaceSideEnum.BUY,
        type=models.OrderPlaceTypeEnum.MARKET,
        quantity=0.0321,
    )
    # Placed, canceled, placed, filled, and three times balances.
    await books.until(lambda: len(told) >= 7)
    await connection.close_connection(close_session=True)
    fills = [fill for fill in fills_of(client) if fill["id"] not in known]
    books.reconcile(before, balances(client), fills)
    return {"events": len(told), "fills": len(fills)}


async def over_sockets(client: Spot) -> dict[str, Any]:
    """Both kinds."""
    return {"heard": await heard_on_streams(client), **await by_message(client)}


def main() -> None:
    """All three doors."""
    client = client_at(books.place())
    fills = by_rest(client)
    books.tell(client="binance-sdk-spot", fills_by_rest=fills, **asyncio.run(over_sockets(client)))


if __name__ == "__main__":
    main()
