"""Do clients nobody here wrote trade on the venue, each unmodified, with its own settings only?

`make test-clients` installs them in an environment of their own and names it in SUPREME_CLIENTS.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import COMMAND, ROOT

HERE = Path(__file__).parent
PYTHON = os.environ.get("SUPREME_CLIENTS", "")
SCRIPTS = sorted(path.stem for path in HERE.glob("with_*.py"))
KEY, SECRET = "the-key", "the-secret"
WAIT_S = 240

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="needs the clients in an environment of their own: make test-clients"
)


@contextmanager
def venue() -> Iterator[int]:
    """A venue of its own for each client; its port."""
    command = [*COMMAND, "venue", "--port", "0", "--json", "--key", KEY, "--secret", SECRET]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["port"]
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_client_trades_and_its_balances_come_out_exactly(script: str):
    """Markets load, streams flow, orders are placed, canceled, filled; the sums are right."""
    with venue() as port:
        done = subprocess.run(
            [PYTHON, "-m", f"tests.acceptance.clients.{script}", str(port), KEY, SECRET],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )

    assert done.returncode == 0, done.stderr[-2_000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(told, file=sys.stderr)
    assert told["client"]
