"""What does the loop ask of the world? The few protocols between deciding and doing."""

from typing import Protocol


class Venue(Protocol):
    """Where orders go. A simulated one answers from inside the core, a real one by events."""

    patient: bool  # whether the market waits until this venue has the commands

    def send(self, commands: bytes) -> None:
        """Take commands, whole records, whose cause is durable."""

    def attend(self, record: bytes) -> bytes | None:
        """What the venue reports right after an event, as whole records."""


class Journal(Protocol):
    """Where every record goes before anything leaves."""

    @property
    def durable(self) -> int:
        """All before this sequence is on the disk."""

    def append(self, records: bytes) -> int:
        """Queue records; the sequence after the last of them."""

    def flush(self) -> None:
        """Let all that was appended become durable without delay."""

    def wait(self, sequence: int, timeout: float) -> bool:
        """Whether all before that sequence became durable in time."""


class Log(Protocol):
    """Where outcomes are told to people."""

    def outcome(self, sequence: int, record: bytes) -> None:
        """One command, verdict or report, and the sequence of the event behind it."""
