"""`%call` and `%trigger`: call a method of a Worker over RPC, or another of its handlers."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope, no_var_expand

from workernb.assembly import get_runtime
from workernb.notebook.variables import expander
from workernb.options.call import CallOptions, call_parser
from workernb.options.trigger import TriggerOptions, trigger_parser
from workernb.runtime.bindings.rpc import RPC_EVENT, NotebookCall
from workernb.runtime.execution.sync import run_sync
from workernb.runtime.handles import Handle

Names = Mapping[str, Any] | None


@magics_class
class CallMagics(Magics):
    """The magics that call a method, or a handler that no request calls."""

    shell: Any

    @no_var_expand
    @needs_local_scope
    @line_magic
    def call(self, line: str, local_ns: Names = None) -> Any:
        """Call a method synchronously, where no await can stand."""
        return run_sync(self._call(line, local_ns), get_runtime())

    @no_var_expand
    @needs_local_scope
    @line_magic
    def _call_async(self, line: str, local_ns: Names = None) -> Any:
        """Call a method: what `%call` is transformed to where an await can stand.

        Not a coroutine function: its frame would be in the tracebacks of what the call raises.
        """
        return self._call(line, local_ns)

    def _call(self, line: str, local_ns: Names) -> Coroutine[Any, Any, Any]:
        options = CallOptions.parse(line, expander(self.shell, local_ns))
        runtime = get_runtime()
        runtime.defined_service(options.target.service)  # Raises UsageError for a missing one.
        call = NotebookCall(options.path, tuple(options.args), options.kwargs)
        return runtime.call(options.target, call, event=RPC_EVENT)

    @line_magic
    def trigger(self, line: str) -> Any:
        """Call a handler synchronously, where no await can stand."""
        return run_sync(self._trigger(line), get_runtime())

    @line_magic
    def _trigger_async(self, line: str) -> Any:
        """Call a handler: what `%trigger` is transformed to where an await can stand."""
        return self._trigger(line)

    def _trigger(self, line: str) -> Coroutine[Any, Any, Any]:
        options = TriggerOptions.parse(line)
        runtime = get_runtime()
        service = runtime.defined_service(options.target.service)
        handle = Handle(runtime, service, options.target.entrypoint)
        if options.test:
            return handle.self_test()
        return handle.trigger(cron=options.cron, scheduledTime=options.time)

    call.__doc__ = call_parser().help_text()
    trigger.__doc__ = trigger_parser().help_text()
