"""The notebook's variables: where handles go, and what `{name}` on a magic's line means."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from workernb.errors import UsageError, noted
from workernb.runtime.handles import Handle

_expression = re.compile(r"\{([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}")


def variable_for(service: str, chosen: str | None, names: Mapping[str, Any]) -> str:
    """Return the variable that a service's handle goes to.

    Raises UsageError for a variable that is none, or that holds something else than a handle.
    """
    name = chosen or service.replace("-", "_")
    if not name.isidentifier() or keyword.iskeyword(name):
        suggestion = f"{re.sub('[^A-Za-z0-9_]', '_', name)}_worker".lstrip("0123456789_")
        raise noted(UsageError(f"{name!r} cannot be a variable."), f"Choose one: --as {suggestion}")
    if name in names and not isinstance(names[name], Handle):
        kind = type(names[name]).__name__
        raise UsageError(
            f"The variable {name} holds something else ({kind}), and is not overwritten: "
            f"add --as {name}_worker, or another name."
        )
    return name


def put(names: MutableMapping[str, Any], variable: str, handle: Handle) -> None:
    """Put a handle into the notebook."""
    names[variable] = handle


def expand(text: str, names: Mapping[str, Any]) -> str:
    """Replace `{name}` and `{name.attribute}` where they exist; everything else stays as typed."""

    def value(match: re.Match[str]) -> str:
        first, *attributes = match[1].split(".")
        if first not in names:
            return match[0]
        found = names[first]
        for attribute in attributes:
            if not hasattr(found, attribute):
                return match[0]
            found = getattr(found, attribute)
        return str(found)

    return _expression.sub(value, text)
