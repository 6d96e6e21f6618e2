"""The notebook's variables: where handles go, and what `{name}` on a magic's line means."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from typing import Any

from workernb.errors import UsageError, with_notes
from workernb.runtime.handles import Handle

_expression = re.compile(r"\{([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?\}")
_NOTHING = object()


def variable_for(service: str, chosen: str | None, names: Mapping[str, Any]) -> str:
    """Return the variable that a service's handle goes to.

    Raises UsageError for a variable that is none, or that holds something else than a handle. One
    of Python's own names, as `filter`, counts as holding something else.
    """
    name = chosen or service.replace("-", "_")
    if not name.isidentifier() or keyword.iskeyword(name):
        suggestion = f"{re.sub('[^A-Za-z0-9_]', '_', name)}_worker".lstrip("0123456789_")
        raise with_notes(
            UsageError(f"{name!r} cannot be a variable."), f"Choose one: --as {suggestion}"
        )
    held = names.get(name, getattr(builtins, name, _NOTHING))
    if held is not _NOTHING and not isinstance(held, Handle):
        kind = type(held).__name__
        raise UsageError(
            f"The variable {name} holds something else ({kind}), and is not overwritten: "
            f"add --as {name}_worker, or another name."
        )
    return name


def expand(text: str, names: Mapping[str, Any]) -> str:
    """Replace `{name}` and `{name.attribute}` where they exist; everything else stays as typed."""

    def value(match: re.Match[str]) -> str:
        found = names.get(match[1], _NOTHING)
        if match[2] is not None:
            found = getattr(found, match[2], _NOTHING)
        return match[0] if found is _NOTHING else str(found)

    return _expression.sub(value, text)
