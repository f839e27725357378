"""How do tests ask `supreme doctor`, and what do they find?"""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def supreme(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`supreme doctor` with these words, away from any terminal."""
    return subprocess.run(
        [sys.executable, "-m", "supreme_cli", "doctor", *words],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def checked(directory: Path, **environment: str) -> dict[str, dict[str, str]]:
    """Each check's findings in a data directory; the exit code is the worst of them."""
    ended = supreme("--data-dir", str(directory), "--json", **environment)
    said: dict[str, Any] = json.loads(ended.stdout)
    found = {check["check"]: check for check in said["checks"]}
    failed = "fail" in {check["verdict"] for check in found.values()}
    assert (ended.returncode, ended.stderr) == (int(failed), "")
    assert (said["verdict"] == "fail") == failed
    return found


def on_terminal(directory: Path, **environment: str) -> str:
    """What a terminal of 80x24 shows of it."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "supreme_cli", "doctor", "--data-dir", str(directory)]
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment
    with subprocess.Popen(
        command, cwd=ROOT, stdin=follower, stdout=follower, stderr=follower, env=env
    ):
        os.close(follower)
        shown = b""
        try:
            while more := os.read(leader, 65_536):
                shown += more
        except OSError:
            pass  # how Linux says that the other side has closed
        os.close(leader)
    return shown.decode()
