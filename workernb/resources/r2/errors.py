"""Errors of R2, with the service's codes: `put: The specified object name is not valid. (10020)`.

https://developers.cloudflare.com/r2/api/error-codes/
"""

from __future__ import annotations

from workernb.errors import StoreError

TEXTS = {
    10001: "We encountered an internal error. Please try again.",
    10011: "Your proposed upload is smaller than the minimum allowed object size.",
    10012: "Your metadata headers exceed the maximum allowed metadata size.",
    10020: "The specified object name is not valid.",
    10022: "MaxKeys params must be positive integer <= 1000.",
    10024: "The specified multipart upload does not exist.",
    10025: "One or more of the specified parts could not be found.",
    10037: "The {algorithm} checksum you specified did not match what we received.\n"
    "You provided a {algorithm} checksum with value: {given}\nActual {algorithm} was: {actual}",
    10039: "The requested range is not satisfiable",
    10048: "There was a problem with the multipart upload.",
    100100: "Your proposed upload exceeds the maximum allowed object size.",
}


def r2_error(action: str, code: int, **values: str) -> StoreError:
    """Return the error of an action, such as `put`, by the service's code."""
    return StoreError(f"{action}: {TEXTS[code].format(**values)} ({code})")
