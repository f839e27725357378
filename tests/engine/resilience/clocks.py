"""What time is it in a test? As late as the test says."""

NS = 1_000_000_000


class Clock:
    """Time that stands still until it is moved; called, it gives nanoseconds."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        """Now, nanoseconds."""
        return self.now_ns

    def pass_s(self, seconds: float) -> int:
        """Move on; the new time."""
        self.now_ns += int(seconds * NS)
        return self.now_ns
