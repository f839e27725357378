"""How do tests ask `supreme backtest`, of which files, and what does its picture say?"""

import json
import os
import random
import subprocess
import sys
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from engine.instruments import definition_records
from engine.journal.record_files import write_record_file
from engine.journal.segments import Header
from engine.market.series import NOBODY
from tests.builders import ETHER, MINUTE, START
from tests.engine.market.klines import kline, written
from tests.engine.statistics.histories import bars, noise

ROOT = Path(__file__).resolve().parents[2]
NAME = "ETHUSDT-1m-2022-08-14.zip"


def supreme(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`supreme backtest` with these words."""
    spawned = [sys.executable, "-m", "supreme_cli", "backtest", *words]
    return subprocess.run(
        spawned,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | (env or {}),
    )


def fields_of(*words: str) -> dict[str, Any]:
    """What it prints with --json, of a run that ended well."""
    ended = supreme(*words, "--json")
    assert ended.returncode == 0, ended.stderr
    fields: dict[str, Any] = json.loads(ended.stdout)
    return fields


def download(folder: Path, minutes: int, name: str = NAME) -> str:
    """A zip of that many noisy minutes, as Binance packs them."""
    draws = random.Random(9)
    steps = (draws.randint(-300, 300) for _ in range(minutes))
    lines = []
    for minute, (opened, closed) in enumerate(pairwise(accumulate(steps, initial=200_000))):
        prices = (opened, max(opened, closed), min(opened, closed), closed)
        lines.append(kline(minute, (*(f"{price / 100:.2f}" for price in prices), "5000.0")))
    return written(folder, name, lines)


def record_file(folder: Path, *, simulated: bool, minutes: int = 400) -> str:
    """A file of ours with noisy minutes."""
    path = folder / "history.records"
    chunks = [definition_records(0, ETHER, START + MINUTE), *bars(noise(minutes))]
    write_record_file(path, chunks, Header(NOBODY._replace(simulated=simulated), 0, 0))
    return str(path)


def said_in(path: Path) -> list[str]:
    """All text of an SVG, in the order of drawing."""
    root = ET.parse(path).getroot()
    assert root.tag.endswith("svg")
    return [
        "".join(element.itertext()).strip()
        for element in root.iter()
        if element.tag.endswith("}text")
    ]
