"""What may a function of the core be made of? A list of what is allowed; the rest is refused.

The reason is one: compiled and plain Python must give the same bits on every machine.
"""

import ast
from collections.abc import Callable, Container, Iterator
from types import FunctionType
from typing import Any

from engine.layout import I, Parameter
from engine.messages import RECORD
from tests.architecture.core_facts import World
from tests.architecture.core_walk import settled

Complaint = tuple[int, str]
ALLOWED = (
    ast.FunctionDef, ast.arguments, ast.arg,
    ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr,
    ast.For, ast.While, ast.If, ast.Pass, ast.Break, ast.Continue,
    ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Call,
    ast.Constant, ast.Attribute, ast.Subscript, ast.Name, ast.expr_context, ast.boolop, ast.unaryop,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
    ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
BUILTINS = {"abs", "min", "max", "int", "float", "range"}
MATH = {"sqrt", "floor"}
FLOATS = {"float", "sqrt", "exp", "log", "tanh"}
# Narrow and unsigned in the record: added to an int64 they would widen by numpy's rules.
UNSIGNED = {name for name, kind in RECORD.items() if kind.startswith("u")}


def complaints_in_module(tree: ast.Module) -> Iterator[Complaint]:
    """Mathematics is imported by name, so that a reader sees how little there is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name == "math" for alias in node.names):
            yield node.lineno, "imports math: name what is used of it"
        if isinstance(node, ast.ImportFrom) and node.module == "math":
            names = [alias.name for alias in node.names if alias.name not in MATH]
            yield from ((node.lineno, f"math.{name} differs between machines") for name in names)


def complaints_in(function: ast.FunctionDef) -> Iterator[Complaint]:
    """Everything in one function that plain and compiled Python might see differently."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    inner = [node for statement in body for node in ast.walk(statement)]
    yield from signature(function)
    line = function.lineno
    for node in inner:
        line = getattr(node, "lineno", line)
        if isinstance(node, ast.FunctionDef) or not isinstance(node, ALLOWED):
            yield line, f"{type(node).__name__} is not allowed"
        for rule in RULES.get(type(node), ()):
            yield from ((line, said) for said in rule(node))
    yield from mixed_types(inner)


def signature(function: ast.FunctionDef) -> Iterator[Complaint]:
    """Parameters are positional and have no defaults; nothing wraps the function."""
    given = function.args
    if given.defaults or given.kwonlyargs or given.vararg or given.kwarg or given.posonlyargs:
        yield function.lineno, "defaults, keyword and starred parameters are not allowed"
    if function.decorator_list:
        yield function.lineno, "decorators are not allowed"


def plain_constant(node: Any) -> Iterator[str]:
    """No text, no None: numbers only."""
    if not isinstance(node.value, int | float):
        yield f"{node.value!r} is not a number"


def known_call(node: Any) -> Iterator[str]:
    """Calls go to a name, with positional arguments."""
    if not isinstance(node.func, ast.Name):
        yield f"{ast.unparse(node.func)} is not called by its own name"
        return
    name = node.func.id
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        yield f"{name} is called with keyword or starred arguments"
    if name in ("min", "max") and len(node.args) != 2:
        yield f"{name} takes two numbers"


def named_index(node: Any) -> Iterator[str]:
    """A place in a ring is a variable; a field has a name."""
    index = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
    if isinstance(index, ast.Constant):
        yield f"{ast.unparse(node)}: a numeric index says nothing, give the field a name"


def counted_loop(node: Any) -> Iterator[str]:
    """A loop counts; what it would walk over is no array of ours."""
    if not (isinstance(node.iter, ast.Call) and getattr(node.iter.func, "id", "") == "range"):
        yield f"a loop runs over a range, not over {ast.unparse(node.iter)}"


def one_target(node: Any) -> Iterator[str]:
    """`a = b = c` hides which type both have."""
    if len(node.targets) > 1:
        yield "one assignment, one target"


RULES: dict[type[ast.AST], tuple[Callable[[Any], Iterator[str]], ...]] = {
    ast.Constant: (plain_constant,),
    ast.Call: (known_call,),
    ast.Subscript: (named_index,),
    ast.Assign: (one_target,),
    ast.For: (counted_loop,),
}


def unsigned_operands(
    function: ast.FunctionDef, signed: set[tuple[str, str]]
) -> Iterator[Complaint]:
    """The record's narrow fields are compared and copied, not counted with.

    `signed` names the blocks that hold a copy as an int64: (block, field).
    """

    def is_narrow(node: Any) -> bool:
        if not isinstance(node, ast.Attribute):
            return getattr(node, "id", "") in aliases
        block = ast.unparse(node.value).rpartition(".")[2]
        return node.attr in UNSIGNED and (block, node.attr) not in signed

    inner = list(ast.walk(function))
    aliases: set[str] = set()
    for node in inner:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            aliases |= {node.targets[0].id} if is_narrow(node.value) else set()
    counting = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
    for node in inner:
        operands: list[ast.AST] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, counting):
            operands = [node.left, node.right]
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, counting):
            operands = [node.target, node.value]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            operands = [node.operand]
        for side in operands:
            if is_narrow(side):
                yield function.lineno, f"{ast.unparse(side)} is unsigned: not for arithmetic"


