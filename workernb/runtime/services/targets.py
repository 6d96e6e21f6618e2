"""Targets: the names of services in bindings, in options and in the notebook.

All of them have the grammar `SERVICE[@ENVIRONMENT][#Entrypoint][/path][?query]`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from workernb.errors import UsageError, did_you_mean, with_notes
from workernb.texts import PlatformText

DEFAULT = "Default"

_is_service = re.compile(r"[a-z0-9_][a-z0-9_-]*").fullmatch
_is_identifier = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_target = re.compile(
    r"(?P<service>[^@#/?]*)(?:@(?P<environment>[^#/?]*))?(?:#(?P<entrypoint>[^/?]*))?"
    r"(?P<path>[/?].*)?",
    re.DOTALL,
).fullmatch


def service_name(name: object, environment: str | None = None) -> str:
    """Return the name of a service, with its environment if there is one: `auth-staging`.

    Raises UsageError, with Wrangler's text, for an invalid name.
    """
    if not isinstance(name, str) or not _is_service(name):
        plain = (
            unicodedata.normalize("NFKD", str(name).casefold()).encode("ascii", "ignore").decode()
        )
        remedy = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-")
        raise with_notes(
            UsageError(PlatformText.SERVICE_NAME.format(name=f'"{name}"')),
            f"Try {remedy!r}." if _is_service(remedy) else None,
        )
    if environment is None:
        return name
    if not _is_service(environment):
        raise UsageError(f"An environment is named like a service: not {environment!r}.")
    return f"{name}-{environment}"


def binding_name(name: object) -> str:
    """Return a binding's name; UsageError if `env.NAME` would not be valid Python."""
    if not isinstance(name, str) or not _is_identifier(name) or name.startswith("__"):
        raise UsageError(f"{name!r} is no name for a binding: write it like AUTH or API_KEY.")
    return name


@dataclass(frozen=True, slots=True)
class Target:
    """A service, an entrypoint and a path.

    service: the name, including the environment. environment: as written, for messages. props: what
    a binding passes to each invocation, as JSON text with sorted keys; empty for none.
    """

    service: str
    entrypoint: str = DEFAULT
    path: str = "/"
    environment: str | None = field(default=None, compare=False)
    props: str = ""

    @classmethod
    def parse(cls, text: object) -> Target:
        """Parse a target; UsageError if it is invalid."""
        match = _target(text) if isinstance(text, str) else None
        if match is None or not match["service"]:
            raise UsageError(
                f"{text!r} names no service: write SERVICE[@ENVIRONMENT][#Entrypoint][/path]."
            )
        entrypoint = match["entrypoint"]
        if entrypoint is not None and not _is_identifier(entrypoint):
            raise UsageError(
                f"{entrypoint!r} in {text!r} is no name of an entrypoint: write SERVICE#Entrypoint."
            )
        path = match["path"] or "/"
        return cls(
            service_name(match["service"], match["environment"]),
            entrypoint or DEFAULT,
            path if path.startswith("/") else f"/{path}",
            match["environment"],
        )

    @classmethod
    def of_binding(cls, text: object) -> Target:
        """Parse the target of a binding, which has no path, and may have props after the name.

        `auth#Admin{"role": "reader"}`
        """
        name, brace, rest = text.partition("{") if isinstance(text, str) else (text, "", "")
        target = cls.parse(name.rstrip() if isinstance(name, str) else name)
        if target.path != "/":
            raise UsageError(f"A binding's target has no path: {text!r}.")
        return replace(target, props=_checked_props(brace + rest)) if brace else target

    @property
    def url(self) -> str:
        """The URL of a request that the notebook makes to this target."""
        return f"http://{self.service}.localhost{self.path}"

    def __str__(self) -> str:
        name = self.service if self.entrypoint == DEFAULT else f"{self.service}#{self.entrypoint}"
        return name + self.props


def _checked_props(text: str) -> str:
    try:
        props = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise UsageError(
            f'The props {text!r} are no JSON ({error}): write \'auth#Admin{{"role": "reader"}}\'.'
        ) from None
    return json.dumps(props, sort_keys=True) if props else ""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


def missing_target_error(binding: str, target: Target, known: Iterable[str]) -> UsageError:
    """Return the error of a binding whose target is not among the known services."""
    names = list(known)
    if target.environment is not None:
        base = target.service.removesuffix(f"-{target.environment}")
        environments = [name[len(base) + 1 :] for name in names if name.startswith(f"{base}-")]
        if base in names or environments:
            there = ", ".join(environments)
            return with_notes(
                UsageError(PlatformText.NO_ENVIRONMENT.format(environment=target.environment)),
                did_you_mean(target.environment, environments)
                or f"{base} has {f'the environments {there}' if there else 'no environments'}.",
            )
    text = PlatformText.NOT_FOUND.format(binding=binding, service=target.service)
    return with_notes(UsageError(text), suggest_service(target.service, names))


def suggest_service(name: str, known: Iterable[str]) -> str | None:
    """Return a hint for an undefined service: similar names, or how to define it."""
    names = list(known)
    in_environment = [other for other in names if other.startswith(f"{name}-")]
    return (
        did_you_mean(name, names)
        or (f"Did you mean {' or '.join(in_environment[:2])}?" if in_environment else None)
        or f"Define it in a cell that starts with %%worker {name}"
    )
