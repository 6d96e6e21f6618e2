"""What a Worker is told when its request gets no response: the platform's text, and the reason."""

from __future__ import annotations

import errno
import os
from typing import Any
from urllib.parse import urlsplit

from workernb.errors import NetworkError, with_notes
from workernb.texts import PlatformText

from .pool import CONNECT_TIMEOUT_S


def network_error(url: str, error: Exception) -> NetworkError:
    """Return the platform's error for one of aiohttp's, with a note that says what happened."""
    import aiohttp

    if isinstance(error, NetworkError):
        return error
    parts = urlsplit(url)
    host, server = parts.hostname or "", parts.netloc.rpartition("@")[2]
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _internal_error(
            f"There is no host {host!r}: its name cannot be resolved ({_reason(error)}). "
            "Without a network, %outbound --to WORKER lets a Worker answer."
        )
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return _internal_error(f"TLS with {server} failed: {_reason(error)}.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return _lost(f"Nothing answers at {server}: {_reason(error)}.")
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return _lost(f"Connecting to {server} took longer than {CONNECT_TIMEOUT_S:g} s.")
    if _is_nonsense(error):
        return _lost(f"The answer of {server} is not HTTP.")
    if isinstance(error, aiohttp.ClientError | ConnectionError):
        return _lost(f"{server} closed the connection before its answer was complete.")
    return _lost(f"{server}: {type(error).__name__}: {error}.")


def _is_nonsense(error: BaseException | None) -> bool:
    """Return whether an answer could not be parsed, in its head or in its body."""
    import aiohttp
    from aiohttp.http_exceptions import TransferEncodingError

    if isinstance(error, aiohttp.ClientPayloadError):
        cause = error.__cause__
        return isinstance(cause, TransferEncodingError) and "Not enough data" not in str(cause)
    return isinstance(error, aiohttp.ClientResponseError | TypeError)


def _lost(note: str) -> NetworkError:
    return with_notes(NetworkError(PlatformText.CONNECTION_LOST), note)


def _internal_error(note: str) -> NetworkError:
    text = PlatformText.INTERNAL_REFERENCE.format(reference=os.urandom(12).hex())
    return with_notes(NetworkError(text), note)


def _reason(error: Any) -> str:
    """Return what the operating system, or the TLS library, says of a failed connection."""
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    number = getattr(cause, "errno", None) or 0
    if isinstance(cause, ConnectionError | TimeoutError) and number in errno.errorcode:
        return os.strerror(number)
    return getattr(cause, "strerror", None) or str(cause)
