"""Kinds of binding: how each is given in options, checked, described, and put on `env`.

The four kinds that need no store are here. The kind of a store is declared in the store's module,
as a subclass of `BindingKind`, and registered in `workernb.assembly`.
https://developers.cloudflare.com/workers/runtime-apis/bindings/
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

from workernb.errors import UsageError
from workernb.texts import PlatformText

from .option import Form, Option
from .targets import DEFAULT, Target, binding_name

MAX_SHOWN = 80
"""Maximum number of characters of a var's value in a difference."""


class EnvBuilder(Protocol):
    """What a kind can use to make the object on `env`."""

    @property
    def metadata(self) -> Any:
        """The version's metadata."""

    @property
    def compatibility_date(self) -> str | None:
        """The Worker's compatibility date, or None."""

    @property
    def stores(self) -> Any:
        """The runtime's stores."""

    def bind_service(self, name: str, target: Target) -> Any:
        """Return a Service binding to `target`."""


class Store(NamedTuple):
    """A store that a binding leads to.

    noun: of its kind, as `KV namespace`. code: the service and the class that stand behind it, for
    one of Durable Objects.
    """

    noun: str
    name: str
    code: tuple[str, str] | None = None

    @property
    def node(self) -> str:
        """Its name in pictures, which no service can have."""
        return f"{self.noun} {self.name}"


