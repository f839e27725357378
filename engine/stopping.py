"""How is a process of threads and a loop told to end? By a signal, from its first moment on."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WISHES = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop(threading.Event):
    """A signal's wish to end, from the first moment on."""

    def __init__(self) -> None:
        super().__init__()
        self.code = 0
        self.listen()

    def listen(self) -> None:
        """Without a loop."""
        for wish in WISHES:
            signal.signal(wish, self._wished)

    @contextmanager
    def on(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """On a loop, which a signal must wake: one that comes as it falls asleep would be late."""
        for wish in WISHES:
            loop.add_signal_handler(wish, self._wished, wish, None)
        try:
            yield
        finally:
            for wish in WISHES:
                loop.remove_signal_handler(wish)
            self.listen()

    def _wished(self, wish: int, _frame: object) -> None:
        self.code = 128 + wish
        self.set()
