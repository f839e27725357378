"""May this file import that one? The map below is the answer, and every file has its place."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A floor imports from itself and from floors below. A room is a folder, or a file without one.
FLOORS: list[tuple[str, list[str]]] = [
    (
        "words and arithmetic",
        [
            *("__init__", "layout", "messages", "instruments", "instruments_file"),
            *("arithmetic", "errors"),
        ],
    ),
    ("the decision, room by room", ["strategy", "risk", "execution"]),
    (
        "the decision as one",
        [
            *("state", "remeasuring", "accounting", "dealing", "closing", "decision"),
            *("retelling", "simulation"),
            *("core", "compile", "snapshot", "picture", "camera", "preview", "carrying"),
        ],
    ),
    ("the path", ["statistics", "resilience", "ports", "loop", "log", "telemetry"]),
    (
        "the world",
        [
            *("cache", "journal", "market", "venues", "lines", "learning", "control", "service"),
            "secrets",
        ],
    ),
    (
        "assembly",
        [
            *("values", "profile", "environment", "opening", "options", "status", "streams"),
            *("builder", "parts", "other_steps"),
            *("desk", "scarcity", "folding", "beginning", "bootstrap", "runtime", "serving"),
            *("running", "hearing", "live", "network", "questions", "exchange", "overfeed"),
            "reach",
            "answering",
            "beside",
            "started",
            "stopping",
            "backtest",
        ],
    ),
]
# On these floors a room never imports another one.
WALLED = {"the decision, room by room", "the world"}
# Doors in those walls: (from, to) and why.
DOORS = {
    ("market", "journal"): "history files are record files: one format, one writer of it",
    ("service", "journal"): "the service follows what the engine writes",
    ("secrets", "journal"): "a file of keys is written as durably as a journal, by one function",
    ("service", "cache"): "the service answers readers through it",
}
# Top-level packages, and what of the engine each may see.
ABOVE: dict[str, tuple[str, ...]] = {
    "supreme_cli": ("engine",),
    "validators": ("engine",),
    "tui": (
        "engine.messages",
        "engine.snapshot",
        "engine.picture",
        "engine.camera",
        "engine.control",
        "engine.errors",
        "engine.service.noted",
    ),
}
# The rooms of the venue that others trade on, each standing on those before it.
VENUE = ("matching", "market", "door")
# Imported inside the function that needs them, so that the engine process never loads them.
HEAVY = {
    *("numpy", "numba", "llvmlite", "typer", "rich", "pyarrow", "matplotlib", "textual"),
    *("pydantic", "asyncpg", "aiosqlite", "msgspec", "hiredis", "cryptography", "httpx"),
}
NAMES_NUMBA = {"engine/compile.py"}

FLOOR_OF = {room: floor for floor, (_, rooms) in enumerate(FLOORS) for room in rooms}
ENGINE = sorted(ROOT.glob("engine/**/*.py"))
UPSTAIRS = sorted(path for name in ABOVE for path in ROOT.glob(f"{name}/**/*.py"))


def imports_of(source: str) -> list[tuple[int, str]]:
    """(line, dotted name) of every import, also those inside functions."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = "." * node.level + (node.module or "")
            found += [(node.lineno, f"{parent}.{alias.name}") for alias in node.names]
    return found


def room_of(path: str) -> str:
    """The room a file of the engine lies in: `engine/risk/gate.py` in risk."""
    return path.removeprefix("engine/").partition("/")[0].removesuffix(".py")


def objection(here: str, name: str) -> str:
    """Why a file in room `here` may not import `name`, or nothing."""
    top, _, rest = name.partition(".")
    if top in ABOVE or name.startswith("."):
        return "the engine stands on nothing above it, and says its imports in full"
    there = rest.partition(".")[0]
    if top != "engine" or there == here or (here, there) in DOORS:
        return ""
    if there not in FLOOR_OF:
        return f"{there!r} has no place on the map"
    if FLOOR_OF[there] > FLOOR_OF[here]:
        return f"{there} is a floor above {here}"
    walled = FLOORS[FLOOR_OF[here]][0] in WALLED
    return f"a wall stands between {here} and {there}" if walled and same(here, there) else ""


def same(here: str, there: str) -> bool:
    """Whether two rooms lie on one floor."""
    return FLOOR_OF[here] == FLOOR_OF[there]


