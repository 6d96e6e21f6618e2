"""Hangs: whether what a task waits for can ever come, found by the garbage collector's links.

Only an object that refers to a future can complete it. The search goes from the future that a task
waits for to its referrers, to their referrers, and so on. A timer, another thread, a socket or a
module's globals can act by themselves, so there the answer is no. A suspended coroutine acts only
when what it waits for comes, so the search goes on from that. If every path ends otherwise, nothing
is left that could wake the task: it hangs for good.

What cannot be followed counts as able to act: only a wait that is sure to be endless is a hang.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import selectors
import sys
import threading
import types
from collections import Counter
from typing import Any

_MAX_OBJECTS = 3_000
"""How many objects are looked at before the search is given up."""

_CAN_ACT = (
    types.ModuleType,
    type,
    threading.Thread,
    asyncio.AbstractEventLoop,
    asyncio.BaseTransport,
    asyncio.StreamReader,  # Its protocol knows it by a weak reference only.
    concurrent.futures.Future,
    concurrent.futures.Executor,
    selectors.BaseSelector,
    selectors.SelectorKey,
)


def hangs(task: asyncio.Task[Any], ours: tuple[type, ...] = ()) -> bool:
    """Return whether nothing can ever wake `task`.

    ours: types of objects that keep records of what runs, and wake nobody.
    """
    if _awaited_by(task) is None or _has_timer(task, ours):
        return False
    return not _Search(task, ours).reaches_an_actor(_awaited_by(task))


class _Search:
    """The search from a future back through everything that refers to it."""

    def __init__(self, task: asyncio.Task[Any], ours: tuple[type, ...]) -> None:
        self._ours = ours
        self._seen: dict[int, Any] = {id(task): task}
        self._passive = {id(self._seen), id(self.__dict__), id(self)}

    def reaches_an_actor(self, awaited: Any) -> bool:
        frontier = [awaited]
        del awaited  # A reference of this function would count as another holder.
        while frontier:
            self._seen.update({id(held): held for held in frontier})
            if len(self._seen) > _MAX_OBJECTS or _held_out_of_sight(frontier):
                return True
            steps = [_step(holder) for holder in self._holders(frontier)]
            if any(step is _ACTS for step in steps):
                return True
            reached = {id(step): step for step in steps if id(step) not in self._seen}
            del steps
            frontier = list(reached.values())
            del reached
        return False

    def _holders(self, frontier: list[Any]) -> list[Any]:
        mine = {id(frontier), *self._passive, *map(id, (sys._getframe(), sys._getframe(1)))}
        found = []
        for holder in _referrers(frontier):
            if id(holder) in mine or isinstance(holder, (*self._ours, types.FrameType)):
                continue
            if id(holder) not in self._seen and not self._is_record(holder):
                found.append(holder)
        return found

    def _is_record(self, holder: Any) -> bool:
        """Return whether a dict or set is one in which our own objects keep records."""
        if not isinstance(holder, dict | set | list):
            return False
        return any(isinstance(one, self._ours) for one in gc.get_referrers(holder))


def _step(holder: Any) -> Any:
    """Return what `holder` waits for, or itself; `_ACTS` if it can act without waiting."""
    if isinstance(holder, _CAN_ACT) or _is_due(holder):
        return _ACTS
    if not _can_wait(holder):
        return holder
    awaited = _awaited_by(holder)
    return _ACTS if awaited is None else awaited  # Waiting for nothing, it is about to run.


_ACTS = object()


def _can_wait(what: Any) -> bool:
    return _is_task(what) or _suspended_on(what) is not None


def _is_task(what: Any) -> bool:
    # Not by its class: nest_asyncio2 replaces asyncio's own.
    return asyncio.isfuture(what) and hasattr(what, "get_coro")


def _suspended_on(what: Any) -> Any:
    """Return what a suspended coroutine or generator awaits, or None."""
    for attribute in ("cr_await", "gi_yieldfrom", "ag_await"):
        awaited = getattr(what, attribute, None)
        if awaited is not None:
            return awaited
    if isinstance(what, types.GeneratorType) and what.gi_code.co_name == "drive":
        # `drive` sends to its coroutine by hand, so Python does not know what it waits for.
        frame = what.gi_frame
        return None if frame is None else frame.f_locals.get("steps")
    return None


def _awaited_by(what: Any) -> Any:
    """Return the future that a task or a suspended coroutine waits for in the end, or None."""
    if _is_task(what):
        return getattr(what, "_fut_waiter", None)
    while what is not None and not asyncio.isfuture(what):
        deeper = _suspended_on(what)
        if deeper is None:
            # What Future.__await__ and coroutine.__await__ return names its target nowhere else.
            inner = [one for one in gc.get_referents(what) if _leads_on(one)]
            deeper = inner[0] if len(inner) == 1 else None
        what = deeper
    return what


def _leads_on(what: Any) -> bool:
    return asyncio.isfuture(what) or isinstance(
        what, types.CoroutineType | types.GeneratorType | types.AsyncGeneratorType
    )


def _is_due(holder: Any) -> bool:
    return isinstance(holder, asyncio.Handle) and not holder.cancelled()


def _has_timer(task: asyncio.Task[Any], ours: tuple[type, ...]) -> bool:
    """Return whether a timer is set that would cancel the task: a timeout around it."""
    near: list[Any] = [task]
    for _ in range(4):
        holders = [
            holder
            for holder in gc.get_referrers(*near)
            if holder is not near and not isinstance(holder, (*ours, types.FrameType))
        ]
        if any(isinstance(one, asyncio.TimerHandle) and not one.cancelled() for one in holders):
            return True
        near = [one for one in holders if not _can_wait(one) and not isinstance(one, _CAN_ACT)]
        if not near or len(near) > _MAX_OBJECTS:
            return False
    return False


def _held_out_of_sight(objects: list[Any]) -> bool:
    """Return whether something that the collector cannot see refers to one of `objects`.

    A frame that runs in another thread is such a thing, or a structure in C.
    """
    seen: Counter[int] = Counter()
    ids = {id(one) for one in objects}
    for holder in _referrers(objects):
        seen.update(id(one) for one in gc.get_referents(holder) if id(one) in ids)
    return any(sys.getrefcount(one) - seen[id(one)] > _OWN_REFERENCES for one in objects)


_MARK = object()
_GLOBALS = globals()


def _referrers(objects: list[Any]) -> list[Any]:
    """Return what refers to one of the objects."""
    found = [
        holder
        for holder in gc.get_referrers(*objects, _MARK)
        # Without the tuple of this call's own arguments.
        if not (isinstance(holder, tuple) and holder[-1:] == (_MARK,)) and holder is not _GLOBALS
    ]
    # On Python 3.11 the collector does not see the callbacks that a task holds as a future.
    ids, known = {id(one) for one in objects}, {id(one) for one in found}
    for task in asyncio.all_tasks():
        if id(task) not in known and not ids.isdisjoint(map(id, gc.get_referents(task))):
            found.append(task)
    return found


_OWN_REFERENCES = 2
"""How many references to an object are this module's own during the search."""
