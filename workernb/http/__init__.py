"""The Fetch standard: requests, responses, headers and bodies.

https://fetch.spec.whatwg.org/
"""

from __future__ import annotations

from .abort import AbortController, AbortSignal
from .headers import Headers
from .request import Request
from .response import Response
from .streams import ReadableStream

__all__ = ["AbortController", "AbortSignal", "Headers", "ReadableStream", "Request", "Response"]
