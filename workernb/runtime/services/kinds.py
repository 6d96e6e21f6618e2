"""Kinds of binding: what may stand on a Worker's `env`, and how each is given, kept and shown.

The four that need no store are here. A kind of store is declared beside its store, as a subclass
of `BindingKind`, and registered when a runtime is assembled.
https://developers.cloudflare.com/workers/runtime-apis/bindings/
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from workernb.errors import UsageError

from .option import Form, Option
from .targets import DEFAULT, Target, binding_name

MAX_SHOWN = 80
"""How many characters of a var's value a difference shows."""


class EnvBuilder(Protocol):
    """What a kind may use to make the object that stands on `env`."""

    @property
    def metadata(self) -> Any:
        """What the Worker can know of its version."""

    def bind_service(self, name: str, target: Target) -> Any:
        """Return a Service binding to `target`."""


class BindingKind:
    """One kind of binding. A subclass states the data and overrides what differs.

    keyword: its name in `define()`, in a definition and in Wrangler's configuration. noun: what
    one of them is called. options: those of `%%worker` that give it. is_secret: whether its values
    are kept out of every output. is_counted: whether the graph shows below a Worker's name how many
    it has; a kind that leads to a service is drawn as arrows instead.
    """

    keyword: ClassVar[str]
    noun: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    is_secret: ClassVar[bool] = False
    is_counted: ClassVar[bool] = True

    def check(self, given: Any) -> dict[str, Any]:
        """Return what is kept of what a user gave, by binding; UsageError for what is refused."""
        return {binding_name(name): self.check_value(name, value) for name, value in given.items()}

    def check_value(self, name: str, value: Any) -> Any:
        """Return what is kept of one value; UsageError when it is refused."""
        return value

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return what `check` would make these values of."""
        return dict(values)

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Any:
        """Return what stands on `env` for one binding."""
        return value

    def target(self, value: Any) -> Target | None:
        """Return the service that a binding leads to, if it leads to one."""
        return None

    def describe(self, value: Any) -> str:
        """Return a value as text, without secrets."""
        return str(value)

    def summarize(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return a value as a short text, for differences: redacted, and then shortened."""
        return redact(self.describe(value))

    def detail(self, value: Any) -> str:
        """Return what stands behind a binding's name in the editor."""
        return f"= {self.describe(value)}"

    def label(self, name: str) -> str:
        """Return a binding's name as differences show it."""
        return name

    def entry(self, name: str, value: Any) -> str | None:
        """Return a binding as lists of Workers show it; None if they and the editor do not."""
        return f"{name}={self.describe(value)}"

    def row(self, value: Any) -> str:
        """Return what a Worker's page says about a binding."""
        return f"{self.noun} {self.describe(value)}"

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return what goes into a version's id: JSON, without secrets."""
        return sorted((name, self.describe(value)) for name, value in values.items())

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys that these bindings are in Wrangler's configuration."""
        return {self.keyword: [{"binding": name} for name in values]} if values else {}


class ServiceKind(BindingKind):
    """Service bindings: `services={"AUTH": "auth@staging#Admin"}`."""

    keyword, noun = "services", "service"
    is_counted = False
    options = (
        Option(
            ("-b", "--bind"),
            "a Service binding: env.BINDING.fetch(…) calls TARGET",
            Form.BINDING,
            "services",
            metavar="BINDING=TARGET",
            example="AUTH=auth",
            completes="targets",
        ),
    )

    def check_value(self, name: str, value: Any) -> Target:
        """Return the target; UsageError when it is none."""
        return Target.of_binding(value)

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return the targets as text."""
        return {name: str(target) for name, target in values.items()}

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Any:
        """Return the Service binding."""
        return builder.bind_service(name, value)

    def detail(self, value: Any) -> str:
        """Return an arrow and the target."""
        return f"→ {value}"

    def target(self, value: Any) -> Target | None:
        """Return the target."""
        return value  # type: ignore[no-any-return]

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `services`."""
        rows = []
        for name, target in values.items():
            row: dict[str, Any] = {"binding": name, "service": target.service}
            if target.entrypoint != DEFAULT:
                row["entrypoint"] = target.entrypoint
            if target.props:
                row["props"] = json.loads(target.props)
            rows.append(row)
        return {"services": rows} if rows else {}


