"""The Fetch standard: requests, responses, headers and bodies.

https://fetch.spec.whatwg.org/
"""

from __future__ import annotations

from .headers import Headers
from .request import Request
from .response import Response

__all__ = ["Headers", "Request", "Response"]
