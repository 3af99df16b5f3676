"""The changes that make mutants: each sets one field of one node of a syntax tree.

Left alone is what has no effect: types, docstrings, texts for people, assertions, options of
classes, and the branch that a type checker has shown to be unreachable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.mutation.names import Names

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
OTHER_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "abs": "float"}
OPTIONAL_KEYWORDS = frozenset({"default", "key", "reverse", "strict"})
"""Keywords of built-in functions that may be left out."""
TOLERANCE = 1e-3
"""A number below it only absorbs binary fractions; without it a boundary is missed or met."""
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
_BODIES = ("body", "orelse", "finalbody")


@dataclass(frozen=True, slots=True)
class Edit:
    """Set ``field`` of ``node`` to ``value``; ``before`` and ``after`` describe it."""

    node: ast.AST
    field: str
    value: object
    shown: ast.AST
    """The node at which the change is seen."""
    before: str
    after: str


def edits(tree: ast.Module, names: Names) -> Iterator[Edit]:
    """Returns all changes of one file, in an order that depends only on its text."""
    left_alone = set(_left_alone(tree))
    initial = set(_inside_init(tree))
    last = set(_last_statements(tree))
    for node in ast.walk(tree):
        if node not in left_alone:
            yield from _expression_edits(node, names)
            yield from _branch_edits(node)
            yield from _handler_edits(node)
            yield from _removals(node, initial, last)


def one_line(node: ast.AST) -> str:
    """The first line of a node's source, without its layout."""
    return ast.unparse(node).partition("\n")[0]


# --- what is left alone -----------------------------------------------------------------------