def relative(path: Path) -> str:
    """The path as the map writes it."""
    return path.relative_to(ROOT).as_posix()


def test_every_engine_file_has_a_place():
    """A file that is not on the map has not been thought about."""
    homeless = [relative(path) for path in ENGINE if room_of(relative(path)) not in FLOOR_OF]

    assert homeless == []


@pytest.mark.parametrize("path", ENGINE, ids=relative)
def test_engine_files_import_downwards(path):
    """An import names its own floor or one below, and passes no wall."""
    here = room_of(relative(path))
    wrong = [
        f"{relative(path)}:{line} imports {name}: {why}"
        for line, name in imports_of(path.read_text())
        if (why := objection(here, name))
    ]

    assert wrong == []


@pytest.mark.parametrize("path", UPSTAIRS, ids=relative)
def test_what_stands_on_the_engine_sees_what_it_may(path):
    """The command line and the validators see all of it, the console what draws a picture."""
    may = ABOVE[relative(path).partition("/")[0]]
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for line, name in imports_of(path.read_text())
        if name.startswith("engine") and not name.startswith(may)
    ]

    assert wrong == []


@pytest.mark.parametrize("room", VENUE)
def test_rooms_of_the_venue_stand_on_one_another(room):
    """Its matching knows no market and no clients, its market no clients."""
    later = [f"engine.venues.exchange.{one}." for one in VENUE[VENUE.index(room) + 1 :]]
    files = sorted(ROOT.glob(f"engine/venues/exchange/{room}/*.py"))
    wrong = [
        f"{relative(path)} imports {name}"
        for path in files
        for _, name in imports_of(path.read_text())
        if name.startswith(tuple(later))
    ]

    assert len(files) > 1
    assert wrong == []


def test_no_circles():
    """Files of one floor may use each other, never in a ring."""
    edges = {module_of(path): imported_at_once(ast.parse(path.read_text())) for path in ENGINE}
    below = {
        module: {other for other in edges if any(f"{n}.".startswith(f"{other}.") for n in names)}
        for module, names in edges.items()
    }
    while leaves := {module for module, uses in below.items() if not uses & below.keys()}:
        below = {module: uses for module, uses in below.items() if module not in leaves}

    assert below == {}


def module_of(path: Path) -> str:
    """The dotted name a file is imported by."""
    return relative(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@pytest.mark.parametrize("path", ENGINE, ids=relative)
def test_heavy_packages_are_imported_where_they_are_needed(path):
    """At the top of an engine file they would cost every process 10 to 90 MB."""
    names = {name.partition(".")[0] for name in imported_at_once(ast.parse(path.read_text()))}

    assert names.isdisjoint(HEAVY)


def imported_at_once(node: ast.AST) -> list[str]:
    """Names imported when the file is, not when one of its functions runs or types are checked."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return []
    found = [name for child in ast.iter_child_nodes(node) for name in imported_at_once(child)]
    if isinstance(node, ast.Import | ast.ImportFrom):
        found += [name for _, name in imports_of(ast.unparse(node))]
    return found


def test_only_compile_names_numba():
    """The rest of the house is ordinary Python."""
    naming = {
        relative(path)
        for path in [*ENGINE, *UPSTAIRS]
        if any(
            name.split(".")[0] in ("numba", "llvmlite") for _, name in imports_of(path.read_text())
        )
    }

    assert naming <= NAMES_NUMBA


@pytest.mark.parametrize(
    ("here", "name", "allowed"),
    [
        ("risk", "engine.layout.block", True),
        ("risk", "engine.risk.gate.approve", True),
        ("risk", "engine.strategy.features.quote", False),
        ("risk", "engine.state.STATE", False),
        ("layout", "engine.messages.RECORD", True),
        ("market", "engine.journal.segments.Writer", True),
        ("journal", "engine.market.history.read", False),
        ("loop", "engine.ports.Feed", True),
        ("loop", "engine.runtime.main", False),
        ("loop", "supreme_cli.commands.COMMANDS", False),
        ("loop", ".ports.Feed", False),
        ("loop", "engine.attic.Old", False),
        ("loop", "struct.Struct", True),
    ],
)
def test_the_map_itself(here, name, allowed):
    """What the map refuses is refused: each kind of import once."""
    assert (objection(here, name) == "") is allowed
