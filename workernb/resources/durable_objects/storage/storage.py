"""`ctx.storage`: keys and values, SQL, transactions, the alarm of one object.

https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/. An operation runs at
once, when it is called: awaiting it does not let anything else run.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from workernb.errors import StoreError, format_error
from workernb.resources.values import options_of, shown_key
from workernb.runtime.execution.steppable import Steppable
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import log
from workernb.texts import PlatformText
from workernb.workers.current import current

from .keys import KeyValues
from .sql import SqlStorage
from .store import ObjectStore
from .sync import SyncKvStorage
from .transactions import Transaction

T = TypeVar("T")

MAX_ALARM_MS = 2**63 / 1e6
"""Alarms are stored in ns, as in the platform's local runtime."""

_OPTIONS = ("allowConcurrency", "allowUnconfirmed", "noCache")
_LIST_OPTIONS = (*_OPTIONS, "start", "startAfter", "end", "prefix", "reverse", "limit")


class StorageCall(Steppable):
    """An operation that is done: a coroutine that has its result, or its exception, at once."""

    __slots__ = ("_driver", "_error", "_value")

    def __init__(self, work: Callable[[], Any]) -> None:
        """Do the work, and keep what comes of it."""
        self._driver = None
        self._error: BaseException | None = None
        self._value: Any = None
        try:
            self._value = work()
        except Exception as error:
            # Without a traceback, whose frame of this call would keep it alive.
            self._error = error.with_traceback(None)
            self.__class__ = FailedStorageCall

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return the result."""
        return self._value
        yield

    def close(self) -> None:
        """Do nothing: it is done."""


class FailedStorageCall(StorageCall):
    """An operation that has failed; if nothing awaits it, the exception is logged."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, Any]:
        """Raise the exception."""
        error, self._error = self._error, None
        if error is None:
            raise RuntimeError("cannot reuse already awaited coroutine")
        raise error
        yield

    def __del__(self) -> None:
        if self._error is not None:
            running = current.get()
            if isinstance(running, Invocation):
                text = f"{format_error(self._error)} (of ctx.storage, and nothing awaited it)"
                log(running.trace, running, "error", text)


