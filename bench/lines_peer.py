"""Who is at the other end of a measured line? A process of the standard library alone.

`python -m bench.lines_peer KIND COUNT [CERTIFICATE KEY]` prints its port and serves connections one
after another: `burst` and `spaced` send COUNT texts over a WebSocket when they are asked to with a
frame, read from standard input, one a line, again and again; `http` answers questions.
"""

import base64
import hashlib
import socket
import ssl
import sys
import time
from contextlib import suppress

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
AT_ONCE = 1 << 16
PAUSE_SECONDS = 0.0002
BODY = b"x" * 1_000
ANSWER = b"HTTP/1.1 200 OK\r\nX-MBX-USED-WEIGHT-1M: 20\r\nContent-Length: 1000\r\n\r\n" + BODY


def main(kind: str, count: int, files: list[str]) -> None:
    """Until the standard input's owner kills us."""
    texts = [line.rstrip(b"\n") for line in sys.stdin.buffer]
    frames = [b"\x81\x7e" + len(text).to_bytes(2, "big") + text for text in texts]
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if files:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*files)
            connection = context.wrap_socket(connection, server_side=True)
        with suppress(ConnectionError, ssl.SSLError):
            answer(connection) if kind == "http" else stream(connection, kind, count, frames)
        connection.close()


def stream(connection: socket.socket, kind: str, count: int, frames: list[bytes]) -> None:
    """Upgrade, and a round of texts for each frame that asks for one."""
    asked = connection.recv(AT_ONCE)
    key = asked.lower().index(b"sec-websocket-key: ") + 19
    token = base64.b64encode(hashlib.sha1(asked[key : key + 24] + MAGIC).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
    )
    # As an exchange does: over TLS each text is a record of its own.
    at_once = 1 if isinstance(connection, ssl.SSLSocket) else 100
    sent = [frames[number % len(frames)] for number in range(count)]
    while connection.recv(AT_ONCE):
        if kind == "spaced":
            for frame in sent:
                connection.sendall(frame)
                time.sleep(PAUSE_SECONDS)
        else:
            for at in range(0, count, at_once):
                connection.sendall(b"".join(sent[at : at + at_once]))


def answer(connection: socket.socket) -> None:
    """The same for each question."""
    while connection.recv(AT_ONCE):
        connection.sendall(ANSWER)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
