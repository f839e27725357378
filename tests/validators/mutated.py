"""Who keeps a journal by other functions? `mutated.py LIBRARY`, and the words of marked.py.

What a test changes in native.c never becomes a switch of the product.
"""

import importlib.util
import sys
from types import ModuleType

from engine.journal import writer
from validators.crash import marked


def loaded(path: str) -> ModuleType:
    """The compiled functions at this path."""
    spec = importlib.util.spec_from_file_location("journal_native", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    del sys.argv[0]
    library = loaded(sys.argv[0])
    vars(writer)["functions_of"] = lambda _: library
    sys.exit(marked.main(*sys.argv[1:]))
