"""Does python-binance trade on the venue, unmodified? REST, depth cache, streams, events."""

import asyncio

from binance import AsyncClient, BinanceSocketManager, Client
from binance.async_client import BinanceAPIException
from binance.base_client import BaseClient
from binance.ws.depthcache import DepthCacheManager

from tests.acceptance.clients import books

SYMBOL = "ETHUSDT"


def point(place: books.Place) -> None:
    """Its own class constants, at this venue."""
    BaseClient.API_URL = place.http + "/api"
    BaseClient.WS_API_URL = place.ws + "/ws-api/v3"
    BinanceSocketManager.STREAM_URL = place.ws + "/"


def by_rest(place: books.Place) -> int:
    """Load, place, cancel, fill, reconcile; how many fills."""
    client = Client(place.key, place.secret)
    filters = {row["filterType"]: row for row in client.get_symbol_info(SYMBOL)["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert len(client.get_klines(symbol=SYMBOL, interval="1m", limit=60)) == 60
    assert client.get_avg_price(symbol=SYMBOL)["mins"] == 5
    assert len(client.get_all_tickers()) == 2
    assert len(client.get_orderbook_tickers()) == 2
    before = books.balances_of(client.get_account()["balances"])
    bid = float(client.get_order_book(symbol=SYMBOL, limit=5)["bids"][0][0])
    low = f"{bid * 0.9:.2f}"
    client.create_test_order(
        symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.05", price=low
    )
    resting = client.order_limit_buy(symbol=SYMBOL, quantity="0.05", price=low)
    assert client.get_order(symbol=SYMBOL, orderId=resting["orderId"])["status"] == "NEW"
    assert len(client.get_open_orders(symbol=SYMBOL)) == 1
    canceled = client.cancel_order(symbol=SYMBOL, orderId=resting["orderId"])
    assert canceled["status"] == "CANCELED"
    number = resting["orderId"]
    said = books.refusal(
        BinanceAPIException, lambda: client.cancel_order(symbol=SYMBOL, orderId=number)
    )
    assert "(code=-2011)" in said
    assert client.order_market_buy(symbol=SYMBOL, quantity="0.1")["status"] == "FILLED"
    assert client.order_market_sell(symbol=SYMBOL, quantity="0.0333")["status"] == "FILLED"
    assert client.order_market_buy(symbol=SYMBOL, quoteOrderQty="100")["status"] == "FILLED"
    fills = client.get_my_trades(symbol=SYMBOL)
    after = books.balances_of(client.get_account()["balances"])
    books.reconcile(before, after, fills)
    assert len(client.get_all_orders(symbol=SYMBOL)) == 4
    return len(fills)


async def by_message(place: books.Place) -> dict[str, int]:
    """A depth cache, streams, the account's events, and orders over the WebSocket API."""
    client = await AsyncClient.create(place.key, place.secret)
    sockets = BinanceSocketManager(client)
    found = {}
    try:
        async with DepthCacheManager(client, symbol=SYMBOL) as cache:
            for _ in range(10):
                book = await cache.recv()
                assert book.get_bids()[0][0] < book.get_asks()[0][0]
        async with sockets.multiplex_socket(["ethusdt@trade", "ethusdt@bookTicker"]) as stream:
            streams = {(await stream.recv())["stream"] for _ in range(30)}
            assert streams == {"ethusdt@trade", "ethusdt@bookTicker"}
        async with sockets.kline_socket(SYMBOL, "1m") as stream:
            assert (await stream.recv())["k"]["i"] == "1m"
        before = books.balances_of((await client.get_account())["balances"])
        known = {fill["id"] for fill in await client.get_my_trades(symbol=SYMBOL)}
        async with sockets.user_socket() as stream:
            await asyncio.sleep(0.5)  # its subscription has no event of its own
            await client.ws_create_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.05")
            kinds = []
            async with asyncio.timeout(10):
                while "outboundAccountPosition" not in kinds:
                    kinds.append((await stream.recv())["e"])
            found["events"] = len(kinds)
            assert kinds == ["executionReport", "executionReport", "outboundAccountPosition"]
        limit = {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.05", "price": "1500"}
        resting = await client.ws_create_order(symbol=SYMBOL, side="BUY", **limit)
        await client.ws_cancel_order(symbol=SYMBOL, orderId=resting["orderId"])
        fills = [f for f in await client.get_my_trades(symbol=SYMBOL) if f["id"] not in known]
        after = books.balances_of((await client.get_account())["balances"])
        books.reconcile(before, after, fills)
        found["fills"] = len(fills)
    finally:
        await client.close_connection()
    return found


def main() -> None:
    """Both ways."""
    place = books.place()
    point(place)
    fills = by_rest(place)
    books.tell(client="python-binance", fills_by_rest=fills, **asyncio.run(by_message(place)))


if __name__ == "__main__":
    main()
