"""Expiry: keys and responses whose time is over are deleted, by the clock."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from .sqlite import one_at_a_time

SCHEMA = """
CREATE INDEX IF NOT EXISTS kv_expirations ON kv (expiration) WHERE expiration IS NOT NULL;
CREATE INDEX IF NOT EXISTS cached_expirations ON cached (expires);
"""
_COLUMNS = {"kv": "expiration", "cached": "expires"}
"""The column of each table that says when a row expires, in s since the epoch."""


class Expiry:
    """Deletes what has expired, when the first of it does: one timer of the clock for all stores.

    Rows that a query meets before are left out by the query itself.
    """

    def __init__(self, stores: Any) -> None:
        """Begin without a timer."""
        self._stores = stores
        self._timer: Any = None
        self._at = math.inf

    def note(self, at: float) -> None:
        """Note that something expires at a time, in s since the epoch."""
        if at >= self._at:
            return
        self.stop()
        self._at = at
        self._timer = self._stores.clock.call_at(at, self.delete, "keys and responses expire")

    def stop(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._at, self._timer = math.inf, None

    def delete(self) -> None:
        """Delete what has expired, and set the timer for what expires next."""
        self.stop()
        # Of a damaged file, the next call to a store says what is wrong.
        with contextlib.suppress(Exception), one_at_a_time:
            following = [self._delete_from(*each) for each in _COLUMNS.items()]
            self.note(min(following))

    def _delete_from(self, table: str, column: str) -> float:
        """Delete what has expired in a table; return when the next row expires."""
        execute = self._stores.main.execute
        now = self._stores.clock.now()
        execute(f"DELETE FROM {table} WHERE {column} IS NOT NULL AND {column} <= ?", (now,))
        query = f"SELECT min({column}) FROM {table} WHERE {column} IS NOT NULL"
        (at,) = execute(query).fetchone()
        return math.inf if at is None else float(at)
