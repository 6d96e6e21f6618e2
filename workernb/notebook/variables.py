"""The notebook's variables: names for handles, and `{name}` on a magic's line."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from workernb.errors import UsageError, with_notes
from workernb.runtime.handles import Handle

_expression = re.compile(r"\{([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?\}")
_MISSING = object()


def variable_for(service: str, chosen: str | None, names: Mapping[str, Any]) -> str:
    """Return the variable for a service's handle: the chosen one, or the service's name.

    names: the notebook's variables. Raises UsageError for a name that cannot be a variable, or
    that holds anything but a handle; so do Python's own names, such as `filter`.
    """
    name = chosen or service.replace("-", "_")
    if not name.isidentifier() or keyword.iskeyword(name):
        suggestion = f"{re.sub('[^A-Za-z0-9_]', '_', name)}_worker".lstrip("0123456789_")
        raise with_notes(
            UsageError(f"{name!r} cannot be a variable."), f"Choose one: --as {suggestion}"
        )
    held = names.get(name, getattr(builtins, name, _MISSING))
    if held is not _MISSING and not isinstance(held, Handle):
        kind = type(held).__name__
        raise UsageError(
            f"The variable {name} holds something else ({kind}), and is not overwritten: "
            f"add --as {name}_worker, or another name."
        )
    return name


def expander(shell: Any, local_ns: Mapping[str, Any] | None) -> Callable[[str], str]:
    """Return a function that expands a word with the variables that a magic sees."""
    return partial(expand, names={**shell.user_ns, **(local_ns or {})})


def expand(text: str, names: Mapping[str, Any]) -> str:
    """Replace `{name}` and `{name.attribute}` by their values; leave unknown ones as typed."""

    def value(match: re.Match[str]) -> str:
        found = names.get(match[1], _MISSING)
        if match[2] is not None:
            found = getattr(found, match[2], _MISSING)
        return match[0] if found is _MISSING else str(found)

    return _expression.sub(value, text)
