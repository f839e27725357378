"""Is every divisor and every `int()` in a function guarded on each way to it?

The function is walked as it would run, branch by branch, with what is known there (core_facts).
What callers are known to pass is known of a parameter: the set of functions is walked again until
that changes no more.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tests.architecture.core_facts import (
    BOUNDED,
    EVERYTHING,
    NONNEG,
    NONZERO,
    Facts,
    Kinds,
    World,
    facts_of,
    implied,
    kinds_of,
    mentioned,
    text_of,
)

DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)
PURE = {"max", "min", "abs", "int", "float", "range", "floor", "sqrt", "exp", "log", "tanh"}


class Walked(NamedTuple):
    """What one walk through a function found."""

    complaints: list[tuple[int, str]]
    calls: list[tuple[str, list[Kinds]]]  # callee, and what is known of each argument
    results: list[Kinds]


class Walk:
    """One walk through one function."""

    def __init__(self, function: ast.FunctionDef, parameters: list[Kinds], world: World) -> None:
        self.world = world
        self.found = Walked([], [], [])
        self.family = families(function)
        named = zip(function.args.args, parameters, strict=False)
        entry = frozenset(fact for arg, kinds in named for fact in facts_of(arg.arg, kinds))
        self.block(function.body, entry)

    def block(self, body: list[ast.stmt], facts: Facts) -> Facts | None:
        """Run statements in order; None when the end is never reached."""
        known: Facts | None = facts
        for statement in body:
            if known is None:
                break
            known = self.statement(statement, known)
        return known

    def statement(self, node: ast.stmt, facts: Facts) -> Facts | None:
        """What is known after one statement."""
        match node:
            case ast.If():
                return self.branch(node, facts)
            case ast.While() | ast.For():
                return self.loop(node, facts)
            case ast.Return():
                if node.value is not None:
                    self.look(node.value, facts)
                    self.found.results.append(kinds_of(node.value, facts, self.world))
                return None
            case ast.Break() | ast.Continue():
                return None
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign():
                return self.assign(node, facts)
        for value in expressions_in(node):
            self.look(value, facts)
        return self.forget(facts, [node])

    def branch(self, node: ast.If, facts: Facts) -> Facts | None:
        """Both sides of an if, and what they agree on."""
        self.look(node.test, facts)
        facts = self.forget(facts, [node.test])
        yes = self.block(node.body, facts | implied(node.test, facts, self.world))
        no = self.block(node.orelse, facts | implied(node.test, facts, self.world, truth=False))
        if yes is None or no is None:
            return no if yes is None else yes
        return yes & no

    def loop(self, node: ast.While | ast.For, facts: Facts) -> Facts:
        """A loop's body sees nothing that an earlier turn may have changed."""
        if isinstance(node, ast.For):
            self.look(node.iter, facts)
            counted = self.counted(node, facts)
            facts = self.forget(facts, [node])
            self.block(node.body, facts | counted)
            return facts
        facts = self.forget(facts, [node])
        self.look(node.test, facts)
        self.block(node.body, facts | implied(node.test, facts, self.world))
        if any(isinstance(inner, ast.Break) for inner in ast.walk(node)):
            return facts
        return facts | implied(node.test, facts, self.world, truth=False)

    def counted(self, node: ast.For, facts: Facts) -> Facts:
        """A loop variable of `range` lies between what range was given."""
        given = node.iter.args if isinstance(node.iter, ast.Call) else []
        if not 1 <= len(given) <= 2:
            return frozenset()
        begins_low = len(given) == 1 or "nonneg" in kinds_of(given[0], facts, self.world)
        return facts_of(text_of(node.target), NONNEG | BOUNDED if begins_low else BOUNDED)

    def assign(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign, facts: Facts) -> Facts:
        """The target takes over what is known of the value; all else about it is forgotten."""
        value = node.value
        if value is None:
            return facts
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(node, ast.AugAssign):
            value = ast.BinOp(node.target, node.op, node.value)
            ast.copy_location(value, node)
        self.look(value, facts)
        kinds = kinds_of(value, facts, self.world)
        return self.forget(facts, [node]) | facts_of(text_of(target), kinds)

    def look(self, node: ast.expr, facts: Facts) -> None:
        """Check every division, `int()` and call of an expression where it is evaluated."""
        match node:
            case ast.BoolOp():
                for value in node.values:
                    self.look(value, facts)
                    facts |= implied(value, facts, self.world, truth=isinstance(node.op, ast.And))
                return
            case ast.IfExp():
                self.look(node.test, facts)
                self.look(node.body, facts | implied(node.test, facts, self.world))
                no = implied(node.test, facts, self.world, truth=False)
                self.look(node.orelse, facts | no)
                return
            case ast.BinOp() if isinstance(node.op, DIVISIONS):
                self.divisor(node.right, facts)
            case ast.Call():
                self.call(node, facts)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.look(child, facts)

    def divisor(self, node: ast.expr, facts: Facts) -> None:
        """A divisor must be known not to be zero."""
        if not kinds_of(node, facts, self.world) >= NONZERO:
            self.found.complaints.append((node.lineno, f"divides by unguarded {text_of(node)}"))

    def call(self, node: ast.Call, facts: Facts) -> None:
        """An `int()` must have a bounded argument; what our own functions are given is noted."""
        name = getattr(node.func, "id", "")
        given = [kinds_of(argument, facts, self.world) for argument in node.args]
        self.found.calls.append((name, given))
        if name == "int" and not (given and given[0] >= BOUNDED):
            unchecked = ", ".join(map(text_of, node.args))
            self.found.complaints.append((node.lineno, f"int() of unchecked {unchecked}"))

    def forget(self, facts: Facts, nodes: list[ast.AST]) -> Facts:
        """The facts that are not about anything these nodes may change."""
        names, fields, blocks = set(), set(), set()
        for node in (inner for outer in nodes for inner in ast.walk(outer)):
            stored = isinstance(getattr(node, "ctx", None), ast.Store)
            if isinstance(node, ast.Name) and stored:
                names.add(node.id)
            elif isinstance(node, ast.Attribute) and stored:
                fields.add(node.attr)
            elif isinstance(node, ast.Subscript) and stored:
                fields |= mentioned(text_of(node.value))[1]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") not in PURE:
                blocks |= {self.family.get(name, name) for name in roots_of(node)}

        def is_kept(text: str) -> bool:
            read, attributes = mentioned(text)
            handed_over = {self.family.get(name, name) for name in read} & blocks
            return not (read & names or attributes & fields or (attributes and handed_over))

        return frozenset(fact for fact in facts if is_kept(fact[0]))


