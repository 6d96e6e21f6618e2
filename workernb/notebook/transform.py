"""An input transformer that puts `await` before `%fetch`, `%call`, `%trigger`, `%clock`.

IPython has no async magics. But it turns `%fetch` into a call of `run_line_magic`, and top-level
awaits run in the kernel's own loop. Where no await can stand, in a plain `def` or in the cell of
another magic (`%%time`, `%%capture`), the call is left as it is, and the magic runs its request
synchronously.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from workernb.errors import OptionError

ASYNC = {
    "fetch": "_fetch_async",
    "call": "_call_async",
    "trigger": "_trigger_async",
    "clock": "_clock_async",
}
"""For each synchronous magic the one that is awaited."""


def add(shell: Any) -> None:
    """Register the transformer with a shell."""
    if await_fetches not in shell.input_transformers_post:
        shell.input_transformers_post.append(await_fetches)


def remove(shell: Any) -> None:
    """Unregister the transformer."""
    if await_fetches in shell.input_transformers_post:
        shell.input_transformers_post.remove(await_fetches)


def await_fetches(lines: list[str]) -> list[str]:
    """Return the lines of a cell with `await` before each magic that can be awaited.

    Raises OptionError for `%timeit %fetch`, which would show a card for each run.
    """
    source = "".join(lines)
    if not any(f"_magic('{name}'" in source for name in ASYNC):
        return lines
    outer = _outer_magic(sys._getframe(1))
    if outer == "timeit" and "_magic('fetch'" in source:
        raise OptionError("%fetch shows a card each time: under %timeit, time NAME.fetch_sync().")
    if outer is not None:
        return lines
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return lines
    # Python counts lines by "\n" alone; IPython has split them at other characters too.
    lines = source.split("\n")
    for call in sorted(_awaitable(tree), key=_place, reverse=True):
        line = lines[call.lineno - 1].encode()
        before, after = line[: call.col_offset], line[call.col_offset :]
        name = call.args[0].value  # type: ignore[attr-defined]
        changed = after.decode().replace(f"_magic('{name}'", f"_magic('{ASYNC[name]}'", 1)
        lines[call.lineno - 1] = f"{before.decode()}await {changed}"
    return "\n".join(lines).splitlines(keepends=True)


def _outer_magic(frame: FrameType | None) -> str | None:
    """Return the magic that has its cell transformed in order to run it, such as `time`."""
    while frame is not None and frame.f_code.co_name not in ("_run", "_run_once"):
        if frame.f_code.co_name in ("run_line_magic", "run_cell_magic"):
            return str(frame.f_locals.get("magic_name"))
        frame = frame.f_back
    return None


def _place(call: ast.Call) -> tuple[int, int]:
    return call.lineno, call.col_offset


def _awaitable(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that can be awaited: statements and assignments outside of plain `def`s."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(child, ast.Expr | ast.Assign) and _is_fetch(child.value):
            yield child.value  # type: ignore[misc]
        yield from _awaitable(child)


def _is_fetch(node: ast.AST) -> bool:
    """Return whether a node is IPython's call for one of the magics in ASYNC."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("run_line_magic", "run_cell_magic")
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value in ASYNC
        and not _is_empty_cell(node)
    )


def _is_empty_cell(node: ast.Call) -> bool:
    """Return whether it is `%%fetch` without a cell, which IPython refuses by the magic's name."""
    func, body = node.func, node.args[-1]
    is_cell = isinstance(func, ast.Attribute) and func.attr == "run_cell_magic"
    return is_cell and isinstance(body, ast.Constant) and body.value == ""
