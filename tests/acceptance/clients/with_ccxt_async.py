"""Does ccxt trade on the venue asynchronously, and over its sockets (ccxt.pro)?"""

import asyncio

import ccxt.pro

from tests.acceptance.clients import books
from tests.acceptance.clients.with_ccxt import addresses

SYMBOL = "ETH/USDT"


async def main() -> None:
    """Load, watch, place, cancel, fill, reconcile: by REST and by messages."""
    exchange = ccxt.pro.binance(addresses(books.place()))
    try:
        facts = await trade(exchange)
    finally:
        await exchange.close()
    books.tell(client=f"ccxt.pro {ccxt.__version__}", **facts)


async def trade(exchange: "ccxt.pro.binance") -> dict[str, object]:
    """What the account did and what was heard of it."""
    await exchange.load_markets()
    before = books.balances_of((await exchange.fetch_balance())["info"]["balances"])
    heard: dict[str, list[object]] = {"orders": [], "trades": [], "balances": []}
    watching = [
        asyncio.create_task(watch(heard["orders"], lambda: exchange.watch_orders(SYMBOL))),
        asyncio.create_task(watch(heard["trades"], lambda: exchange.watch_my_trades(SYMBOL))),
        asyncio.create_task(watch(heard["balances"], exchange.watch_balance)),
    ]
    book = await exchange.watch_order_book(SYMBOL)
    for _ in range(10):
        book = await exchange.watch_order_book(SYMBOL)
        assert book["bids"][0][0] < book["asks"][0][0]
    assert await exchange.watch_trades(SYMBOL)
    assert await exchange.watch_ohlcv(SYMBOL, "1m")
    assert (await exchange.watch_ticker(SYMBOL))["last"] > 0
    assert await exchange.watch_bids_asks([SYMBOL])

    low = float(exchange.price_to_precision(SYMBOL, book["bids"][0][0] * 0.9))
    by_rest = await exchange.create_order(SYMBOL, "limit", "buy", 0.05, low)
    assert (await exchange.cancel_order(by_rest["id"], SYMBOL))["status"] == "canceled"
    by_message = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.05, low)
    assert [one["id"] for one in await exchange.fetch_open_orders_ws(SYMBOL)] == [by_message["id"]]
    await exchange.edit_order_ws(by_message["id"], SYMBOL, "limit", "buy", 0.04, low)
    await exchange.cancel_all_orders_ws(SYMBOL)
    assert not await exchange.fetch_open_orders(SYMBOL)
    await exchange.create_order(SYMBOL, "market", "buy", 0.1)
    await exchange.create_order_ws(SYMBOL, "market", "sell", 0.0321)
    await exchange.create_order_ws(SYMBOL, "market", "buy", 0.0777)

    fills = [fill["info"] for fill in await exchange.fetch_my_trades(SYMBOL)]
    told = [fill["info"] for fill in await exchange.fetch_my_trades_ws(SYMBOL)]
    assert fills == told
    after = books.balances_of((await exchange.fetch_balance())["info"]["balances"])
    books.reconcile(before, after, fills)
    await books.until(lambda: len(exchange.myTrades or ()) >= len(fills))
    for task in watching:
        task.cancel()
    assert {one["id"] for one in exchange.myTrades} == {str(fill["id"]) for fill in fills}
    return {"fills": len(fills), "heard": {name: len(rows) for name, rows in heard.items()}}


async def watch(heard: list[object], ask: object) -> None:
    """Keep whatever is told."""
    while True:
        heard.append(await ask())  # type: ignore[operator]


if __name__ == "__main__":
    asyncio.run(main())
