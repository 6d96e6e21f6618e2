"""The module that Worker code imports as `workers`: the API of Cloudflare's Python Workers.

https://developers.cloudflare.com/workers/languages/python/
"""

from __future__ import annotations

from typing import Any

from workernb.http.abort import AbortController, AbortSignal
from workernb.http.headers import Headers
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.streams import ReadableStream

from .cf import RequestInitCfProperties
from .conversion import python_from_rpc, python_to_rpc
from .entrypoints import ExecutionContext as Context
from .entrypoints import WorkerEntrypoint, handler, wait_until, waitUntil
from .env import ImportedEnv, patch_env

env = ImportedEnv()

__all__ = [
    "AbortController",
    "AbortSignal",
    "Context",
    "Headers",
    "ReadableStream",
    "Request",
    "RequestInitCfProperties",
    "Response",
    "WorkerEntrypoint",
    "env",
    "handler",
    "import_from_javascript",
    "patch_env",
    "python_from_rpc",
    "python_to_rpc",
    "waitUntil",
    "wait_until",
]

_NOT_YET = frozenset(
    "Blob BlobEnding BlobValue Body DurableObject FetchKwargs FetchResponse File FormData "
    "FormDataValue JSBody WorkflowEntrypoint fetch".split()
)


def __getattr__(name: str) -> Any:
    if name == "import_from_javascript":
        # Imported when a Worker asks for it: its module shows this one.
        from .javascript import import_from_javascript

        return import_from_javascript
    text = f"module 'workers' has no attribute {name!r}"
    if name in _NOT_YET:
        text += " in workernb yet; the platform's Python Workers have it"
    raise AttributeError(text)
