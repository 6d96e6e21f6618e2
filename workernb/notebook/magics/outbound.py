"""`%outbound`: shows, or sets, where the Workers' `fetch` leads when no route matches."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.notebook.display import print_lines
from workernb.options.outbound import OutboundOptions, outbound_parser
from workernb.runtime.bindings.outbound import INTERNET
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime


@magics_class
class OutboundMagics(Magics):
    """The magic about what is outside."""

    @line_magic
    def outbound(self, line: str) -> None:
        """Show, or set, where the Workers' fetch leads without a route."""
        runtime = get_runtime()
        options = OutboundOptions.parse(line)
        if options.target is not None:
            runtime.outbound = runtime.entrypoint(options.target)
        elif options.where is not None:
            runtime.outbound = INTERNET if options.where == INTERNET else None
        print_lines([describe_outbound(runtime)])

    outbound.__doc__ = outbound_parser().help_text()


def describe_outbound(runtime: Runtime) -> str:
    """Return where the Workers' fetch leads, on one line."""
    outbound = runtime.outbound
    if outbound is None:
        return "Outbound is off: a fetch of a URL without a route fails."
    if outbound == INTERNET:
        return "Outbound is the internet: a fetch of a URL without a route leads there."
    if isinstance(outbound, Handle):
        if runtime.services[outbound.name].version is None:
            return f"Outbound is Worker {outbound.name}, which is not defined any more."
        return f"Outbound is Worker {outbound._target}: it answers each URL without a route."
    name = getattr(outbound, "__qualname__", type(outbound).__name__)
    return f"Outbound is {name}: it answers each URL without a route."
