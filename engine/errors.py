"""What can be refused, and how is it said in two lines?"""


class Refused(Exception):
    """Bad input or a broken precondition, worded for the person who must act on it.

    `what` happened, then `fix`: why, and what to do. `code` is the exit code (2 usage or
    configuration, 3 engine unreachable, 4 refused, 5 timed out).
    """

    def __init__(self, what: str, fix: str, code: int = 2) -> None:
        super().__init__(f"{what}\n{fix}")
        self.what, self.fix, self.code = what, fix, code