def mixed_types(inner: list[ast.AST]) -> Iterator[Complaint]:
    """One place, one type: numba would quietly make floats of ints where Python does not."""
    places: dict[str, list[ast.expr]] = {}
    for node in inner:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            places.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            places.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.Return) and node.value is not None:
            places.setdefault("return", []).append(node.value)
        elif isinstance(node, ast.IfExp):
            places[f"choice in line {node.lineno}, {node.col_offset}"] = [node.body, node.orelse]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("min", "max"):
            places[f"call in line {node.lineno}, {node.col_offset}"] = node.args
    for place, given in places.items():
        if {type_of(value) for value in given} >= {"int", "float"}:
            yield given[0].lineno, f"{place}: int and float mixed"


def type_of(node: ast.expr) -> str:
    """int or float where the expression alone tells, else nothing."""
    match node:
        case ast.Constant(value=bool()):
            return "bool"
        case ast.Constant():
            return type(node.value).__name__
        case ast.UnaryOp():
            return type_of(node.operand)
        case ast.IfExp():
            return type_of(node.body) or type_of(node.orelse)
        case ast.BinOp():
            sides = {type_of(node.left), type_of(node.right)}
            if isinstance(node.op, ast.Div) or "float" in sides:
                return "float"
            return "int" if sides == {"int"} else ""
        case ast.Call(func=ast.Name(id=name)):
            return "float" if name in FLOATS else "int" if name in ("int", "floor") else ""
    return ""


def complaints(
    sources: dict[str, str], spaces: dict[str, dict[str, Any]], edges: frozenset[str] = frozenset()
) -> list[str]:
    """All that is wrong in the core: sources and namespaces by module, without the `edges`."""
    found: list[tuple[str, Complaint]] = []
    functions, callees = {}, {}
    ranges, fields, signed = declared(spaces)
    defined = {key: node for key, node in functions_of(sources).items() if key not in edges}
    for module, source in sources.items():
        found += [(module, said) for said in complaints_in_module(ast.parse(source))]
    for key, node in defined.items():
        module = key.rpartition(".")[0]
        functions[key] = node, World(numbers_in(spaces[module]), ranges, fields, {})
        callees[key] = called_by(node, spaces[module], defined)
        found += [(module, said) for said in complaints_in(node)]
        found += [(module, said) for said in unsigned_operands(node, signed)]
        found += [(module, said) for said in strangers(node, callees[key])]
    for key, walked in settled(functions, callees).items():
        found += [(key.rpartition(".")[0], said) for said in walked.complaints]
    return [f"{module}:{line}: {said}" for module, (line, said) in dict.fromkeys(found)]


def strangers(function: ast.FunctionDef, callees: dict[str, str]) -> Iterator[Complaint]:
    """Whatever is called is one of the few allowed, or itself in the core."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name not in BUILTINS | MATH and name not in callees:
                yield node.lineno, f"calls {name}, which is no part of the core"


def functions_of(sources: dict[str, str]) -> dict[str, ast.FunctionDef]:
    """The functions of modules, by full name."""
    return {
        f"{module}.{node.name}": node
        for module, source in sources.items()
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }


def called_by(
    function: ast.FunctionDef, space: dict[str, Any], known: Container[str]
) -> dict[str, str]:
    """Which of the known functions the names in a function stand for."""
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    meant = {name: known_as(space.get(name)) for name in names}
    return {name: key for name, key in meant.items() if key in known}


def numbers_in(space: dict[str, Any]) -> dict[str, float]:
    """A module's constants."""
    return {name: value for name, value in space.items() if type(value) in (int, float)}


def known_as(value: Any) -> str:
    """Where a function was defined."""
    return f"{value.__module__}.{value.__name__}" if isinstance(value, FunctionType) else ""


def declared(
    spaces: dict[str, dict[str, Any]],
) -> tuple[dict[str, tuple[float, float]], frozenset[str], set[tuple[str, str]]]:
    """Of all blocks: profile keys with their widest ranges, other fields, and signed copies."""
    ranges: dict[str, tuple[float, float]] = {}
    fields = set()
    signed = set()
    blocks = [("", value) for space in spaces.values() for value in space.values()]
    while blocks:
        parent, one = blocks.pop()
        for name, field in one.items() if isinstance(one, dict) else ():
            if isinstance(field, Parameter):
                low, high = ranges.get(name, (field.low, field.high))
                ranges[name] = min(low, field.low), max(high, field.high)
            elif isinstance(name, str):
                fields.add(name)
                blocks.append((name, field[0] if isinstance(field, tuple) else field))
                if field == I:
                    signed.add((parent, name))
    return ranges, frozenset(fields), signed
