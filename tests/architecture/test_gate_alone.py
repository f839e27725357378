"""Who writes commands? The risk gate, and no other function of the core."""

import ast
import importlib
from types import FunctionType
from typing import Any

import pytest

from engine.core import CORE
from tests.architecture.core_rules import functions_of

GATE = "engine.risk.gate"
BUFFER = "commands"

Space = dict[str, Any]


def is_of_commands(node: ast.expr, names: set[str]) -> bool:
    """Whether a value lies in the command buffer, or is a name for something that does."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr == BUFFER:
            return True
        node = node.value
    return isinstance(node, ast.Name) and node.id in names


def names_of_commands(function: ast.FunctionDef, given: frozenset[int]) -> set[str]:
    """Local names of the buffer and its parts: parameters given one, and what is read from it."""
    parameters = [arg.arg for arg in function.args.args]
    names = {BUFFER} | {parameters[place] for place in given if place < len(parameters)}
    for _ in range(len(function.body) + 1):
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names |= {node.targets[0].id} if is_of_commands(node.value, names) else set()
    return names


def writes_in(function: ast.FunctionDef, names: set[str]) -> list[str]:
    """Assignments to a field of the buffer or of its records."""
    return [
        ast.unparse(node)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute | ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and is_of_commands(node.value, names)
    ]


def handed_on(
    function: ast.FunctionDef, names: set[str], space: Space
) -> list[tuple[str, frozenset[int]]]:
    """Which functions get the buffer or a part of it from here, and in which places."""
    found = []
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            places = [at for at, arg in enumerate(node.args) if is_of_commands(arg, names)]
            callee = space.get(getattr(node.func, "id", ""))
            if places and isinstance(callee, FunctionType):
                found.append((f"{callee.__module__}.{callee.__name__}", frozenset(places)))
    return found


def writers(sources: dict[str, str], spaces: dict[str, Space]) -> list[str]:
    """Every write to the command buffer outside the gate, however it came there."""
    functions = {
        key: node for key, node in functions_of(sources).items() if not key.startswith(f"{GATE}.")
    }
    waiting: list[tuple[str, frozenset[int]]] = [(key, frozenset()) for key in functions]
    seen = set()
    found = set()
    while waiting:
        key, places = waiting.pop()
        if key in functions and (key, places) not in seen:
            seen.add((key, places))
            names = names_of_commands(functions[key], places)
            found |= {f"{key}: {write}" for write in writes_in(functions[key], names)}
            waiting += handed_on(functions[key], names, spaces[key.rpartition(".")[0]])
    return sorted(found)


def test_the_gate_alone_writes_commands():
    """An order that risk did not approve cannot be written down."""
    modules = {name: importlib.import_module(name) for name in CORE}
    sources = {}
    for name, module in modules.items():
        with open(str(module.__file__)) as file:
            sources[name] = file.read()

    assert writers(sources, {name: vars(module) for name, module in modules.items()}) == []


@pytest.mark.parametrize(
    "body",
    [
        "state.commands.count += 1",
        "state.commands.table[state.n].kind = 64",
        "record = state.commands.table[state.n]\n    record.kind = 64",
        "to = state.commands\n    row = to.table[state.n]\n    row.a = 1",
        "stamp(state.n, state.commands.table[state.n])",
    ],
)
def test_every_other_hand_is_seen(body):
    """Directly, by another name, or through a function that was handed a part."""
    source = f"def stamp(n, row):\n    row.a = n\n\ndef act(state):\n    {body}\n"
    space: Space = {"__name__": "snippet"}
    exec(compile(source, "snippet", "exec"), space)

    assert len(writers({"snippet": source}, {"snippet": space})) == 1


def test_reading_is_free():
    """The venue and the journal read what was asked."""
    source = "def see(state):\n    row = state.commands.table[state.n]\n    state.last = row.a\n"
    space: Space = {"__name__": "snippet"}
    exec(compile(source, "snippet", "exec"), space)

    assert writers({"snippet": source}, {"snippet": space}) == []
