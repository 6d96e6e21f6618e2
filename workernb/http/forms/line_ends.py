"""Line ends of a multipart body: what comes before its first boundary, and lines without CR.

RFC 2046 allows a preamble, and blanks after a boundary; the platform takes lines that end with LF
alone too. python-multipart takes none of that, so such a body is rewritten for it.
https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
"""

from __future__ import annotations

import re

MAX_PREAMBLE = 64 * 1024
"""How many bytes may come before the first boundary."""


class Rewriter:
    """Passes on a multipart body that is fed in chunks, as browsers would write it.

    A body that they could have written is passed on as it comes, but for a preamble. Any other one
    is held until it is complete.
    """

    def __init__(self, boundary: bytes) -> None:
        """Begin a body with this boundary."""
        self._delimiter = b"--" + boundary
        first = rb"(?:\A|\n)(" + re.escape(self._delimiter) + rb")(?:--|([ \t]*\r?\n))"
        self._find_first = re.compile(first).search
        self._held = bytearray()
        self._passes = False
        self._line_end: bytes | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes, and return what is passed on."""
        if self._passes:
            return chunk
        self._held += chunk
        if self._line_end is not None:
            return b""
        first = self._find_first(self._held)
        if first is None or first.start() > MAX_PREAMBLE:
            # No more of it is searched than a preamble may have; the parser says what is missing.
            self._passes = len(self._held) > MAX_PREAMBLE
        else:
            start, end = first.start(1), first[2] or b"\r\n"
            del self._held[:start]
            self._passes = end == b"\r\n"
            self._line_end = b"\r\n" if end.endswith(b"\r\n") else b"\n"
        return self._take() if self._passes else b""

    def end(self) -> bytes:
        """Return what was held, rewritten."""
        if self._passes or self._line_end is None:
            return self._take()
        return b"".join(self._rewritten(self._take(), re.escape(self._line_end)))

    def _take(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held

    def _rewritten(self, body: bytes, line_end: bytes) -> list[bytes]:
        delimiters = rb"(?:\A|%b)%b(--)?[ \t]*(?:%b|\Z)" % (
            line_end,
            re.escape(self._delimiter),
            line_end,
        )
        _, *pieces = re.split(delimiters, body)
        written = []
        for is_last, part in zip(pieces[::2], pieces[1::2], strict=True):
            written.append(self._delimiter + (b"--\r\n" if is_last else b"\r\n"))
            if is_last:
                break
            head, blank, data = _split_part(part, line_end)
            written += [re.sub(line_end, b"\r\n", head), b"\r\n\r\n" if blank else b"", data]
            written.append(b"\r\n" if blank else b"")
        return written


def _split_part(part: bytes, line_end: bytes) -> tuple[bytes, bool, bytes]:
    """Return a part's headers, whether they end, and its data."""
    blank = re.search(line_end + line_end, part)
    if blank is None:
        return part, False, b""
    return part[: blank.start()], True, part[blank.end() :]
