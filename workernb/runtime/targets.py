"""Targets: how a service is named, in bindings, in options and by the notebook.

`SERVICE[@ENVIRONMENT][#Entrypoint][/path][?query]`: one grammar for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workernb.errors import Text, UsageError, did_you_mean, noted

DEFAULT = "Default"

_is_service = re.compile(r"[a-z0-9_][a-z0-9_-]*").fullmatch
_is_identifier = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_target = re.compile(
    r"(?P<service>[^@#/?]*)(?:@(?P<environment>[^#/?]*))?(?:#(?P<entrypoint>[^/?]*))?"
    r"(?P<path>[/?].*)?",
    re.DOTALL,
).fullmatch


def service_name(name: object, environment: str | None = None) -> str:
    """Return the name of a service, in an environment if one is given: `auth-staging`.

    Raises UsageError with Wrangler's text for a name that is none.
    """
    if not isinstance(name, str) or not _is_service(name):
        remedy = re.sub(r"[^a-z0-9_-]+", "-", str(name).lower()).strip("-")
        raise noted(
            UsageError(Text.SERVICE_NAME.format(name=f'"{name}"')),
            f"Try {remedy!r}." if _is_service(remedy) else None,
        )
    if environment is None:
        return name
    if not _is_service(environment):
        raise UsageError(f"An environment is named like a service: not {environment!r}.")
    return f"{name}-{environment}"


def binding_name(name: object) -> str:
    """Return a binding's name; UsageError when Python could not spell it as `env.NAME`."""
    if not isinstance(name, str) or not _is_identifier(name) or name.startswith("__"):
        raise UsageError(f"{name!r} is no name for a binding: write it like AUTH or API_KEY.")
    return name


@dataclass(frozen=True, slots=True)
class Target:
    """What a target names: a service (its environment included), an entrypoint, a path."""

    service: str
    entrypoint: str = DEFAULT
    path: str = "/"

    @classmethod
    def parse(cls, text: object) -> Target:
        """Read a target; UsageError when it is none."""
        match = _target(text) if isinstance(text, str) else None
        if match is None or not match["service"]:
            raise UsageError(
                f"{text!r} names no service: write SERVICE[@ENVIRONMENT][#Entrypoint][/path]."
            )
        entrypoint = match["entrypoint"]
        if entrypoint is not None and not _is_identifier(entrypoint):
            raise UsageError(f"{entrypoint!r} in {text!r} is no name of an entrypoint.")
        path = match["path"] or "/"
        return cls(
            service_name(match["service"], match["environment"]),
            entrypoint or DEFAULT,
            path if path.startswith("/") else f"/{path}",
        )

    @classmethod
    def of_binding(cls, text: object) -> Target:
        """Read the target of a binding, which has no path."""
        target = cls.parse(text)
        if target.path != "/":
            raise UsageError(f"A binding's target has no path: {text!r}.")
        return target

    @property
    def url(self) -> str:
        """The URL of a request that the notebook makes by this name."""
        return f"http://{self.service}.localhost{self.path}"

    def __str__(self) -> str:
        return self.service if self.entrypoint == DEFAULT else f"{self.service}#{self.entrypoint}"


def near(name: str, known: Iterable[str]) -> str | None:
    """Return a remedy for a service that is not there: the nearest one, or where to define it."""
    names = list(known)
    in_environment = [other for other in names if other.startswith(f"{name}-")]
    return (
        did_you_mean(name, names)
        or (f"Did you mean {' or '.join(in_environment[:2])}?" if in_environment else None)
        or f"Define it in a cell that starts with %%worker {name}"
    )
