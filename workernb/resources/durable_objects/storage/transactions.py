"""Transactions: what the closure of `storage.transaction` is given."""

from __future__ import annotations

from typing import Any

from workernb.errors import StoreError
from workernb.texts import PlatformText

from .keys import KeyValues
from .store import ObjectStore

_METHODS = ("get", "put", "delete", "list", "getAlarm", "setAlarm", "deleteAlarm", "deleteAll")


class Transaction:
    """`txn`, while its transaction is open: get, put, delete, list, the alarm, and rollback."""

    def __init__(self, storage: Any, own: ObjectStore, keys: KeyValues) -> None:
        """Offer a DurableObjectStorage for one transaction, which is open."""
        self._storage = storage
        self._own = own
        self._rolled_back = False
        self._ended = False

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(
                f"A transaction has no {name!r}; it has {', '.join(_METHODS)}, rollback.",
                name=name, obj=self,
            )  # fmt: skip
        method = getattr(self._storage, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._check(name)
            return method(*args, **kwargs)

        return call

    def _check(self, verb: str) -> None:
        """Raise StoreError if the transaction has ended."""
        if self._rolled_back:
            raise StoreError(PlatformText.STORAGE_ROLLED_BACK.format(verb=verb))
        if self._ended:
            raise StoreError(PlatformText.STORAGE_COMMITTED.format(verb=verb))

    def rollback(self) -> None:
        """Drop what the transaction has written; nothing else can be done with it."""
        if self._rolled_back:
            return
        self._check("rollback")
        self._rolled_back = True
        self._own.leave(False)

    def end(self, keep: bool) -> None:
        """End the transaction, unless it was rolled back. keep: whether its writes are kept."""
        if not self._rolled_back:
            self._own.leave(keep)
        self._ended = True
