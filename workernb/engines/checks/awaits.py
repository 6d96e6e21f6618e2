"""Calls over bindings, and of a message's body, whose `await` is forgotten.

Only what can be told from one function: a call that is used at once, or kept in a variable that is
used as if it were the result. A call that is handed on, as to `gather` or `waitUntil`, is left
alone; so are those that are called further before they are awaited.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .findings import Finding
from .functions import Function

_BODY = frozenset(
    "text json bytes buffer blob form_data formData arrayBuffer memoryview string".split()
)
_TAKE_RESULTS = frozenset(
    "Response str len int float bool list tuple dict set sorted print".split()
)
_SYNCHRONOUS = frozenset("prepare idFromName newUniqueId idFromString getByName".split())


def forgotten_awaits(tree: ast.Module) -> Iterator[Finding]:
    """Yield the places where a call is used in place of its result."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield from _Scope(node).findings()


class _Scope:
    """One function, with the parent of each node in it."""

    def __init__(self, function: Function) -> None:
        self._parents: dict[ast.AST, ast.AST] = {}
        self._nodes = [*self._walk(function)]
        self._messages = self._names_of_messages(function)

    def _walk(self, parent: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes of a function, without those of functions within it."""
        for child in ast.iter_child_nodes(parent):
            self._parents[child] = parent
            yield child
            if not isinstance(child, (*Function.__args__, ast.ClassDef, ast.Lambda)):
                yield from self._walk(child)

    def _names_of_messages(self, function: Function) -> set[str]:
        """Return the names that hold a request or a response."""
        arguments = [each.arg for each in function.args.args]
        names = {name for name in arguments if name in ("request", "response")}
        for node in self._nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Await):
                call = node.value.value
                if isinstance(call, ast.Call) and _called(call) == "fetch":
                    names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        return names

    def findings(self) -> Iterator[Finding]:
        for node in self._nodes:
            if not isinstance(node, ast.Call) or not self._gives_coroutine(node):
                continue
            parent = self._parents[node]
            if self._needs_result(node, parent):
                yield _finding(node, node.lineno)
            elif isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
                yield from self._uses(node, parent.targets[0].id)

    def _gives_coroutine(self, call: ast.Call) -> bool:
        function = call.func
        if not isinstance(function, ast.Attribute) or function.attr in _SYNCHRONOUS:
            return False
        of = function.value
        if isinstance(of, ast.Name):
            return of.id in self._messages and function.attr in _BODY
        return isinstance(of, ast.Attribute) and _is_env(of.value)

    def _needs_result(self, node: ast.AST, parent: ast.AST) -> bool:
        """Return whether the place of a node needs a result, and not a coroutine."""
        if isinstance(parent, ast.Attribute):
            # A method of a binding may be called further; the response of a fetch may not.
            return not isinstance(node, ast.Call) or _called(node) in {"fetch", *_BODY}
        if isinstance(parent, ast.Call):
            name = _called(parent)
            return node in parent.args and (name in _TAKE_RESULTS or name in ("loads", "from_json"))
        if isinstance(parent, ast.For | ast.comprehension):
            return parent.iter is node
        if isinstance(parent, ast.Subscript):
            return parent.value is node
        if isinstance(parent, ast.If | ast.While | ast.IfExp):
            return parent.test is node
        return isinstance(
            parent, ast.Expr | ast.BinOp | ast.Compare | ast.FormattedValue | ast.UnaryOp
        )

    def _uses(self, call: ast.Call, name: str) -> Iterator[Finding]:
        """Yield the first use of a variable as a result, if nothing awaits it or takes it."""
        uses = [
            node
            for node in self._nodes
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        ]
        stores = [
            node
            for node in self._nodes
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        ]
        if len(stores) != 1 or not uses:
            return
        # What only a response has tells enough, whatever else is done with the variable.
        has_part = any(isinstance(self._parents[node], ast.Attribute) for node in uses)
        certain = has_part and _called(call) == "fetch" and not self._is_awaited(uses)
        if certain or all(self._is_result(node, call) for node in uses):
            yield _finding(call, call.lineno)

    def _is_awaited(self, uses: list[ast.Name]) -> bool:
        """Return whether a variable is awaited, handed on, closed or added to somewhere."""
        return any(
            isinstance(parent := self._parents[node], ast.Await | ast.Call | ast.List | ast.Tuple)
            or (isinstance(parent, ast.Attribute) and parent.attr in ("close", "send", "throw"))
            for node in uses
        )

    def _is_result(self, use: ast.Name, call: ast.Call) -> bool:
        parent = self._parents[use]
        if isinstance(parent, ast.Attribute):
            return _called(call) in {"fetch", *_BODY} and parent.attr not in ("close", "send")
        return self._needs_result(use, parent)


def _is_env(node: ast.AST) -> bool:
    """Return whether an expression is `env` or `self.env`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "env"
    return isinstance(node, ast.Name) and node.id == "env"


def _called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _finding(call: ast.Call, line: int) -> Finding:
    written = ast.unparse(call.func)
    return Finding(line, f"{written}(…) gives a coroutine: write await {written}(…).")
