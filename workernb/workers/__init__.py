"""The module that Worker code imports as `workers`: the API of Cloudflare's Python Workers.

https://developers.cloudflare.com/workers/languages/python/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workernb.errors import did_you_mean, with_notes
from workernb.http.abort import AbortController, AbortSignal
from workernb.http.headers import Headers
from workernb.http.lazy import load
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.streams import ReadableStream

from .cf import RequestInitCfProperties
from .conversion import python_from_rpc, python_to_rpc
from .durable_objects import DurableObject
from .entrypoints import ExecutionContext as Context
from .entrypoints import WorkerEntrypoint, handler, wait_until, waitUntil
from .env import ImportedEnv, patch_env
from .fetch import FetchKwargs, fetch
from .types import Body, JSBody

if TYPE_CHECKING:
    from workernb.http.forms import Blob, BlobEnding, BlobValue, File, FormData, FormDataValue

env = ImportedEnv()
FetchResponse = Response  # The SDK's base class of Response.

__all__ = [
    "AbortController",
    "AbortSignal",
    "Blob",
    "BlobEnding",
    "BlobValue",
    "Body",
    "Context",
    "DurableObject",
    "FetchKwargs",
    "FetchResponse",
    "File",
    "FormData",
    "FormDataValue",
    "Headers",
    "JSBody",
    "ReadableStream",
    "Request",
    "RequestInitCfProperties",
    "Response",
    "WorkerEntrypoint",
    "env",
    "fetch",
    "handler",
    "import_from_javascript",
    "patch_env",
    "python_from_rpc",
    "python_to_rpc",
    "waitUntil",
    "wait_until",
]

_FORMS = frozenset("Blob BlobEnding BlobValue File FormData FormDataValue".split())
_GATEWAYS = {"asgi": ".asgi", "gateway": "", "wsgi": ".wsgi"}
_NOT_YET = frozenset({"WorkflowEntrypoint"})


def __getattr__(name: str) -> Any:
    if name in _FORMS:
        # Imported when a Worker asks for it: most have no forms.
        return getattr(load("workernb.http.forms"), name)
    if name in _GATEWAYS:
        return load(f"workernb.workers.gateway{_GATEWAYS[name]}")
    if name == "import_from_javascript":
        # Imported when a Worker asks for it: its module shows this one.
        from .javascript import import_from_javascript

        return import_from_javascript
    text = f"module 'workers' has no attribute {name!r}"
    if name in _NOT_YET:
        text += " in workernb yet; the platform's Python Workers have it"
    raise with_notes(AttributeError(text), did_you_mean(name, __all__))
