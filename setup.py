"""How does a wheel carry the core? It is compiled into the tree before the files are collected."""

import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithCore(build_py):
    """Files as always, plus the built core and the profiles; an editable install builds nothing."""

    def run(self) -> None:
        """Without a C compiler the wheel is made all the same, and says so."""
        if self.editable_mode:
            return
        built = subprocess.run([sys.executable, "-m", "engine.compile"], cwd=ROOT, check=False)
        if built.returncode:
            print("No core was built: the engine will run its plain functions.", file=sys.stderr)
        super().run()
        for profile in sorted(ROOT.glob("profiles/*.toml")):
            target = Path(self.build_lib, "engine", "profiles", profile.name)
            self.mkpath(str(target.parent))
            self.copy_file(str(profile), str(target))


class Native(Distribution):
    """A wheel with a built core fits one machine's architecture only."""

    def has_ext_modules(self) -> bool:
        """Whether the wheel's name must say for which machine it is."""
        return True


setup(cmdclass={"build_py": BuildWithCore}, distclass=Native)