class VarKind(BindingKind):
    """Vars: text or JSON, `vars={"GREETING": "hello"}`. Each version gets copies."""

    keyword, noun = "vars", "var"
    options = (
        Option(
            ("-v", "--var"),
            "a text in the environment",
            Form.VALUE,
            "vars",
            metavar="KEY=VALUE",
            example="GREETING=hello",
        ),
        Option(
            ("--var-json",),
            "a JSON value in the environment",
            Form.JSON,
            "vars",
            metavar="KEY=JSON",
            example="PORTS=[80]",
        ),
    )

    def check_value(self, name: str, value: Any) -> Any:
        """Return a copy of the value; UsageError when it is no JSON."""
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"The var {name} must be text or JSON: {error}") from None
        return copy.deepcopy(value)

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Any:
        """Return a copy of the value."""
        return copy.deepcopy(value)

    def describe(self, value: Any) -> str:
        """Return the value as JSON."""
        return json.dumps(value, ensure_ascii=False)

    def summarize(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return the value as JSON, redacted; a long one is cut."""
        text = redact(self.describe(value))
        return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"

    def entry(self, name: str, value: Any) -> str | None:
        """Return the name; the value may be long."""
        return f"{name}=…"

    def row(self, value: Any) -> str:
        """Return the noun alone."""
        return self.noun

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return the whole values."""
        return sorted(values.items(), key=lambda item: item[0])

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `vars`."""
        return {"vars": dict(values)} if values else {}


class SecretKind(BindingKind):
    """Secrets: text that no output shows, `secrets={"TOKEN": "s3cret"}`."""

    keyword, noun = "secrets", "secret"
    is_secret = True
    options = (
        Option(
            ("-s", "--secret"),
            "a secret; without a value from .dev.vars, the environment, or asked for",
            Form.SECRET,
            "secrets",
            metavar="KEY[=VALUE]",
        ),
    )

    def check_value(self, name: str, value: Any) -> str:
        """Return the value; UsageError when it is no text."""
        if not isinstance(value, str):
            raise UsageError(f"The secret {name} must be text, not {type(value).__name__}.")
        return value

    def describe(self, value: Any) -> str:
        """Return nothing of the value."""
        return "a value"

    def detail(self, value: Any) -> str:
        """Return that it is a secret."""
        return "(secret)"

    def label(self, name: str) -> str:
        """Return the name, said to be a secret's."""
        return f"secret {name}"

    def entry(self, name: str, value: Any) -> str | None:
        """Return the name, said to be a secret's."""
        return f"{name} (secret)"

    def row(self, value: Any) -> str:
        """Return the noun alone."""
        return self.noun

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return the names alone."""
        return sorted(values)

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return nothing: Wrangler keeps secrets out of its configuration."""
        return {}


class VersionMetadataKind(BindingKind):
    """Version metadata: `version_metadata="VERSION"` names the one binding of this kind."""

    keyword, noun = "version_metadata", "version metadata"
    is_counted = False
    options = (
        Option(
            ("--version-metadata",),
            "env.BINDING has id, tag and timestamp",
            Form.TEXT,
            "version_metadata",
            metavar="BINDING",
        ),
    )

    def check(self, given: Any) -> dict[str, Any]:
        """Return the binding; given is its name, or None for none."""
        return {} if given is None else {binding_name(given): given}

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return the binding's name, or None."""
        return next(iter(values), None)

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Any:
        """Return what the Worker can know of its version."""
        return builder.metadata

    def label(self, name: str) -> str:
        """Return the noun: there is one of this kind."""
        return self.noun

    def entry(self, name: str, value: Any) -> str | None:
        """Leave it out of the list of Workers."""
        return None

    def row(self, value: Any) -> str:
        """Return the noun alone."""
        return self.noun

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `version_metadata`."""
        return {"version_metadata": {"binding": self.as_given(values)}} if values else {}


SERVICES = ServiceKind()
VARS = VarKind()
SECRETS = SecretKind()
VERSION_METADATA = VersionMetadataKind()

_kinds: dict[str, BindingKind] = {
    kind.keyword: kind for kind in (SERVICES, VARS, SECRETS, VERSION_METADATA)
}


def kinds() -> list[BindingKind]:
    """Return the kinds that there are, in the order in which they were registered."""
    return list(_kinds.values())


def kind_named(keyword: str) -> BindingKind:
    """Return a kind by its keyword; KeyError when there is none."""
    return _kinds[keyword]


def register(kind: BindingKind) -> None:
    """Add a kind, or put it in the place of the one with the same keyword."""
    _kinds[kind.keyword] = kind


def unregister(kind: BindingKind) -> None:
    """Take a kind away again."""
    _kinds.pop(kind.keyword, None)
