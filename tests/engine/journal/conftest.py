"""What do journal tests need built: the compiled functions, and the shim that breaks disks."""

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.engine.journal.building import ROOT


def compiled(source: Path, target: Path, *flags: str) -> Path:
    """Build one C file; skips the test where there is no compiler."""
    cc = shutil.which("cc")
    if cc is None:
        pytest.skip("needs a C compiler (cc)")
    command = [cc, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", *flags]
    subprocess.run([*command, "-o", str(target), str(source), "-lpthread"], check=True)
    return target


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The compiled functions, as a module of their own."""
    return built_native(tmp_path_factory)


@pytest.fixture(scope="session")
def without_instructions(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The same, as on a processor that has no instructions for SHA-256."""
    return built_native(tmp_path_factory, "-DWITHOUT_SHA_INSTRUCTIONS")


def built_native(tmp_path_factory: pytest.TempPathFactory, *flags: str) -> ModuleType:
    """native.c, built and loaded."""
    target = tmp_path_factory.mktemp("built") / "journal_native.so"
    path = compiled(ROOT / "engine" / "journal" / "native.c", target, "-DSTANDALONE", *flags)
    spec = importlib.util.spec_from_file_location("journal_native", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["native", "plain"])
def disk(request: pytest.FixtureRequest) -> ModuleType | None:
    """Each way to the disk in turn: compiled, and the same in Python (None)."""
    if request.param == "plain":
        return None
    built: ModuleType = request.getfixturevalue("native")
    return built


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes disk calls fail; see fault.c."""
    target = tmp_path_factory.mktemp("built") / "fault.so"
    return compiled(Path(__file__).with_name("fault.c"), target)