def _left_alone(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(annotation=hint) | ast.arg(annotation=ast.expr() as hint):
                yield from ast.walk(hint)
            case ast.ClassDef(decorator_list=options):
                yield from (inner for option in options for inner in ast.walk(option))
            case ast.JoinedStr() | ast.Assert():
                yield from ast.walk(node)
            case ast.BinOp(op=ast.BitOr()) if _is_type(node):
                yield from ast.walk(node)
            case ast.Call(func=ast.Name(id="cast" | "TypeVar"), args=[hint, *_]):
                yield from ast.walk(hint)
        match node:
            case ast.FunctionDef(returns=ast.expr() as hint):
                yield from ast.walk(hint)


def _is_type(node: ast.expr) -> bool:
    """Returns True for a union of classes, which only reads like arithmetic."""
    match node:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _is_type(left) and _is_type(right)
        case ast.Name(id=name):
            return bool(_CLASS_NAME.fullmatch(name)) or name in ("int", "float", "str", "bytes")
        case ast.Constant(value=None):
            return True
        case ast.Subscript(value=ast.Name(id=name)):
            return bool(_CLASS_NAME.fullmatch(name)) or name in ("tuple", "list", "dict")
    return False


def _inside_init(tree: ast.Module) -> Iterator[ast.AST]:
    """A field that is never set fails in the first test: it asks nothing of the tests."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            yield from ast.walk(node)


def _last_statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements after which a function or an iteration of a loop ends anyway."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.For | ast.While):
            yield from _ends_of(node.body)


def _ends_of(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    yield body[-1]
    match body[-1]:
        case ast.If(body=then, orelse=otherwise):
            yield from _ends_of(then)
            yield from _ends_of(otherwise) if otherwise else ()
        case ast.With(body=inner):
            yield from _ends_of(inner)
        case ast.Match(cases=cases):
            for case in cases:
                yield from _ends_of(case.body)
        case ast.Try(body=inner, handlers=handlers, orelse=[]):
            yield from _ends_of(inner)
            for handler in handlers:
                yield from _ends_of(handler.body)


# --- expressions ------------------------------------------------------------------------------


def _set(node: ast.AST, field: str, value: object) -> Edit:
    """A change, described by the node before and after."""
    old, before = getattr(node, field), one_line(node)
    setattr(node, field, value)
    after = one_line(node)
    setattr(node, field, old)
    return Edit(node, field, value, node, before, after)


def _expression_edits(node: ast.AST, names: Names) -> Iterator[Edit]:
    match node:
        case ast.Compare(ops=ops):
            fuzzy = _boundary_is_fuzzy(node)
            for at, op in enumerate(ops):
                others = COMPARISONS[type(op)]
                for other in others[-1:] if fuzzy else others:
                    yield _set(node, "ops", [*ops[:at], other(), *ops[at + 1 :]])
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator):
            if type(operator) in ARITHMETIC:
                yield _set(node, "op", ARITHMETIC[type(operator)]())
        case ast.BoolOp(op=operator, values=values):
            yield _set(node, "op", ast.And() if isinstance(operator, ast.Or) else ast.Or())
            for at in range(len(values)):
                yield _set(node, "values", [*values[:at], *values[at + 1 :]])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _set(node, "operand", ast.UnaryOp(ast.Not(), operand))
        case ast.UnaryOp(op=ast.USub()):
            yield _set(node, "op", ast.UAdd())
        case ast.Constant(value=bool(value)):
            yield _set(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield _set(node, "value", value + 1)
        case ast.Constant(value=float(value)):
            yield _set(node, "value", _other_number(value))
        case ast.Return(value=ast.expr() as returned) if not _is_empty(returned):
            yield _set(node, "value", ast.Constant(None))
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            for other_member in names.neighbours(owner, attr):
                yield _set(node, "attr", other_member)
        case ast.Call():
            yield from _call_edits(node, names)
        case ast.comprehension(ifs=[*conditions]):
            for at, condition in enumerate(conditions):
                rest = [*conditions[:at], *conditions[at + 1 :]]
                yield _drop(node, "ifs", rest, condition, f"if {one_line(condition)}")


def _call_edits(node: ast.Call, names: Names) -> Iterator[Edit]:
    called = one_line(node.func)
    if called in OTHER_CALLS:
        yield _set(node, "func", ast.Name(OTHER_CALLS[called], ast.Load()))
    optional = names.with_default(called.rpartition(".")[2]) | OPTIONAL_KEYWORDS
    for at, keyword in enumerate(node.keywords):
        if keyword.arg in optional:
            rest = [*node.keywords[:at], *node.keywords[at + 1 :]]
            yield _drop(node, "keywords", rest, keyword.value, f"{called}({one_line(keyword)})")
    if called == "suppress":
        for at, kind in enumerate(node.args):
            rest_args = [*node.args[:at], *node.args[at + 1 :]]
            yield _drop(node, "args", rest_args, kind, f"suppress({one_line(kind)})")


def _drop(node: ast.AST, field: str, rest: object, dropped: ast.AST, shown: str) -> Edit:
    return Edit(node, field, rest, dropped, shown, "(dropped)")


def _other_number(value: float) -> float:
    """A tenth more; 1 instead of 0, and 0 instead of a tolerance."""
    if abs(value) < TOLERANCE:
        return 0.0 if value else 1.0
    return value * 1.1


def _boundary_is_fuzzy(node: ast.Compare) -> bool:
    """Returns True for a tolerance on one side: no value meets such a boundary exactly."""
    return any(
        isinstance(side, ast.BinOp)
        and isinstance(side.right, ast.Constant)
        and isinstance(side.right.value, float)
        and 0 < side.right.value < TOLERANCE
        for side in (node.left, *node.comparators)
    )


def _is_empty(node: ast.expr) -> bool:
    """Returns True for None, and for a truth value, which has its own change."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


# --- branches, handlers, statements -----------------------------------------------------------


def _branch_edits(node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.IfExp():
            yield _set(node, "test", ast.Constant(True))
            yield _set(node, "test", ast.Constant(False))
        case ast.If():
            yield _branch(node, "test", True)
            yield _branch(node, "test", False)
        case ast.While():
            yield _branch(node, "test", False)
        case ast.match_case(guard=ast.expr() as guard):
            for value in (True, False):
                yield Edit(
                    node,
                    "guard",
                    ast.Constant(value),
                    guard,
                    f"case ... if {one_line(guard)}",
                    f"case ... if {value}",
                )
        case ast.For(target=target, iter=source):
            head = f"for {one_line(target)} in "
            nothing = ast.Tuple([], ast.Load())
            yield Edit(node, "iter", nothing, source, head + one_line(source), head + "()")


def _branch(node: ast.If | ast.While, field: str, value: bool) -> Edit:
    word = "if" if isinstance(node, ast.If) else "while"
    before = f"{word} {one_line(node.test)}"
    return Edit(node, field, ast.Constant(value), node.test, before, f"{word} {value}")


def _handler_edits(node: ast.AST) -> Iterator[Edit]:
    if not isinstance(node, ast.ExceptHandler):
        return
    head = one_line(node)
    if node.type is not None:
        nothing = ast.Tuple([], ast.Load())
        yield Edit(node, "type", nothing, node.type, head, "except ():")
    if isinstance(node.type, ast.Tuple):
        for at, kind in enumerate(node.type.elts):
            rest = [*node.type.elts[:at], *node.type.elts[at + 1 :]]
            yield _drop(node.type, "elts", rest, kind, f"except {one_line(kind)}")
    if len(node.body) > 1:
        yield Edit(node, "body", [ast.Pass()], node.type or node, f"{head} ...", f"{head} pass")


def _removals(node: ast.AST, initial: set[ast.AST], last: set[ast.stmt]) -> Iterator[Edit]:
    if isinstance(node, ast.Assert):
        return
    for field in _BODIES:
        body = getattr(node, field, None)
        if not isinstance(body, list):
            continue
        for at, statement in enumerate(body):
            if _may_go(statement, initial, last):
                rest = [*body[:at], ast.Pass(), *body[at + 1 :]]
                yield Edit(node, field, rest, statement, one_line(statement), "(removed)")


def _may_go(statement: ast.stmt, initial: set[ast.AST], last: set[ast.stmt]) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            return False
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom() | ast.Await()):
            return True
        case ast.Return() | ast.Continue():
            return statement not in last
        case ast.Break() | ast.Raise() | ast.Delete():
            return True
        case ast.AugAssign():
            return statement not in initial
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return statement not in initial
    return False
