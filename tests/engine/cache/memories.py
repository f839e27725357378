"""What do tests of the memory share? Both of its forms, and recorded requests."""

import importlib.util
import shutil
import subprocess
import tempfile
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.cache.memory import Memory, memory_of
from engine.cache.trace import keys_of

ROOT = Path(__file__).resolve().parents[3]
FORMS = ("plain", "compiled")
PLENTY = 1 << 40  # bytes
MINUTE_NS = 60_000_000_000


@cache
def compiled() -> ModuleType:
    """memory.c as a module of its own; skips the test where there is no compiler."""
    cc = shutil.which("cc")
    if cc is None:
        pytest.skip("needs a C compiler (cc)")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "memory_native.so"
        source = ROOT / "engine" / "cache" / "memory.c"
        flags = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
        subprocess.run([cc, *flags, "-DSTANDALONE", "-o", target, source], check=True)
        spec = importlib.util.spec_from_file_location("memory_native", target)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def made(
    form: str,
    entries: int = 10,
    size: int = PLENTY,
    learn: Callable[[Any], object] | None = None,
    stale: Callable[[Any], object] | None = None,
) -> Memory:
    """A memory in one of the forms; a value's size is its length."""
    native = compiled() if form == "compiled" else None
    return memory_of(native, (entries, size), len, learn, stale)


@cache
def recorded(shared: Path, name: str) -> Any:
    """A trace's keys; `corda+loop+corda` is one after the other, the loop's keys being others'."""
    folder = shared / "cache_traces"
    if not folder.is_dir():
        pytest.skip(f"needs recorded requests in {folder}")
    if name == "corda+loop+corda":
        corda = recorded(shared, "corda")
        return corda + array("q", [key + 10**9 for key in recorded(shared, "loop")]) + corda
    return keys_of(folder / f"{name}.txt.gz")
