"""The part that the kinds of binding to stores have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from workernb.errors import UsageError
from workernb.runtime.services.kinds import BindingKind, EnvBuilder, Store
from workernb.runtime.services.targets import binding_name
from workernb.texts import PlatformText

MAX_NAME = 512
"""How many characters the name of a store has at most."""


class StoreKind(BindingKind):
    """A kind of binding to stores that have a name: `{"CACHE": "cache"}`.

    Wrangler's lists of objects are taken as well. fields: the fields of such an object that name
    the store, in Wrangler's order of preference; without any of them the binding's name does.
    required: the field without which Wrangler refuses an object, or None. example: a correct
    value of the keyword, for error messages.
    """

    is_counted = False
    fields: ClassVar[tuple[str, ...]]
    required: ClassVar[str | None] = None
    example: ClassVar[str]

    def check(self, given: Any) -> dict[str, Any]:
        """Return the stores by binding name; UsageError if one is invalid."""
        if isinstance(given, list | tuple):
            given = dict(self._pair(index, each) for index, each in enumerate(given))
        if not isinstance(given, Mapping):
            raise UsageError(
                f"{self.keyword} is a dict, {self.keyword}={self.example}, or Wrangler's list of "
                f"objects, not {type(given).__name__}."
            )
        return {binding_name(name): self.check_value(name, value) for name, value in given.items()}

    def _pair(self, index: int, entry: Any) -> tuple[str, Any]:
        """Return binding and store of one of Wrangler's objects."""
        name = entry.get("binding") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            raise UsageError(self._missing(index, "binding", entry))
        if self.required is not None and not any(entry.get(each) for each in self.fields):
            raise UsageError(self._missing(index, self.required, entry))
        return name, next((entry[each] for each in self.fields if entry.get(each)), name)

    def _missing(self, index: int, field: str, entry: Any) -> str:
        given = json.dumps(entry, default=repr)
        is_id = field == "database_id"
        text = PlatformText.BINDING_WITH_ID if is_id else PlatformText.NAMED_BINDING
        return text.format(keyword=self.keyword, index=index, field=field, given=given)

    def check_value(self, name: str, value: Any) -> Any:
        """Return the store's name; UsageError if it is no name."""
        if not isinstance(value, str) or not value or len(value) > MAX_NAME or "\0" in value:
            raise UsageError(
                f"The {self.noun} of {name} is named by a text of 1 to {MAX_NAME} characters: "
                f"{self.keyword}={self.example}"
            )
        return value

    def store(self, value: Any) -> Store | None:
        """Return the store."""
        return Store(self.noun, value)

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Any:
        """Return the binding, which finds its store by name at each call."""
        raise NotImplementedError

    def detail(self, value: Any) -> str:
        """Return an arrow and the store."""
        return f"→ {self.noun} {value}"

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's list of objects."""
        rows = [{"binding": name, self.fields[0]: value} for name, value in values.items()]
        return {self.keyword: rows} if rows else {}
