"""Makes `%fetch` a thing that is awaited, wherever an await can stand.

IPython has no async magics. But what it makes of `%fetch` is Python, and a transformer may put an
`await` before it; the notebook runs top-level awaits in the kernel's own loop. Where none can
stand, inside a plain `def` or inside another magic (`%%time`, `%%capture`), it stays as it is, and
the magic runs its request synchronously.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from workernb.errors import OptionError

ASYNC = "_fetch_async"
"""The magic that is awaited; `fetch` itself is the synchronous one."""


def add(shell: Any) -> None:
    """Let the transformer see every cell."""
    if await_fetches not in shell.input_transformers_post:
        shell.input_transformers_post.append(await_fetches)


def remove(shell: Any) -> None:
    """Take the transformer away."""
    if await_fetches in shell.input_transformers_post:
        shell.input_transformers_post.remove(await_fetches)


def await_fetches(lines: list[str]) -> list[str]:
    """Return the lines of a cell with `await` before each `%fetch` that can be awaited."""
    source = "".join(lines)
    if "_magic('fetch'" not in source:
        return lines
    around = _magic_around(sys._getframe(1))
    if around == "timeit":
        raise OptionError("%fetch shows a card each time: under %timeit, time NAME.fetch_sync().")
    if around is not None:
        return lines
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return lines
    # By "\n" alone, as Python counts lines; IPython has cut them by more than that.
    lines = source.split("\n")
    for call in sorted(_awaitable(tree), key=_place, reverse=True):
        line = lines[call.lineno - 1].encode()
        before, after = line[: call.col_offset], line[call.col_offset :]
        changed = after.decode().replace("_magic('fetch'", f"_magic('{ASYNC}'", 1)
        lines[call.lineno - 1] = f"{before.decode()}await {changed}"
    return "\n".join(lines).splitlines(keepends=True)


def _magic_around(frame: FrameType | None) -> str | None:
    """Return the magic that has this cell transformed to run it itself, or None."""
    while frame is not None and frame.f_code.co_name not in ("_run", "_run_once"):
        if frame.f_code.co_name in ("run_line_magic", "run_cell_magic"):
            return str(frame.f_locals.get("magic_name"))
        frame = frame.f_back
    return None


def _place(call: ast.Call) -> tuple[int, int]:
    return call.lineno, call.col_offset


def _awaitable(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the fetches that are statements, or assigned, where an await can stand."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(child, ast.Expr | ast.Assign) and _is_fetch(child.value):
            yield child.value  # type: ignore[misc]
        yield from _awaitable(child)


def _is_fetch(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("run_line_magic", "run_cell_magic")
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == "fetch"
        and not _is_empty_cell(node)
    )


def _is_empty_cell(node: ast.Call) -> bool:
    """Return whether IPython refuses this, and should name the magic as it was typed."""
    func, body = node.func, node.args[-1]
    is_cell = isinstance(func, ast.Attribute) and func.attr == "run_cell_magic"
    return is_cell and isinstance(body, ast.Constant) and body.value == ""
