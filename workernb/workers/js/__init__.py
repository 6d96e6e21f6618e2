"""`js`, JavaScript's globals, as far as code for Python Workers uses them.

Their objects are made with `new`, as `Response.new(…)`. What that returns are the objects of the
`workers` module, so handlers can return them and bindings take them.
"""

from __future__ import annotations

from .abort import AbortController, AbortSignal
from .cryptography import crypto
from .encoding import TextDecoder, TextEncoder, Uint8Array, atob, btoa
from .forms import Blob, File, FormData
from .messages import Headers, Request, Response, fetch
from .objects import JSON, Date, Object
from .streams import IdentityTransformStream, ReadableStream, TransformStream, WritableStream
from .timers import (
    clearInterval,
    clearTimeout,
    navigator,
    performance,
    queueMicrotask,
    setInterval,
    setTimeout,
)
from .urls import URL, URLSearchParams
from .websockets import WebSocket, WebSocketPair, WebSocketRequestResponsePair

__all__ = [
    "JSON",
    "URL",
    "AbortController",
    "AbortSignal",
    "Blob",
    "Date",
    "File",
    "FormData",
    "Headers",
    "IdentityTransformStream",
    "Object",
    "ReadableStream",
    "Request",
    "Response",
    "TextDecoder",
    "TextEncoder",
    "TransformStream",
    "URLSearchParams",
    "Uint8Array",
    "WebSocket",
    "WebSocketPair",
    "WebSocketRequestResponsePair",
    "WritableStream",
    "atob",
    "btoa",
    "clearInterval",
    "clearTimeout",
    "crypto",
    "fetch",
    "navigator",
    "performance",
    "queueMicrotask",
    "setInterval",
    "setTimeout",
]
