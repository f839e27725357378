"""Does ccxt trade on the venue, unmodified, with its defaults? Synchronous, over REST."""

import ccxt

from tests.acceptance.clients import books

SYMBOL = "ETH/USDT"


def addresses(place: books.Place) -> dict[str, object]:
    """ccxt's own settings for other addresses than Binance's."""
    http, ws = place.http, place.ws
    api = {
        "public": f"{http}/api/v3",
        "private": f"{http}/api/v3",
        "v1": f"{http}/api/v1",
        "sapi": f"{http}/sapi/v1",
        "sapiV2": f"{http}/sapi/v2",
        "sapiV3": f"{http}/sapi/v3",
        "sapiV4": f"{http}/sapi/v4",
        "fapiPublic": f"{http}/fapi/v1",
        "fapiPrivate": f"{http}/fapi/v1",
        "dapiPublic": f"{http}/dapi/v1",
        "dapiPrivate": f"{http}/dapi/v1",
        "ws": {"spot": f"{ws}/stream", "ws-api": {"spot": f"{ws}/ws-api/v3"}},
    }
    return {"apiKey": place.key, "secret": place.secret, "urls": {"api": api}}


def main() -> None:
    """Load, look, place, cancel, fill, reconcile."""
    exchange = ccxt.binance(addresses(books.place()))
    bid, ask = looked_at(exchange)
    before = books.balances_of(exchange.fetch_balance()["info"]["balances"])
    low = float(exchange.price_to_precision(SYMBOL, bid * 0.9))
    place_and_cancel(exchange, low)
    trade(exchange, float(exchange.price_to_precision(SYMBOL, ask * 1.01)))
    exchange.create_order(SYMBOL, "limit", "buy", 0.03, low, {"postOnly": True})
    exchange.cancel_all_orders(SYMBOL)

    fills = exchange.fetch_my_trades(SYMBOL)
    after = books.balances_of(exchange.fetch_balance()["info"]["balances"])
    books.reconcile(before, after, [fill["info"] for fill in fills])
    orders = exchange.fetch_orders(SYMBOL)
    books.tell(client=f"ccxt {ccxt.__version__}", fills=len(fills), orders=len(orders))


def looked_at(exchange: "ccxt.binance") -> tuple[float, float]:
    """Everything public; the best bid and ask."""
    markets = exchange.load_markets()
    assert {"ETH/USDT", "BTC/USDT"} <= markets.keys()
    assert markets[SYMBOL]["precision"]["price"] == 0.01
    assert len(exchange.fetch_ohlcv(SYMBOL, "1m", limit=60)) == 60
    book = exchange.fetch_order_book(SYMBOL, 20)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert exchange.fetch_ticker(SYMBOL)["last"] > 0
    assert exchange.fetch_trades(SYMBOL)
    assert exchange.fetch_trading_fees()[SYMBOL]["maker"] == 0.001
    assert exchange.fetch_status()["status"] == "ok"
    return book["bids"][0][0], book["asks"][0][0]


def place_and_cancel(exchange: "ccxt.binance", low: float) -> None:
    """An order that rests, and what is refused."""
    resting = exchange.create_order(SYMBOL, "limit", "buy", 0.05, low)
    assert [one["id"] for one in exchange.fetch_open_orders(SYMBOL)] == [resting["id"]]
    assert exchange.fetch_order(resting["id"], SYMBOL)["status"] == "open"
    assert exchange.cancel_order(resting["id"], SYMBOL)["status"] == "canceled"
    books.refusal(ccxt.OrderNotFound, lambda: exchange.cancel_order(resting["id"], SYMBOL))
    books.refusal(
        ccxt.InsufficientFunds,
        lambda: exchange.create_order(SYMBOL, "limit", "buy", 1_000, low),
    )


def trade(exchange: "ccxt.binance", high: float) -> None:
    """Orders of four kinds that fill."""
    assert exchange.create_order(SYMBOL, "market", "buy", 0.1)["status"] == "closed"
    exchange.create_order(SYMBOL, "market", "sell", 0.0437)
    exchange.create_market_buy_order_with_cost(SYMBOL, 250)
    taken = exchange.create_order(SYMBOL, "limit", "buy", 0.02, high)
    assert exchange.fetch_order(taken["id"], SYMBOL)["status"] == "closed"


if __name__ == "__main__":
    main()
