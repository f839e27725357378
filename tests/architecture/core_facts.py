"""What is known of a number at some place in the core: is it above zero, not zero, bounded?

Knowledge comes from a comparison that must have been passed to get here, from literals and module
constants, from a profile key's declared range, and from arithmetic on those. It is dropped when a
name or field is assigned, or its block is handed to a function. Three assumptions, kept by style:
no two names in one function mean the same block, a variable used as a bound is itself sane, and
nothing is NaN (every division is guarded, every number from outside is checked at the door).
"""

import ast
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

Kinds = frozenset[str]
Facts = frozenset[tuple[str, str]]  # (expression as text, kind)

NOTHING: Kinds = frozenset()
BOUNDED: Kinds = frozenset({"above", "below"})
NONNEG: Kinds = frozenset({"nonneg", "above"})
NONZERO: Kinds = frozenset({"nonzero"})
POSITIVE: Kinds = NONNEG | NONZERO | {"positive"}
EVERYTHING: Kinds = POSITIVE | BOUNDED
SANE = 2.0**62


class World(NamedTuple):
    """What a function's text alone does not say."""

    constants: dict[str, float]  # of its module
    ranges: dict[str, tuple[float, float]]  # of profile keys
    fields: frozenset[str]  # names declared as ordinary fields
    results: dict[str, Kinds]  # of the functions it can call


@cache
def text_of(node: ast.expr) -> str:
    """The expression in one spelling."""
    return ast.unparse(node)


