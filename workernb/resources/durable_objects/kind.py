"""The kind of binding to a class of Durable Objects: `durable_objects={"COUNTERS": "#Counter"}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workernb.errors import UsageError, with_notes
from workernb.runtime.services.kinds import BindingKind, EnvBuilder, Store
from workernb.runtime.services.option import Form, Option
from workernb.runtime.services.targets import DEFAULT, Target, binding_name, service_name
from workernb.texts import PlatformText

from .namespace import DurableObjectNamespace
from .objects import NOUN, name_of

_is_class = re.compile(r"#?[A-Z_][A-Za-z0-9_]*").fullmatch
_EXAMPLE = 'durable_objects={"COUNTERS": "#Counter"}'


class DurableObjectKind(BindingKind):
    """Classes of Durable Objects: `#Counter` of this Worker, `other#Counter` of another one.

    Wrangler's objects are taken too: `[{"name": "COUNTERS", "class_name": "Counter"}]`.
    """

    keyword, noun = "durable_objects", "Durable Object namespace"
    is_counted = False
    options = (
        Option(
            ("--durable-object",),
            "a class of Durable Objects: env.BINDING.getByName(…)",
            Form.BINDING,
            "durable_objects",
            metavar="BINDING=[WORKER]#CLASS",
            example="COUNTERS=#Counter",
            completes="classes",
        ),
    )

    def check(self, given: Any) -> dict[str, Any]:
        """Return the targets by binding name; those of the Worker itself have no service yet."""
        if isinstance(given, Mapping) and isinstance(given.get("bindings"), list | tuple):
            given = given["bindings"]
        if isinstance(given, list | tuple):
            given = dict(map(_pair, given))
        if not isinstance(given, Mapping):
            raise UsageError(
                f"{self.keyword} is a dict, {_EXAMPLE}, or Wrangler's list of objects, "
                f"not {type(given).__name__}."
            )
        return {binding_name(name): self.check_value(name, value) for name, value in given.items()}

    def check_value(self, name: str, value: Any) -> Target:
        """Return the target; UsageError if it names no class."""
        if isinstance(value, Target):
            return value
        if isinstance(value, str) and _is_class(value):
            return Target("", value.removeprefix("#"))
        if not isinstance(value, str):
            raise UsageError(f"{name} is bound to a class: {_EXAMPLE}, not {value!r}.")
        target = Target.of_binding(value)
        if target.entrypoint == DEFAULT or target.props:
            raise with_notes(
                UsageError(f"{name} is bound to a class of Durable Objects, not to {value!r}."),
                f"Name the class: {name}=#Class for one of this Worker, {name}="
                f"{target.service}#Class for one of another.",
            )
        return target

    def complete(self, values: Mapping[str, Any], service: str) -> dict[str, Any]:
        """Return the targets, with the Worker's own name where none was given."""
        return {
            name: target if target.service else replace(target, service=service)
            for name, target in values.items()
        }

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return the targets as text."""
        return {name: str(target) for name, target in values.items()}

    def env_value(self, name: str, value: Target, builder: EnvBuilder) -> DurableObjectNamespace:
        """Return the namespace, which finds the class at each call."""
        builder.stores.open()  # So that no Worker pays for that.
        return DurableObjectNamespace(builder.stores.objects, value, name)

    def store(self, value: Any) -> Store | None:
        """Return the namespace as what is drawn."""
        return Store(NOUN, name_of(value), (value.service, value.entrypoint))

    def detail(self, value: Any) -> str:
        """Return an arrow and the class."""
        return f"→ {value}"

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `durable_objects`."""
        rows = [
            {"name": name, "class_name": target.entrypoint, "script_name": target.service}
            for name, target in values.items()
        ]
        return {self.keyword: {"bindings": rows}} if rows else {}


def _pair(entry: Any) -> tuple[str, Target]:
    """Return binding and class of one of Wrangler's objects."""
    fields = entry if isinstance(entry, Mapping) else {}
    name, class_name = fields.get("name"), fields.get("class_name")
    script, environment = fields.get("script_name"), fields.get("environment")
    if not isinstance(name, str):
        raise UsageError(PlatformText.OBJECT_NAME)
    if not isinstance(class_name, str) or not _is_class(class_name):
        raise UsageError(PlatformText.OBJECT_CLASS_NAME)
    if environment is not None and script is None:
        raise UsageError(PlatformText.OBJECT_SCRIPT)
    service = "" if script is None else service_name(script, environment)
    return name, Target(service, class_name)
