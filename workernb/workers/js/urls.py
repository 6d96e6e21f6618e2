"""URL and URLSearchParams, as JavaScript makes them (https://url.spec.whatwg.org/)."""

from __future__ import annotations

from typing import Any

import ada_url

from workernb.http.forms import URLSearchParams as Params

from .objects import Constructor, as_object


class URLSearchParams(metaclass=Constructor):
    """`URLSearchParams.new(init)`: the pairs of a query, which can be a body."""

    instances = Params

    @staticmethod
    def new(init: Any = None, /) -> Params:
        """Make pairs of a query string, of pairs, or of an object of JavaScript's."""
        return Params(as_object(init) if isinstance(init, dict) else init)


class URL(metaclass=Constructor):
    """`URL.new(url, base)`: a URL's parts, as the URL standard names them."""

    instances = ada_url.URL

    @staticmethod
    def new(url: Any, base: Any = None, /) -> _Url:
        """Parse a URL; TypeError for one that is none."""
        try:
            return _Url(str(url), None if base is None else str(base))
        except ValueError:
            raise TypeError("Invalid URL string.") from None

    @staticmethod
    def canParse(url: Any, base: Any = None, /) -> bool:
        """Return whether a URL is valid."""
        return URL.parse(url, base) is not None

    @staticmethod
    def parse(url: Any, base: Any = None, /) -> _Url | None:
        """Parse a URL; None for one that is none."""
        try:
            return URL.new(url, base)
        except TypeError:
            return None


class _Url(ada_url.URL):
    """A URL, with its query's parameters."""

    @property
    def searchParams(self) -> Params:
        """The query's parameters; a change of them is one of the URL."""
        if not hasattr(self, "_params"):
            self._params = _LinkedParams(self)
        self._params._read()
        return self._params

    def toString(self) -> str:
        """Return the URL as text."""
        return str(self.href)

    toJSON = toString

    def __str__(self) -> str:
        return str(self.href)


class _LinkedParams(Params):
    """The parameters of a URL's query, which are the URL's own."""

    __slots__ = ("_query", "_url")

    def __init__(self, url: _Url) -> None:
        super().__init__()
        self._url = url
        self._query: str | None = None

    def _read(self) -> None:
        """Parse the query, if it is another one than before."""
        if self._url.search != self._query:
            self._query = self._url.search
            self._entries = Params(self._query)._entries

    def _write(self) -> None:
        self._url.search = str(self)
        self._query = self._url.search

    def append(self, key: str, value: str) -> None:
        """Add a pair."""
        super().append(key, value)
        self._write()

    def delete(self, key: str, value: str | None = None) -> None:
        """Remove pairs of a name, or of a name and a value."""
        super().delete(key, value)
        self._write()

    def __setitem__(self, key: str, value: str) -> None:
        super().__setitem__(key, value)
        self._write()

    def sort(self) -> None:
        """Sort the pairs by name."""
        super().sort()
        self._write()
