"""Is the core being compiled meanwhile? A first start trades on the plain functions until it is."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from engine import core as cores
from engine.errors import Refused
from engine.streams import say as _say


class CoreBuilder:
    """`python -m engine.compile` in a process of its own, for a checkout without a built core."""

    def __init__(self, core: Any, data_dir: str) -> None:
        self.word = "" if core.native is not None else "plain functions"
        self._pid = 0
        self._log = Path(data_dir) / "log" / "build.log"
        if core.native is None:
            self._begin()

    def _begin(self) -> None:
        if not (cores.ROOT / "pyproject.toml").exists():
            if any(cores.BUILT.glob("core-*.so")):
                raise Refused(
                    "the installed core was not built from the installed sources",
                    "install the package again: nothing is traded with a core that differs",
                    code=4,
                )
            _say("no compiled core: running the plain functions, a few hundred times slower")
            return
        _say("compiling the core (about a minute, once); until then the plain functions run")
        self._began = time.monotonic()
        try:
            out = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            _say(f"the core is not compiled: {self._log}: {error.strerror}")
            return
        self._pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", "engine.compile"],  # -P: not what lies in this folder
            {**os.environ, "PYTHONPATH": str(cores.ROOT)},
            file_actions=[(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2)],
            setpgroup=0,  # Ctrl-C ends the engine, not the build: the next start finds it done
        )
        os.close(out)

    def finished(self) -> Any:
        """The built module, once, when it is ready; None otherwise."""
        if not self._pid:
            return None
        try:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
        except ChildProcessError:  # whoever started us wants no word of children
            pid, status = self._pid, 0
        if not pid:
            self.word = f"plain functions, compiling {time.monotonic() - self._began:.0f} s"
            return None
        self._pid = 0
        native = cores.load_native() if status == 0 else None
        if native is None:
            self.word = "plain functions"
            told = self._log.read_text(errors="replace").strip().splitlines()
            _say(told[-1] if told else "")
            _say("install gcc and numba for the compiled core; the plain functions go on")
            return None
        self.word = ""
        _say(f"compiled in {time.monotonic() - self._began:.0f} s: the compiled core takes over")
        return native

    def close(self) -> None:
        """A build that is not done goes on by itself."""
        if self._pid and self.finished() is None and self._pid:
            _say("the core goes on compiling in the background for the next start")
