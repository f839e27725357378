"""What does a terminal show of a command?"""

import os
import pty
import subprocess

from tests.acceptance.running import COMMAND, ROOT


def on_terminal(*words: str, **environment: str) -> tuple[int, str]:
    """Its exit code, and all that the terminal shows of it."""
    leader, follower = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment
    with subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, stdin=follower, stdout=follower, stderr=follower, env=env
    ) as running:
        os.close(follower)
        shown = everything_of(leader)
    os.close(leader)
    return running.returncode, shown.decode()


def everything_of(leader: int) -> bytes:
    """What a terminal shows until its program has gone."""
    shown = b""
    try:
        while more := os.read(leader, 65_536):
            shown += more
    except OSError:
        pass  # how Linux says that the other side has closed
    return shown
