"""The machine: a JavaScript heap, its job queue and its limits.

This is the one module that knows the package `quickjs` (quickjs-bindings). A machine belongs to the
thread that made it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from workernb.errors import UsageError, with_notes

STACK_BYTES = 1_000_000
"""How much of the thread's stack JavaScript may use: about 1,000 calls within each other."""

GC_BYTES = 4_000_000
"""How large a heap becomes before circles in it are looked for; later half as large again."""


@cache
def quickjs() -> ModuleType:
    """Return the engine's package; UsageError, with the line to type, where it is missing."""
    try:
        import quickjs as package
    except ImportError:
        raise with_notes(
            UsageError("JavaScript Workers need the engine QuickJS, which is not installed."),
            "Type: %pip install 'workernb[js]'",
        ) from None
    if not hasattr(package, "Runtime") or not hasattr(package, "Undefined"):
        raise with_notes(
            UsageError("Another package named quickjs is in the way of quickjs-bindings."),
            "Type: %pip uninstall quickjs quickjs-ng, and then: %pip install 'workernb[js]'",
        )
    return package


class ScriptError(Exception):
    """What JavaScript threw past all of its code: name and message, and its stack."""

    def __init__(self, text: str, stack: str) -> None:
        """Keep the text, as `Type: message`, and the stack."""
        super().__init__(text)
        self.stack = stack


class Machine:
    """A JavaScript heap with one global object.

    errors: the class of what the engine raises. wrap: makes an object of JavaScript's that carries
    one of Python's, and comes back as that. context.has_pending_job, run_one: `has_jobs` and
    `run_job` without the cost of a call; `run_one` raises one of `errors`.
    """

    def __init__(self, must_end: Callable[[], bool], memory_mb: float) -> None:
        """Make an empty heap on this thread.

        must_end: asked every few microseconds while JavaScript runs, whether to cut it. It must not
        refer to the machine. memory_mb: how large the heap may become.
        """
        package = quickjs()
        self.errors: type[Exception] = package.JSError
        self.undefined: Any = package.Undefined
        self._runtime = package.Runtime()
        self._runtime.set_memory_limit(int(memory_mb * 1e6))
        self._runtime.set_max_stack_size(STACK_BYTES)
        self._runtime.set_gc_threshold(GC_BYTES)
        self._runtime.set_interrupt_handler(must_end)
        self._context = self.context = package.Context(self._runtime)
        self.run_one: Callable[[], bool] = self._context.execute_pending_job
        self.wrap: Callable[[Any], Any] = self._context.new_host_object
        self.object: Callable[[], Any] = self._context.new_object

    def host_object(self, functions: dict[str, Callable[..., Any]]) -> Any:
        """Return an object of JavaScript's with Python functions as its properties."""
        made = self._context.new_object()
        for name, function in functions.items():
            made.set(name, self._context.new_function(function, name))
        return made

    def script(self, code: bytes) -> Any:
        """Evaluate a script of ours, as `compile_script` returns it, and return its value."""
        return self._context.eval_function(self._context.read_object(code))

    def load_modules(self, loader: Callable[[str], str | None]) -> None:
        """Let `loader` give the source of each module that is imported, by its name."""
        self._context.set_module_loader(loader)

    def run_module(self, source: str, filename: str) -> Any:
        """Evaluate a module; return the promise of its end. Raises ScriptError."""
        try:
            return self._context.eval(source, filename, module=True)
        except self.errors as error:
            raise self._script_error(error) from None

    def compile_module(self, source: str, filename: str) -> None:
        """Compile a module, and do not run it. Raises ScriptError for what is none."""
        self.call(self._context.compile, source, filename, True)

    def set_global(self, name: str, value: Any) -> None:
        """Set a property of the global object."""
        self._context.set(name, value)

    def delete_global(self, name: str) -> None:
        """Delete a property of the global object."""
        self._context.get_global().delete(name)

    def call(self, function: Any, *args: Any) -> Any:
        """Call a function; raise ScriptError for what it throws, and where it was cut."""
        try:
            return function(*args)
        except self.errors as error:
            raise self._script_error(error) from None

    def quiet(self, function: Any) -> Callable[..., Any]:
        """Return `function` as one that returns None where it throws or is cut."""

        def call(*args: Any) -> Any:
            try:
                return function(*args)
            except self.errors:
                return None

        return call

    @property
    def has_jobs(self) -> bool:
        """Whether jobs wait: what follows from promises that have been settled."""
        return bool(self._context.has_pending_job)

    def run_job(self) -> str | None:
        """Run the oldest job; return the stack of what it throws, None if it throws nothing."""
        try:
            self._context.execute_pending_job()
        except self.errors as error:
            return self.stack_of(error)
        return None

    @staticmethod
    def stack_of(error: Any) -> str:
        """Return the stack of what a function threw, in the engine's form."""
        return str(getattr(error, "js_stack", "") or "")

    def stack_of_rejection(self, value: Any) -> str:
        """Return the stack of what a promise was rejected with; empty for anything else."""
        if getattr(value, "promise_state", None) != "rejected":
            return ""
        try:
            value.result()
        except self.errors as error:
            return self.stack_of(error)
        return ""

    @staticmethod
    def state(promise: Any) -> str | None:
        """Return the state of a promise: `pending`, `fulfilled` or `rejected`."""
        found: str | None = promise.promise_state
        return found

    def result(self, promise: Any) -> Any:
        """Return what a promise was fulfilled with; raise ScriptError if it was rejected."""
        return self.call(promise.result)

    def collect(self) -> None:
        """Free what only circles refer to."""
        self._runtime.run_gc()

    def memory_bytes(self) -> int:
        """Return the size of the heap."""
        return int(self._runtime.compute_memory_usage()["malloc_size"])

    @staticmethod
    def _script_error(error: Any) -> ScriptError:
        return ScriptError(str(error), Machine.stack_of(error))


def whole(value: Any) -> Any:
    """Return a value of the engine's, or a list of them, with its texts as Python's.

    The engine passes on a text of more than some 8,000 characters that was put together (`a + b`)
    as a value of its own.
    """
    if value.__class__ is list:
        return [whole(each) for each in value]
    if value.__class__ is quickjs().Value and value.is_string:
        return str(value)
    return value


def with_whole_texts(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for JavaScript to call whose arguments that are texts are Python's."""
    value_type = quickjs().Value

    def call(*args: Any) -> Any:
        for argument in args:
            if argument.__class__ is value_type:
                return function(*map(whole, args))
        return function(*args)

    return call


def compile_script(source: str, name: str) -> bytes:
    """Return a script in the engine's own form. name: that of its file, in stacks."""
    return bytes(quickjs().Context().compile(source, name).write_object())


def promise_result(promise: Any) -> Any:
    """Return the value of a promise that is fulfilled; the text of the error of a rejected one."""
    try:
        return promise.result()
    except quickjs().JSError as error:
        return str(error)