@cache
def mentioned(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names and attributes that an expression reads."""
    nodes = list(ast.walk(ast.parse(f"({text},)", mode="eval")))
    names = frozenset(node.id for node in nodes if isinstance(node, ast.Name))
    return names, frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))


def kinds_of(node: ast.expr, facts: Facts, world: World) -> Kinds:
    """All that is known of an expression's value."""
    text = text_of(node)
    told = frozenset(kind for name, kind in facts if name == text)
    rule = RULES.get(type(node))
    return closed(told | rule(node, facts, world)) if rule else closed(told)


def closed(kinds: Kinds) -> Kinds:
    """With what follows from the kinds."""
    if kinds >= {"nonneg", "nonzero"} or "positive" in kinds:
        return kinds | POSITIVE
    return kinds | NONNEG if "nonneg" in kinds else kinds


def of_number(value: float) -> Kinds:
    """A known number."""
    sign = POSITIVE if value > 0 else NONNEG if value == 0 else NONZERO
    return sign | BOUNDED if abs(value) <= SANE else sign - BOUNDED


def of_constant(node: Any, _facts: Facts, _world: World) -> Kinds:
    """A literal."""
    return of_number(node.value) if isinstance(node.value, int | float) else NOTHING


def of_name(node: Any, _facts: Facts, world: World) -> Kinds:
    """A module's constant."""
    return of_number(world.constants[node.id]) if node.id in world.constants else NOTHING


def of_attribute(node: Any, _facts: Facts, world: World) -> Kinds:
    """A profile key is within its declared range."""
    base = text_of(node.value).rpartition(".")[2]
    if node.attr not in world.ranges or (base != "parameters" and node.attr in world.fields):
        return NOTHING
    low, _ = world.ranges[node.attr]
    return BOUNDED | (POSITIVE if low > 0 else NONNEG if low == 0 else NOTHING)


def of_unary(node: Any, facts: Facts, world: World) -> Kinds:
    """A changed sign keeps what is not about the sign."""
    kinds = kinds_of(node.operand, facts, world)
    bounded = BOUNDED if kinds >= BOUNDED else NOTHING
    return bounded | (kinds & NONZERO) if isinstance(node.op, ast.USub) else NOTHING


def of_binary(node: Any, facts: Facts, world: World) -> Kinds:
    """What two operands tell of their sum, product and so on."""
    left, right = kinds_of(node.left, facts, world), kinds_of(node.right, facts, world)
    both, either = left & right, left | right
    fixed = is_number(node.right, world)
    match node.op:
        case ast.Add():
            sign = both & NONNEG if "positive" not in either else both | POSITIVE
            return (sign if "nonneg" in both else NOTHING) | (both & BOUNDED)
        case ast.Mult():
            return of_product(node, left, right, world)
        case ast.Sub() if both >= BOUNDED:
            return BOUNDED
        case ast.Div() | ast.FloorDiv():
            bounded = BOUNDED if left >= BOUNDED and fixed else NOTHING
            return bounded | (NONNEG if "nonneg" in left and "positive" in right else NOTHING)
        case ast.Mod() if "positive" in right:
            return NONNEG | (right & {"below"})
    return NOTHING


def of_product(node: Any, left: Kinds, right: Kinds, world: World) -> Kinds:
    """A product is nonzero for sure only when one factor is a number of 1 or more: no underflow."""
    bounded = left & right & BOUNDED if left & right >= BOUNDED else NOTHING
    known = left if is_number(node.right, world, 1.0) else right
    if is_number(node.left, world, 1.0) or is_number(node.right, world, 1.0):
        return bounded | (known & (POSITIVE | NONZERO))
    square = text_of(node.left) == text_of(node.right)
    return bounded | (NONNEG if square or "nonneg" in left & right else NOTHING)


def is_number(node: ast.expr, world: World, least: float = -SANE) -> bool:
    """Whether it is a literal or constant of at least this value."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name):
        value = world.constants.get(node.id)
    return isinstance(value, int | float) and value >= least


def of_call(node: Any, facts: Facts, world: World) -> Kinds:
    """What the few allowed functions, and our own, promise of their result."""
    name = getattr(node.func, "id", "")
    given = [kinds_of(argument, facts, world) for argument in node.args]
    if name in world.results:
        return world.results[name]
    if not given:
        return NOTHING
    every, some = frozenset.intersection(*given), frozenset.union(*given)
    promised = {
        "max": every | (some & (POSITIVE - NONZERO)),
        "min": every | (some & {"below"}),
        "abs": NONNEG | (some & NONZERO) | (BOUNDED if some >= BOUNDED else NOTHING),
        "floor": some & (NONNEG | BOUNDED),
        "int": some & (NONNEG | BOUNDED),
        "float": some,
        "sqrt": some & POSITIVE,
    }
    return promised.get(name, NOTHING)


def of_choice(node: Any, facts: Facts, world: World) -> Kinds:
    """What holds on both sides of `a if test else b`."""
    yes = kinds_of(node.body, facts | implied(node.test, facts, world), world)
    no = kinds_of(node.orelse, facts | implied(node.test, facts, world, truth=False), world)
    return yes & no


def of_either(node: Any, facts: Facts, world: World) -> Kinds:
    """What holds of every operand of `a or b`."""
    return frozenset.intersection(*(kinds_of(value, facts, world) for value in node.values))


RULES: dict[type[ast.expr], Callable[[Any, Facts, World], Kinds]] = {
    ast.Constant: of_constant,
    ast.Name: of_name,
    ast.Attribute: of_attribute,
    ast.UnaryOp: of_unary,
    ast.BinOp: of_binary,
    ast.Call: of_call,
    ast.IfExp: of_choice,
    ast.BoolOp: of_either,
}
NEGATED = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE,
    ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def implied(test: ast.expr, facts: Facts, world: World, *, truth: bool = True) -> Facts:
    """What is known once a test came out true (or false)."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return implied(test.operand, facts, world, truth=not truth)
        case ast.BoolOp():
            told = [implied(value, facts, world, truth=truth) for value in test.values]
            whole = isinstance(test.op, ast.And) is truth
            return frozenset.union(*told) if whole else frozenset.intersection(*told)
        case ast.Compare() if truth or len(test.ops) == 1:
            sides = [test.left, *test.comparators]
            kinds = [type(op) if truth else NEGATED.get(type(op)) for op in test.ops]
            pairs = zip(sides, kinds, sides[1:], strict=False)
            return frozenset(fact for pair in pairs for fact in compared(*pair, facts, world))
    return facts_of(text_of(test), NONZERO) if truth else frozenset()


def compared(left: Any, kind: Any, right: Any, facts: Facts, world: World) -> Iterable[Any]:
    """The facts of one comparison that holds."""
    if kind in (ast.Gt, ast.GtE):
        kind = ast.Lt if kind is ast.Gt else ast.LtE
        left, right = right, left
    low, high = kinds_of(left, facts, world), kinds_of(right, facts, world)
    less, more = text_of(left), text_of(right)
    if kind is ast.Eq:
        return facts_of(less, high) | facts_of(more, low)
    differences = (
        text_of(ast.BinOp(right, ast.Sub(), left)),
        text_of(ast.BinOp(left, ast.Sub(), right)),
    )
    if kind is ast.NotEq:
        zero = [side for side, other in ((less, right), (more, left)) if is_zero(other)]
        return frozenset((text, "nonzero") for text in [*differences, *zero])
    if kind not in (ast.Lt, ast.LtE):
        return frozenset()
    strict = kind is ast.Lt
    sign = POSITIVE if "positive" in low or (strict and "nonneg" in low) else low & NONNEG
    negative = NONZERO if is_zero(right) and strict else NOTHING
    between = POSITIVE if strict else NONNEG
    unbounded = isinstance(right, ast.Name) and right.id in world.constants and "below" not in high
    below = NOTHING if unbounded else frozenset({"below"})
    return (
        facts_of(more, sign | {"above"})
        | facts_of(less, below | negative)
        | facts_of(differences[0], between)
        | facts_of(differences[1], between & NONZERO)
    )


def is_zero(node: ast.expr) -> bool:
    """Whether it is the literal 0 or 0.0."""
    return isinstance(node, ast.Constant) and node.value == 0


def facts_of(text: str, kinds: Iterable[str]) -> Facts:
    """The kinds as facts of one expression."""
    return frozenset((text, kind) for kind in kinds)