class DurableObjectStorage:
    """`ctx.storage`: `await storage.get("count")`, `storage.sql.exec(…)`, `storage.kv`."""

    def __init__(
        self, storage: ObjectStore, hold: Callable[..., Awaitable[Any]], now: Callable[[], float]
    ) -> None:
        """Offer the storage of an object.

        hold: runs a coroutine function while no other event runs. now: the time, in s.
        """
        self._storage = storage
        self._keys = KeyValues(storage)
        self._hold = hold
        self._now = now
        self._running_alarm: float | None = None

    @property
    def sql(self) -> SqlStorage:
        """The object's SQL: `storage.sql.exec("SELECT …")`."""
        return SqlStorage(self._storage)

    @property
    def kv(self) -> SyncKvStorage:
        """The same keys and values, without await."""
        return SyncKvStorage(self._storage, self._keys)

    # Keys and values

    def get(self, key: Any, options: Any = None, **keywords: Any) -> StorageCall:
        """Return the value of a key, None if there is none; of a list of keys, a dict."""
        return self._call("get", _shown(key), self._keys.get, key, options, keywords, _OPTIONS)

    def put(self, key: Any, value: Any = None, options: Any = None, **keywords: Any) -> StorageCall:
        """Store a copy of a value under a key; of a dict, each value under its key."""
        if isinstance(key, Mapping):
            options, entries = value if options is None else options, key
            return self._call("put", _shown(list(key)), self._keys.put_all, entries, options,
                keywords, _OPTIONS)  # fmt: skip
        return self._call("put", _shown(key), self._keys.put, key, value, options, keywords,
            _OPTIONS)  # fmt: skip

    def delete(self, key: Any, options: Any = None, **keywords: Any) -> StorageCall:
        """Delete a key, and return whether it was there; of a list of keys, how many were."""
        return self._call("delete", _shown(key), self._keys.delete, key, options, keywords,
            _OPTIONS)  # fmt: skip

    def list(self, options: Any = None, **keywords: Any) -> StorageCall:
        """Return keys and values, in the order of the keys' UTF-8.

        Options: start, startAfter, end (exclusive), prefix, reverse, limit.
        """
        return self._call("list", "", self._keys.list, options, keywords, _LIST_OPTIONS)

    def deleteAll(self, options: Any = None, **keywords: Any) -> StorageCall:
        """Delete everything: keys, tables, and the alarm."""
        return self._call("deleteAll", "", self._delete_all, options, keywords, _OPTIONS)

    def sync(self) -> StorageCall:
        """Store what was written before; it is then on disk, if the stores are kept there."""
        return StorageCall(self._storage.commit)

    def _call(
        self, verb: str, detail: str, work: Callable[..., Any], *arguments: Any
    ) -> StorageCall:
        return StorageCall(lambda: self._storage.do(verb, detail, _checked, work, arguments))

    def _delete_all(self) -> None:
        storage = self._storage
        if storage.depth:
            raise StoreError(PlatformText.STORAGE_DELETE_ALL)
        storage.delete_all()

    # Transactions

    def transactionSync(self, closure: Callable[[], T]) -> T:
        """Call a function within a transaction, which its exception rolls back; return its value.

        Raises TypeError for a coroutine function: use `transaction`.
        """
        storage = self._storage
        storage.do("transactionSync", "", lambda operation: storage.enter())
        kept = False
        try:
            result = closure()
            if inspect.isawaitable(result):
                if inspect.iscoroutine(result):
                    result.close()
                raise TypeError("transactionSync() takes a plain function; await transaction(…).")
            kept = True
            return result
        finally:
            storage.leave(kept)

    def transaction(self, closure: Callable[[Any], Awaitable[T]]) -> Awaitable[T]:
        """Await a coroutine function within a transaction, during which no other event runs.

        It is given a transaction, with get, put, delete, list and rollback. An exception of it
        rolls back, and is raised.
        """
        storage, keys = self._storage, self._keys

        async def run() -> T:
            storage.do("transaction", "", lambda operation: storage.enter())
            transaction = Transaction(self, storage, keys)
            try:
                done: Any = closure(transaction)
                result: T = await done if inspect.isawaitable(done) else done
            except BaseException:
                transaction.end(False)
                raise
            transaction.end(True)
            return result

        return self._hold(run)

    # Alarms

    def getAlarm(self, options: Any = None, **keywords: Any) -> StorageCall:
        """Return the time of the alarm, in ms since the epoch; None if there is none.

        While the alarm's handler runs that is None, unless it has set another one.
        """
        return self._call("getAlarm", "", self._get_alarm, options, keywords, _OPTIONS)

    def _get_alarm(self) -> int | None:
        at = self._storage.alarm_s()
        if at is None or at == self._running_alarm:
            return None
        return round(at * 1000)

    def begin_alarm(self) -> float | None:
        """Return the time of the alarm whose handler begins, in s; None if it was deleted."""
        self._running_alarm = self._storage.alarm_s()
        return self._running_alarm

    def end_alarm(self, done: bool) -> bool:
        """Note that the handler has ended, and return whether it has set or deleted the alarm.

        done: whether the alarm is deleted, unless it did.
        """
        unchanged, self._running_alarm = self._running_alarm is not None, None
        if unchanged and done:
            self._storage.set_alarm(None)
        return not unchanged

    def setAlarm(self, scheduledTime: Any, options: Any = None, **keywords: Any) -> StorageCall:
        """Set the alarm, in place of the one that is set: ms since the epoch, or a datetime.

        A time that is over means now. Raises TypeError for a time of 0 or less, and if the class
        has no `alarm` method.
        """
        return self._call("setAlarm", str(scheduledTime), self._set_alarm, scheduledTime, options,
            keywords, _OPTIONS)  # fmt: skip

    def _set_alarm(self, given: Any) -> None:
        if not self._storage.has_alarm_handler:
            raise TypeError(PlatformText.ALARM_HANDLER)
        if isinstance(given, datetime):
            given = given.timestamp() * 1000
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise TypeError(
                f"setAlarm() takes ms since the epoch, or a datetime, not {type(given).__name__}."
            )
        if not given > 0:
            raise TypeError(PlatformText.ALARM_TIME)
        if given >= MAX_ALARM_MS:
            raise TypeError("setAlarm() takes ms since the epoch, before the year 2262.")
        self._running_alarm = None
        self._storage.set_alarm(max(int(given), self._now() * 1000))

    def deleteAlarm(self, options: Any = None, **keywords: Any) -> StorageCall:
        """Delete the alarm, if there is one."""
        return self._call("deleteAlarm", "", self._delete_alarm, options, keywords, _OPTIONS)

    def _delete_alarm(self) -> None:
        self._running_alarm = None
        self._storage.set_alarm(None)

    def __repr__(self) -> str:
        return f"<storage of {self._storage.place[0]} {self._storage.place[1][:8]}…>"


def _checked(operation: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Do an operation. arguments: the work's, then its options, keywords, and known options."""
    *own, options, keywords, known = arguments
    if options is None and not keywords:
        return work(*own)
    chosen = options_of(options, keywords, known)
    return work(*own, chosen) if known is _LIST_OPTIONS else work(*own)


def _shown(key: Any) -> str:
    if isinstance(key, list):
        return ", ".join(map(shown_key, key[:10]))
    return shown_key(key)
