"""Kinds of binding that the platform has and that are not simulated here: each says so.

https://developers.cloudflare.com/workers/runtime-apis/bindings/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workernb.errors import UsageError
from workernb.runtime.services.kinds import BindingKind

_STAND_IN = "A Worker with the same methods can stand in: services={{{name!r}: …}}."
_KINDS = {
    "ai": ("Workers AI", _STAND_IN, "AI"),
    "analytics_engine_datasets": ("Analytics Engine", _STAND_IN, "ANALYTICS"),
    "assets": (
        "static assets",
        "Return the files from a Worker's fetch, or keep them in R2.",
        "ASSETS",
    ),
    "browser": ("Browser Rendering", _STAND_IN, "BROWSER MYBROWSER"),
    "dispatch_namespaces": ("Workers for Platforms", "Bind each Worker: services=….", "DISPATCHER"),
    "hyperdrive": (
        "Hyperdrive",
        "Use a Python driver of the database in the Worker itself.",
        "HYPERDRIVE",
    ),
    "images": ("Images", _STAND_IN, "IMAGES"),
    "mtls_certificates": ("mTLS certificates", _STAND_IN, "MTLS CERT CERTIFICATE"),
    "pipelines": ("Pipelines", _STAND_IN, "PIPELINE"),
    "secrets_store_secrets": (
        "the Secrets Store",
        "Give it as a secret: secrets={{{name!r}: …}}.",
        "SECRETS_STORE",
    ),
    "send_email": ("Email Workers", _STAND_IN, "EMAIL MAIL MAILER"),
    "vectorize": ("Vectorize", _STAND_IN, "VECTORIZE"),
    "workflows": ("Workflows", _STAND_IN, "WORKFLOW"),
}


class UnsimulatedKind(BindingKind):
    """A kind of binding that is refused, by kind and by name."""

    is_counted = False
    is_simulated = False

    def __init__(self, keyword: str, product: str, remedy: str, usual_names: str = "") -> None:
        """Make a kind. remedy: what to do instead, with the binding's `{name}`."""
        self.keyword = keyword  # type: ignore[misc]
        self.noun = product  # type: ignore[misc]
        self.usual_names = tuple(usual_names.split())  # type: ignore[misc]
        self._remedy = remedy

    def remedy(self, name: str) -> str:
        """Return that a binding cannot be of this kind, and what to do instead."""
        return (
            f"If it is one of {self.noun}, that is not simulated here. "
            f"{self._remedy.format(name=name)}"
        )

    def check(self, given: Any) -> dict[str, Any]:
        """Raise UsageError if any binding of this kind is given."""
        if not given:
            return {}
        names = ", ".join(_names(given)) or self.keyword
        raise UsageError(
            f"The binding {names} is of {self.noun}, which is not simulated here. "
            f"{self._remedy.format(name=names.split(',')[0])}"
        )


def _names(given: Any) -> list[str]:
    """Return the names of bindings in a dict, in one of Wrangler's objects, or in its list."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, Mapping):
        return [str(given["binding"])] if "binding" in given else [str(name) for name in given]
    if isinstance(given, list | tuple):
        return [
            str(each.get("binding") or each.get("name")) if isinstance(each, Mapping) else str(each)
            for each in given
        ]
    return []


HANDLERS = {
    "email": "Email Workers",
    "trace": "the older tail handler",
}
"""Handlers of the platform that nothing calls here, and the product that they are of."""


def is_unsimulated_store(name: str) -> str | None:
    """Return the sentence about a store that is not simulated, by its name in code; or None."""
    stem = name.lower().rstrip("s")
    for keyword, (product, remedy, _) in _KINDS.items():
        if stem == keyword.rstrip("s") or (len(stem) > 4 and keyword.startswith(stem)):
            return f"Not simulated here: {product}. {remedy.format(name=name.upper())}"
    return None


def unsimulated_kinds() -> list[UnsimulatedKind]:
    """Return the kinds."""
    return [UnsimulatedKind(keyword, *texts) for keyword, texts in _KINDS.items()]
