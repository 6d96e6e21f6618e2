"""Packages: what a Worker's imports need besides the standard library and its own modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.modules import PLATFORM_MODULES, dotted_name, is_standard

_OF_PLATFORM = PLATFORM_MODULES | {"asgi", "pyodide_js", "_cloudflare"}


def packages(definition: Definition) -> list[str]:
    """Return the packages that a Python Worker's imports need, by their names on PyPI, sorted."""
    own = {dotted_name(path).partition(".")[0] for path in definition.modules}
    if definition.main is not None:
        own.add(dotted_name(definition.main))
    names = {
        name
        for source in (definition.source, *definition.modules.values())
        for name in imported(source)
        if name not in own | _OF_PLATFORM and not is_standard(name)
    }
    if not names:
        return []
    from importlib.metadata import packages_distributions  # It reads what is installed.

    known = packages_distributions()
    return sorted({known.get(name, [name])[0].lower() for name in names})


def imported(source: str) -> Iterator[str]:
    """Yield the first part of each name that a source imports; nothing for a faulty source."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield each.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]