class BindingKind:
    """One kind of binding. A subclass sets the attributes and overrides the methods that differ.

    keyword: its name in `define()`, in a definition and in Wrangler's configuration. noun: the name
    of one such binding. options: the options of `%%worker` for it. is_secret: whether its values
    are kept out of all output. is_counted: whether the graph shows their number below a Worker's
    name; a kind whose targets are services is drawn as arrows instead. is_simulated: whether there
    can be such a binding here. usual_names: words in the names that such bindings often have, as
    KV: what is missing is told by them. is_on_env: whether its values are on `env`; if not, their
    names are not those of bindings.
    """

    keyword: ClassVar[str]
    noun: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    is_secret: ClassVar[bool] = False
    is_counted: ClassVar[bool] = True
    is_simulated: ClassVar[bool] = True
    usual_names: ClassVar[tuple[str, ...]] = ()
    is_on_env: ClassVar[bool] = True

    @property
    def section(self) -> str:
        """The field of Wrangler's configuration that these bindings are in."""
        return self.keyword

    def remedy(self, name: str) -> str:
        """Return how to have a binding of this kind, for one that is missing."""
        option = self.options[0]
        written = (option.metavar or "BINDING").replace("BINDING", name)
        return f"Bind it on the Worker's cell: {option.name} {written}"

    def spread(self, given: Any) -> Mapping[str, Any]:
        """Return what is given by keyword: an object of Wrangler's may hold that of two kinds."""
        return {self.keyword: given}

    def check_system(self, definitions: Sequence[Any]) -> None:
        """Raise UsageError if definitions cannot serve together."""

    def check(self, given: Any) -> dict[str, Any]:
        """Return the values to store, by binding name; UsageError if one is invalid."""
        if not isinstance(given, Mapping):
            given_type = type(given).__name__
            raise UsageError(f"{self.keyword} is a dict, {{'NAME': …}}, not {given_type}.")
        return {binding_name(name): self.check_value(name, value) for name, value in given.items()}

    def check_value(self, name: str, value: Any) -> Any:
        """Return the value to store; UsageError if it is invalid."""
        return value

    def complete(self, values: Mapping[str, Any], service: str) -> Mapping[str, Any]:
        """Return checked values with what they leave to the name of their service."""
        return values

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return stored values in the form that `check` takes."""
        return dict(values)

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Any:
        """Return the object on `env` for one binding."""
        return value

    def target(self, value: Any) -> Target | None:
        """Return the target of a binding to a service; None for other kinds."""
        return None

    def store(self, value: Any) -> Store | None:
        """Return the store of a binding to one; None for other kinds."""
        return None

    def source(self, name: str, value: Any) -> Store | None:
        """Return the store that calls the Worker; None for other kinds."""
        return None

    def links(self, name: str, value: Any) -> Mapping[str, Store]:
        """Return the stores that what the source holds may go on to, by what goes there."""
        return {}

    def describe(self, value: Any) -> str:
        """Return a value as text; not that of a secret."""
        return str(value)

    def summarize(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return a value as a short text, for differences: redacted, and then shortened."""
        return redact(self.describe(value))

    def detail(self, value: Any) -> str:
        """Return the text after a binding's name in the editor."""
        return f"= {self.describe(value)}"

    def label(self, name: str) -> str:
        """Return a binding's name for differences."""
        return name

    def entry(self, name: str, value: Any) -> str | None:
        """Return a binding for lists of Workers; None to leave it out there and in the editor."""
        return f"{name}={self.describe(value)}"

    def row(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return the text about a binding on a Worker's page, redacted."""
        return redact(f"{self.noun} {self.describe(value)}")

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return what a version's id is made of: JSON data, without values of secrets."""
        return sorted((name, self.describe(value)) for name, value in values.items())

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entries for these bindings in Wrangler's configuration."""
        return {self.keyword: [{"binding": name} for name in values]} if values else {}

    def from_wrangler(self, entries: Any) -> Any:
        """Return what Wrangler's configuration has under `keyword`, as `check` takes it."""
        return entries


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
        """Return the target; UsageError if it is invalid."""
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

    def from_wrangler(self, entries: Any) -> dict[str, str]:
        """Return the targets as text; UsageError, with Wrangler's texts, for other entries."""
        if not isinstance(entries, list):
            raise UsageError(f'"services" is a list of objects, not {json.dumps(entries)}.')
        return dict(_service_binding(index, entry) for index, entry in enumerate(entries))


def _service_binding(index: int, entry: Any) -> tuple[str, str]:
    """Return name and target of one of Wrangler's objects; UsageError if it is none."""
    given = json.dumps(entry, default=repr)
    if not isinstance(entry, Mapping):
        raise UsageError(PlatformText.SERVICE_OBJECTS.format(given=given))
    for field in ("binding", "service", "environment", "entrypoint"):
        value = entry.get(field)
        if not isinstance(value, str) and (value is not None or field in ("binding", "service")):
            raise UsageError(
                PlatformText.NAMED_BINDING.format(
                    keyword="services", index=index, field=field, given=given
                )
            )
    environment, entrypoint = entry.get("environment"), entry.get("entrypoint")
    target = f"{entry['service']}@{environment}" if environment else str(entry["service"])
    if entrypoint and entrypoint != "default":
        target += f"#{entrypoint}"
    if entry.get("props"):
        target += json.dumps(entry["props"])
    return entry["binding"], target


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
        """Return a copy of the value; UsageError if JSON cannot represent it."""
        try:
            json.dumps(value, allow_nan=False)
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
        """Return the name alone, since the value may be long."""
        return f"{name}=…"

    def row(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return the noun and the value; a long one is cut."""
        return f"{self.noun} {self.summarize(value, redact)}"

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
    usual_names = ("SECRET", "TOKEN", "PASSWORD", "KEY")
    options = (
        Option(
            ("-s", "--secret"),
            "a secret; without a value from .dev.vars, the environment, or asked for",
            Form.SECRET,
            "secrets",
            metavar="KEY[=VALUE]",
        ),
    )

    def remedy(self, name: str) -> str:
        """Return the option, without a value: that belongs in a file."""
        return f"Bind it on the Worker's cell: --secret {name}, with its value in .dev.vars"

    def check_value(self, name: str, value: Any) -> str:
        """Return the value; UsageError if it is not text."""
        if not isinstance(value, str):
            raise UsageError(f"The secret {name} must be text, not {type(value).__name__}.")
        return value

    def describe(self, value: Any) -> str:
        """Return a placeholder for the value."""
        return "a value"

    def detail(self, value: Any) -> str:
        """Return a note that it is a secret."""
        return "(secret)"

    def label(self, name: str) -> str:
        """Return the name, marked as that of a secret."""
        return f"secret {name}"

    def entry(self, name: str, value: Any) -> str | None:
        """Return the name, marked as that of a secret."""
        return f"{name} (secret)"

    def row(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return the noun alone."""
        return self.noun

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return the names alone."""
        return sorted(values)

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return no entries: Wrangler's configuration has no secrets."""
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
        """Return the binding. given: its name, or None."""
        return {} if given is None else {binding_name(given): given}

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return the binding's name, or None."""
        return next(iter(values), None)

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Any:
        """Return the version's metadata."""
        return builder.metadata

    def label(self, name: str) -> str:
        """Return the noun, since a Worker has at most one such binding."""
        return self.noun

    def entry(self, name: str, value: Any) -> str | None:
        """Return None: lists of Workers leave it out."""
        return None

    def row(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return the noun alone."""
        return self.noun

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `version_metadata`."""
        return {"version_metadata": {"binding": self.as_given(values)}} if values else {}

    def from_wrangler(self, entries: Any) -> Any:
        """Return the name of the binding."""
        return entries.get("binding") if isinstance(entries, Mapping) else entries


SERVICES = ServiceKind()
VARS = VarKind()
SECRETS = SecretKind()
VERSION_METADATA = VersionMetadataKind()

_kinds: dict[str, BindingKind] = {
    kind.keyword: kind for kind in (SERVICES, VARS, SECRETS, VERSION_METADATA)
}


def kinds() -> list[BindingKind]:
    """Return all kinds, in the order in which they were registered."""
    return list(_kinds.values())


def kind_named(keyword: str) -> BindingKind:
    """Return the kind with a keyword; KeyError if there is none."""
    return _kinds[keyword]


def remedy_for_missing(name: str) -> str:
    """Return what to write on a Worker's cell to have a binding that it has not.

    The kind is guessed from the words of the name; else the options of all kinds are named.
    """
    words = {word.rstrip("0123456789") for word in name.upper().split("_")} | {name.upper()}
    for kind in kinds():
        if words.intersection(kind.usual_names):
            return kind.remedy(name)
    others = [kind.options[0].name for kind in kinds() if kind.options and kind is not SERVICES]
    return f"Bind it on the Worker's cell: --bind {name}=WORKER, or as {', '.join(others)}"


def register(kind: BindingKind) -> None:
    """Add a kind, or replace the one with the same keyword."""
    _kinds[kind.keyword] = kind


def unregister(kind: BindingKind) -> None:
    """Remove a kind."""
    _kinds.pop(kind.keyword, None)
