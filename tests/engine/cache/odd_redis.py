"""What if a server only half speaks Redis? One that greets well, and then answers as it is told."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import IO

GREETING = b"+OK\r\n"
Answers = Callable[[bytes], bytes | None]  # a command's first word -> what is sent, None to end


@asynccontextmanager
async def odd_redis(
    path: str, answers: Answers, greeting: bytes | None = GREETING
) -> AsyncIterator[None]:
    """On a unix socket; every command after the greeting is answered by `answers`, in a thread."""
    spoken: list[socket.socket] = []
    threads: list[Thread] = []

    def said(word: bytes) -> bytes | None:
        return greeting if word in (b"HELLO", b"CLIENT") else answers(word)

    def listen() -> None:
        while True:
            try:
                there, _ = listener.accept()
            except OSError:
                return
            spoken.append(there)
            threads.append(Thread(target=speak, args=(there, said), daemon=True))
            threads[-1].start()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        ear = Thread(target=listen, daemon=True)
        ear.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            ear.join()
            for there in spoken:
                with suppress(OSError):
                    there.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def speak(there: socket.socket, said: Answers) -> None:
    """One connection, until either end has had enough."""
    with there, there.makefile("rb") as heard, suppress(OSError):
        while words := command(heard):
            answer = said(words[0])
            if answer is None:
                return
            there.sendall(answer)


def command(heard: IO[bytes]) -> list[bytes]:
    """The words of one command; none at the end."""
    words = []
    for _ in range(int(heard.readline()[1:] or 0)):
        length = int(heard.readline()[1:] or 0)
        words.append(heard.read(length + 2)[:-2])
    return words
