"""Does ccxt trade on the venue, unmodified, with its defaults? Synchronous, over REST."""

import ccxt

from tests.acceptance.clients import books


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
    place = books.place()
    exchange = ccxt.binance(addresses(place))
    markets = exchange.load_markets()
    assert {"ETH/USDT", "BTC/USDT"} <= markets.keys()
    assert markets["ETH/USDT"]["precision"]["price"] == 0.01
    bars = exchange.fetch_ohlcv("ETH/USDT", "1m", limit=60)
    assert len(bars) == 60
    book = exchange.fetch_order_book("ETH/USDT", 20)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert exchange.fetch_ticker("ETH/USDT")["last"] > 0
    assert exchange.fetch_trades("ETH/USDT")
    assert exchange.fetch_trading_fees()["ETH/USDT"]["maker"] == 0.001
    assert exchange.fetch_status()["status"] == "ok"
    before = books.balances_of(exchange.fetch_balance()["info"]["balances"])

    low = exchange.price_to_precision("ETH/USDT", book["bids"][0][0] * 0.9)
    resting = exchange.create_order("ETH/USDT", "limit", "buy", 0.05, float(low))
    assert [one["id"] for one in exchange.fetch_open_orders("ETH/USDT")] == [resting["id"]]
    assert exchange.fetch_order(resting["id"], "ETH/USDT")["status"] == "open"
    canceled = exchange.cancel_order(resting["id"], "ETH/USDT")
    assert canceled["status"] == "canceled"
    books.refusal(ccxt.OrderNotFound, lambda: exchange.cancel_order(resting["id"], "ETH/USDT"))
    books.refusal(
        ccxt.InsufficientFunds,
        lambda: exchange.create_order("ETH/USDT", "limit", "buy", 1_000, float(low)),
    )

    bought = exchange.create_order("ETH/USDT", "market", "buy", 0.1)
    assert bought["status"] == "closed"
    exchange.create_order("ETH/USDT", "market", "sell", 0.0437)
    exchange.create_market_buy_order_with_cost("ETH/USDT", 250)
    high = float(exchange.price_to_precision("ETH/USDT", book["asks"][0][0] * 1.01))
    taken = exchange.create_order("ETH/USDT", "limit", "buy", 0.02, high)
    assert exchange.fetch_order(taken["id"], "ETH/USDT")["status"] == "closed"
    exchange.create_order("ETH/USDT", "limit", "buy", 0.03, float(low), {"postOnly": True})
    exchange.cancel_all_orders("ETH/USDT")

    fills = exchange.fetch_my_trades("ETH/USDT")
    after = books.balances_of(exchange.fetch_balance()["info"]["balances"])
    books.reconcile(before, after, [fill["info"] for fill in fills])
    orders = exchange.fetch_orders("ETH/USDT")
    books.tell(client=f"ccxt {ccxt.__version__}", fills=len(fills), orders=len(orders))


if __name__ == "__main__":
    main()
