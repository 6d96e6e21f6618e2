"""Hangs: whether a task waits for a future that nothing can complete.

Only an object that refers to a future can complete it. The search follows the garbage collector's
links from the future that a task waits for to its referrers, to their referrers, and so on. If it
reaches an object that can act by itself, such as a timer, another thread, a socket or a module's
globals, the task does not hang. A suspended coroutine acts only after the future that it waits for
is done, so the search continues from that future. If no path reaches an object that can act, the
task hangs.

An object that the search cannot follow counts as able to act. So a task is reported only if it is
certain to wait for ever.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import selectors
import sys
import threading
import types
from collections import Counter
from time import thread_time
from typing import Any

from workernb.runtime.tracing.tracebacks import suspended_on

_MAX_OBJECTS = 3_000
"""Number of objects after which the search gives up."""

_BUDGET_S = 0.25
"""CPU time (s) of a search, four times as much after a long wait; the loop stands still as long."""

_CHUNK = 20
"""Number of objects whose referrers are found in one pass over the heap."""

_STEPS_FROM_TIMER = 4
"""Number of references that lead from the timer of `asyncio.timeout` to the task."""

_SHARED = (types.ModuleType, type, asyncio.AbstractEventLoop, types.FunctionType, types.CodeType)
"""What a timer shares with everything else; a reference to a task over it means nothing."""

_CAN_ACT = (
    types.ModuleType,
    type,
    threading.Thread,
    asyncio.AbstractEventLoop,
    asyncio.BaseTransport,
    asyncio.StreamReader,  # Its protocol has only a weak reference to it.
    concurrent.futures.Future,
    concurrent.futures.Executor,
    selectors.BaseSelector,
    selectors.SelectorKey,
)


def hangs(task: asyncio.Task[Any], ours: tuple[type, ...] = (), waited_s: float = 0) -> bool:
    """Return whether nothing can wake `task` any more.

    ours: types of workernb's records, which refer to tasks but do not wake them. waited_s: how
    long the task has waited, in s of wall clock: the longer, the longer the search may take. A
    search that takes longer than its budget is given up: False.
    """
    if _awaited_by(task) is None or _has_timer(task):
        return False
    with contextlib.suppress(_OutOfTimeError):
        budget_s = _BUDGET_S * min(1 + waited_s / 5, 4)
        return not _Search(task, ours, budget_s).finds_actor(_awaited_by(task))
    return False


class _OutOfTimeError(Exception):
    """The search has used up its time."""


class _Search:
    """The search from a future to the objects that refer to it, directly or indirectly.

    Finding referrers is a pass of the collector over the whole heap, so each step makes two passes
    for all objects that it has come to, and none for a single one.
    """

    def __init__(self, task: asyncio.Task[Any], ours: tuple[type, ...], budget_s: float) -> None:
        self._ours = ours
        self._ends_at = thread_time() + budget_s
        self._seen: dict[int, Any] = {id(task): task}
        self._passive = {id(self._seen), id(self.__dict__), id(self)}

    def finds_actor(self, awaited: Any) -> bool:
        frontier = [awaited]
        del awaited  # A reference from this frame would count as a holder.
        while frontier:
            self._seen.update({id(held): held for held in frontier})
            if len(self._seen) > _MAX_OBJECTS:
                return True
            referrers = self._referrers(frontier)
            if _has_hidden_holder(frontier, referrers):
                return True
            found = [_follow(holder) for holder in self._holders(frontier, referrers)]
            referrers.clear()
            if any(obj is _ACTOR for obj in found):
                return True
            unseen = {id(obj): obj for obj in found if id(obj) not in self._seen}
            found.clear()
            frontier[:] = unseen.values()
            unseen.clear()
        return False

    def _holders(self, frontier: list[Any], referrers: list[Any]) -> list[Any]:
        ignored = {id(frontier), id(referrers), *self._passive, *self._seen}
        found = [
            holder
            for holder in referrers
            if id(holder) not in ignored and not isinstance(holder, (*self._ours, types.FrameType))
        ]
        records = self._of_records([h for h in found if isinstance(h, dict | set | list)])
        return [holder for holder in found if id(holder) not in records]

    def _of_records(self, collections: list[Any]) -> set[int]:
        """Return the ids of the collections that belong to workernb's records."""
        owners = [o for o in self._referrers(collections) if isinstance(o, self._ours)]
        return {id(held) for owner in owners for held in gc.get_referents(owner)}

    def _referrers(self, objects: list[Any]) -> list[Any]:
        """Return the objects that refer to one of `objects`; _OutOfTimeError if that takes long."""
        found: dict[int, Any] = {}
        for begin in range(0, len(objects), _CHUNK):
            chunk = objects[begin : begin + _CHUNK]
            found |= {id(holder): holder for holder in _referrers(chunk) if holder is not chunk}
            # A signal's handler may keep this frame alive, and with it what its variables hold.
            chunk.clear()
            if thread_time() > self._ends_at:
                raise _OutOfTimeError
        holders = [holder for holder in found.values() if holder is not found]
        found.clear()
        return holders


