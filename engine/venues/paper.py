"""What answers orders on paper? The simulated fills inside the core."""

from typing import Any


class PaperVenue:
    """The core's own simulated venue; the market waits for it, so that speed changes nothing."""

    patient = True

    def __init__(self, core: Any) -> None:
        self.core = core

    def send(self, commands: bytes) -> None:
        """The core hands its commands over by itself, at its next turn."""

    def attend(self, record: bytes) -> bytes | None:
        """The venue's turn after an event; its reports as whole records."""
        reports: bytes | None = self.core.attend(record)
        return reports