def expressions_in(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions a simple statement evaluates."""
    return (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))


def roots_of(call: ast.Call) -> set[str]:
    """The names whose blocks a call may reach."""
    return {root for argument in call.args for root in mentioned(text_of(argument))[0]}


def families(function: ast.FunctionDef) -> dict[str, str]:
    """For each local name of a block, one name for all that may share it: `bar = features.bar`."""
    family: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Attribute | ast.Subscript | ast.Call):
                group = {node.targets[0].id, *mentioned(text_of(value))[0]}
                heads = {family.get(name, name) for name in group}
                family.update(dict.fromkeys(group, min(heads)))
                family = {
                    name: min(heads) if head in heads else head for name, head in family.items()
                }
    return family


def settled(
    functions: dict[str, tuple[ast.FunctionDef, World]], names: dict[str, dict[str, str]]
) -> dict[str, Walked]:
    """Walk all functions until what they know of each other changes no more.

    `names` says, for each function, which function each name it calls stands for.
    """
    called = {target for callees in names.values() for target in callees.values()}
    parameters = {
        key: [EVERYTHING if key in called else frozenset()] * len(function.args.args)
        for key, (function, _) in functions.items()
    }
    results = dict.fromkeys(functions, EVERYTHING)
    while True:
        walked = {}
        for key, (function, world) in functions.items():
            known = {name: results[target] for name, target in names[key].items()}
            told = world._replace(results=known)
            walked[key] = Walk(function, parameters[key], told).found
        passed = {key: list(kinds) for key, kinds in parameters.items()}
        for key, found in walked.items():
            for name, given in found.calls:
                if name in names[key]:
                    target = names[key][name]
                    pairs = zip(passed[target], given, strict=False)
                    passed[target] = [old & new for old, new in pairs]
        returned = {
            key: frozenset.intersection(*found.results) if found.results else frozenset()
            for key, found in walked.items()
        }
        returned = {key: kinds & results[key] for key, kinds in returned.items()}
        if passed == parameters and returned == results:
            return walked
        parameters, results = passed, returned