def _follow(holder: Any) -> Any:
    """Return what `holder` waits for, or else itself; `_ACTOR` if it can act without waiting."""
    if isinstance(holder, _CAN_ACT) or _is_scheduled(holder):
        return _ACTOR
    if not _can_wait(holder):
        return holder
    awaited = _awaited_by(holder)
    return _ACTOR if awaited is None else awaited  # Not waiting: it is about to run.


_ACTOR = object()


def _can_wait(obj: Any) -> bool:
    return _is_task(obj) or suspended_on(obj) is not None


def _is_task(obj: Any) -> bool:
    # Not by its class, because nest_asyncio2 replaces asyncio's Task.
    return asyncio.isfuture(obj) and hasattr(obj, "get_coro")


def _awaited_by(obj: Any) -> Any:
    """Return the innermost future that a task or a suspended coroutine waits for, or None."""
    if _is_task(obj):
        return getattr(obj, "_fut_waiter", None)
    while obj is not None and not asyncio.isfuture(obj):
        inner = suspended_on(obj)
        if inner is None:
            # The iterators of Future.__await__ and coroutine.__await__ have no attribute for it.
            candidates = [ref for ref in gc.get_referents(obj) if _can_be_awaited(ref)]
            inner = candidates[0] if len(candidates) == 1 else None
        obj = inner
    return obj


def _can_be_awaited(obj: Any) -> bool:
    return asyncio.isfuture(obj) or isinstance(
        obj, types.CoroutineType | types.GeneratorType | types.AsyncGeneratorType
    )


def _is_scheduled(holder: Any) -> bool:
    return isinstance(holder, asyncio.Handle) and not holder.cancelled()


def _has_timer(task: asyncio.Task[Any]) -> bool:
    """Return whether a timer is set that would cancel the task, as that of `asyncio.timeout`."""
    timers = getattr(task.get_loop(), "_scheduled", ())
    return any(_leads_to(timer, task) for timer in list(timers) if not timer.cancelled())


def _leads_to(timer: Any, task: asyncio.Task[Any]) -> bool:
    """Return whether a timer's callback has a reference to a task, directly or over few objects."""
    frontier: list[Any] = [timer]
    for _ in range(_STEPS_FROM_TIMER):
        held = [obj for obj in gc.get_referents(*frontier) if not isinstance(obj, _SHARED)]
        if any(obj is task for obj in held):
            return True
        frontier = held[:_MAX_OBJECTS]
    return False


def _has_hidden_holder(objects: list[Any], referrers: list[Any]) -> bool:
    """Return whether a holder that the collector does not know refers to one of `objects`.

    For example a frame that runs in another thread, or a structure in C.
    """
    ids = {id(obj) for obj in objects}
    seen = Counter(id(holder) for holder in referrers if id(holder) in ids)
    for holder in referrers:
        seen.update(id(obj) for obj in gc.get_referents(holder) if id(obj) in ids)
    del holder
    return any(sys.getrefcount(obj) - seen[id(obj)] > _OWN_REFERENCES for obj in objects)


_MARK = object()
_GLOBALS = globals()


def _referrers(objects: list[Any]) -> list[Any]:
    """Return the objects that refer to one of `objects`."""
    found = [
        holder
        for holder in gc.get_referrers(*objects, _MARK)
        # Except the tuple of this call's own arguments.
        if not (isinstance(holder, tuple) and holder[-1:] == (_MARK,)) and holder is not _GLOBALS
    ]
    # On Python 3.11 the collector does not see the callbacks that a task holds as a future.
    ids, known = {id(obj) for obj in objects}, {id(obj) for obj in found}
    for task in asyncio.all_tasks():
        if id(task) not in known and not ids.isdisjoint(map(id, gc.get_referents(task))):
            found.append(task)
    return found


_OWN_REFERENCES = 2
"""Number of references to an object that the search itself holds."""
