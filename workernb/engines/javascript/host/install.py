"""Installs the web APIs into a context of QuickJS.

The files of JavaScript in `web/` are compiled once for a process. Each is a function that takes
`web`, an object that no Worker sees: what it holds is what the files have for each other, and
what the engine needs of them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from workernb.engines.javascript.machine import compile_script, with_whole_texts

from . import compression, digests, encoding, forms, promises, randomness, texts, urls
from .bytecode import without_sources
from .hooks import Hooks

FILES = (
    "base/primordials",
    "base/guards",
    "base/exceptions",
    "base/date",
    "base/events",
    "base/abort",
    "base/timers",
    "base/navigator",
    "data/encoding",
    "data/url",
    "data/search_params",
    "streams/strategies",
    "streams/queue",
    "streams/readable",
    "streams/bytes",
    "streams/readers",
    "streams/writable",
    "streams/transform",
    "streams/pipe",
    "streams/tee",
    "streams/coding",
    "data/blob",
    "data/form_data",
    "data/crypto",
    "data/clone",
    "console/texts",
    "console/lines",
    "console/inspect",
    "console/console",
    "console/descriptions",
)
"""The files of `web/`, in the order in which they run: each uses what those before it define."""

BYTES = "streams/bytes"

FILE_PREFIX = "workernb:"
"""What the name of each file begins with in a stack, by which its frames can be told apart."""


class Web:
    """What the engine has of the web APIs in one context.

    value: the object `web` of the files, a value of QuickJS. Its `primordials` are the functions
    of the built-ins as they were before any code of a Worker ran.
    """

    __slots__ = ("_fire_timer", "_forget_timer", "value")

    def __init__(self, value: Any) -> None:
        """Create it from the object `web`."""
        self.value = value
        self._fire_timer = value.get("fireTimer")
        self._forget_timer = value.get("forgetTimer")

    def get(self, name: str) -> Any:
        """Return what `web` has under a name: a class such as `ReadableStream`, or a function."""
        return self.value.get(name)

    def fire_timer(self, number: int) -> None:
        """Call the callback of a timer that is due; nothing for one that was cleared.

        What it throws goes to `Hooks.report`. The jobs that it makes are not run here.
        """
        self._fire_timer(number)

    def forget_timer(self, number: int) -> None:
        """Drop the callback of a timer that will not be fired, as its invocation has ended."""
        self._forget_timer(number)


def install(context: Any, hooks: Hooks, *, with_bytes: bool = True) -> Web:
    """Install the web APIs into a bare context of QuickJS, and return what the engine needs.

    with_bytes: whether streams of bytes have BYOB readers, which take a fifteenth of a heap. hooks:
    what the APIs ask of the runtime. It is referred to weakly, since Python's collector cannot see
    through a context: the caller keeps it for as long as the context is used.
    """
    web = context.new_object()
    web.set("host", _host(weakref.proxy(hooks)))
    for name, code in zip(FILES, _stripped(), strict=True):
        if with_bytes or name != BYTES:
            context.eval_function(context.read_object(code))(web)
    return Web(web)


def _host(hooks: Hooks) -> dict[str, Callable[..., Any]]:
    """Return the functions of the host, by the names that JavaScript calls them by."""
    functions = {
        **{name: _ask(hooks, method) for name, method in _HOOKS.items()},
        **compression.FUNCTIONS,
        **digests.FUNCTIONS,
        **encoding.FUNCTIONS,
        **forms.FUNCTIONS,
        **promises.FUNCTIONS,
        **randomness.FUNCTIONS,
        **texts.FUNCTIONS,
        **urls.FUNCTIONS,
    }
    return {name: with_whole_texts(function) for name, function in functions.items()}


_HOOKS = {
    "log": "log",
    "report": "report",
    "now": "now",
    "startTimer": "start_timer",
    "cancelTimer": "cancel_timer",
    "loading": "loading",
}


def _ask(hooks: Hooks, method: str) -> Callable[..., Any]:
    """Return a function that calls a hook. A bound method would keep the hooks alive."""

    def ask(*arguments: Any) -> Any:
        return getattr(hooks, method)(*arguments)

    return ask


@cache
def _stripped() -> tuple[bytes, ...]:
    """Return the bytecode of each file, without its sources."""
    return tuple(without_sources(code) for code in _compiled())


@cache
def _compiled() -> tuple[bytes, ...]:
    """Return the bytecode of each file."""
    folder = files("workernb.engines.javascript") / "web"
    return tuple(compile_script(_source(folder, name), f"{FILE_PREFIX}{name}.js") for name in FILES)


def _source(folder: Traversable, name: str) -> str:
    return folder.joinpath(f"{name}.js").read_text("utf-8")
