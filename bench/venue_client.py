"""How fast does a venue answer orders over the WebSocket API? A client that costs it little.

Every frame is made and signed before the clock starts; a hundred are on their way at any time.
Usage: python -m bench.venue_client PORT KEY SECRET ORDERS PRICE
"""

import hashlib
import hmac
import json
import os
import socket
import sys
import time
from typing import Any

from websockets.frames import Frame, Opcode

from bench.measuring import percentile

IN_FLIGHT, ALONE = 100, 500
KEPT_OPEN = 50  # resting orders; each is canceled when so many came after it
DONE, REFUSED = b'"status":200', b'"error":'
SYMBOL = {"symbol": "ETHUSDT"}
MARKET = {**SYMBOL, "type": "MARKET", "quantity": "0.0100"}
RESTING = {**SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.0100"}


def frame(secret: bytes, method: str, params: dict[str, Any]) -> bytes:
    """A signed request on the wire; its window is long, for it is made ahead."""
    given = {**params, "recvWindow": 60_000, "timestamp": time.time_ns() // 1_000_000}
    text = "&".join(f"{name}={given[name]}" for name in sorted(given))
    given["signature"] = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    body = json.dumps({"id": 1, "method": method, "params": given})
    return Frame(Opcode.TEXT, body.encode()).serialize(mask=True)


def frames(key: str, secret: str, numbers: range, price: str) -> list[bytes]:
    """Orders in turn resting, buying and selling at the market, and the cancels of old ones."""
    made, signed = [], secret.encode()
    for number in numbers:
        given: dict[str, Any] = {"apiKey": key}
        if number % 3:
            side = {"side": "BUY" if number % 3 == 1 else "SELL"}
            made.append(frame(signed, "order.place", {**given, **MARKET, **side}))
            continue
        name = {"newClientOrderId": name_of(number), "price": price}
        made.append(frame(signed, "order.place", {**given, **RESTING, **name}))
        if number >= 3 * KEPT_OPEN:
            old = {"origClientOrderId": name_of(number - 3 * KEPT_OPEN)}
            made.append(frame(signed, "order.cancel", {**given, **SYMBOL, **old}))
    return made


def name_of(number: int) -> str:
    """An order's client id."""
    return f"b{os.getpid()}-{number}"


class Line:
    """One connection, answers counted."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = (
            "GET /ws-api/v3?returnRateLimits=false HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += self.socket.recv(4_096)
        self.answered = self.refused = 0
        self.rest = b""

    def hear(self) -> None:
        """Count what comes."""
        self.rest += self.socket.recv(1 << 20)
        for what in (DONE, REFUSED):
            found = self.rest.count(what)
            self.answered += found
            self.refused += found if what is REFUSED else 0
        self.rest = self.rest[-(len(DONE) - 1) :].replace(REFUSED, b"")


def main() -> None:
    """Print the figures as JSON."""
    port, key, secret, orders = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    price, line = sys.argv[5], Line(port)
    taken = []
    for one in frames(key, secret, range(ALONE), price):
        began, before = time.perf_counter_ns(), line.answered
        line.socket.sendall(one)
        while line.answered == before:
            line.hear()
        taken.append(time.perf_counter_ns() - began)
    many = frames(key, secret, range(ALONE, ALONE + orders), price)
    line.answered = 0
    began_s, began_cpu = time.perf_counter(), time.process_time()
    sent = 0
    while line.answered < len(many):
        if sent < len(many) and sent - line.answered <= IN_FLIGHT // 2:
            batch = many[sent : line.answered + IN_FLIGHT]
            line.socket.sendall(b"".join(batch))
            sent += len(batch)
        line.hear()
    seconds = time.perf_counter() - began_s
    cpu = time.process_time() - began_cpu
    line.socket.sendall(frame(secret.encode(), "openOrders.cancelAll", {"apiKey": key, **SYMBOL}))
    while line.answered == len(many):
        line.hear()
    told = {"orders": orders, "requests": len(many), "seconds": seconds, "refused": line.refused}
    told |= {"client_cpu": cpu, "p50_us": percentile(taken, 0.5) / 1e3}
    print(json.dumps(told | {"p99_us": percentile(taken, 0.99) / 1e3}))


if __name__ == "__main__":
    main()
