"""What does a downloaded file look like? Small ones, written for a test."""

import gzip
import os
import zipfile
from pathlib import Path

MINUTE_MS = 60_000
BEGIN_MS = 1_660_435_200_000  # 2022-08-14
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
PRICES = ("1983.55000000", "1983.90000000", "1982.14000000", "1982.29000000", "205.13100000")


def kline(minute: int, prices: tuple[str, ...] = PRICES, unit: int = 1) -> str:
    """One line of a klines archive; `unit` 1000 writes microseconds."""
    opened, closed = BEGIN_MS + minute * MINUTE_MS, BEGIN_MS + (minute + 1) * MINUTE_MS
    return ",".join(
        [
            str(opened * unit),
            *prices,
            str(closed * unit - 1),
            "406814.9",
            "288",
            "105.2",
            "1.0",
            "0",
        ]
    )


def klines(count: int, unit: int = 1) -> list[str]:
    """Lines of that many minutes."""
    return [kline(minute, unit=unit) for minute in range(count)]


def written(directory: Path, name: str, lines: list[str]) -> str:
    """A file of these lines, packed as its name says; its path."""
    path, text = directory / name, "\n".join(lines) + "\n"
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name.replace(".zip", ".csv"), text)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return str(path)


def dated(path: str, time_ms: int) -> str:
    """The file as if it had been downloaded at a time."""
    os.utime(path, ns=(time_ms * 1_000_000, time_ms * 1_000_000))
    return path
