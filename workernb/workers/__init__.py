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

from .entrypoints import ExecutionContext as Context
from .entrypoints import WorkerEntrypoint, wait_until, waitUntil
from .env import ImportedEnv

env = ImportedEnv()

__all__ = [
    "AbortController",
    "AbortSignal",
    "Context",
    "Headers",
    "ReadableStream",
    "Request",
    "Response",
    "WorkerEntrypoint",
    "env",
    "waitUntil",
    "wait_until",
]

_NOT_YET = frozenset(
    "Blob BlobEnding BlobValue Body DurableObject FetchKwargs FetchResponse File FormData "
    "FormDataValue JSBody RequestInitCfProperties WorkflowEntrypoint fetch handler "
    "import_from_javascript patch_env python_from_rpc python_to_rpc".split()
)


def __getattr__(name: str) -> Any:
    text = f"module 'workers' has no attribute {name!r}"
    if name in _NOT_YET:
        text += " in workernb yet; the platform's Python Workers have it"
    raise AttributeError(text)
