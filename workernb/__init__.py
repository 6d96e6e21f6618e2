"""workernb: build systems of Workers in a notebook, and watch them work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.handles import Handle
from workernb.runtime.services.limits import PRESETS, Limits
from workernb.runtime.tracing.invocations import Invocation, Log
from workernb.runtime.tracing.operations import Operation
from workernb.runtime.tracing.traces import Trace

from .assembly import Runtime, get_runtime
from .errors import (
    AbortError,
    BindingError,
    BodyUsedError,
    CanceledError,
    ComparisonError,
    CpuLimitError,
    DataCloneError,
    DurableObjectError,
    GlobalScopeError,
    HandlerError,
    HandshakeError,
    HungError,
    InvocationAbortedError,
    LimitError,
    NetworkError,
    OptionError,
    RouteError,
    RpcError,
    StartupError,
    StoreError,
    UsageError,
    WorkernbError,
    WrongLoopError,
)
from .http import AbortController, AbortSignal, ReadableStream, Request

if TYPE_CHECKING:
    from workernb.exporters.collector import OTLPExporter
    from workernb.http.body import BodyInit
    from workernb.http.headers import HeadersInit
    from workernb.resources.stores import Stores
    from workernb.runtime.execution.clients import ClientSocket
    from workernb.views.pictures.comparison import ComparisonPicture
    from workernb.views.tables.twin import TwinTable
    from workernb.views.widgets.cpu import CpuView
    from workernb.views.widgets.dashboard import Dashboard
    from workernb.views.widgets.editor import BindingEditor
    from workernb.views.widgets.graph import GraphView

if TYPE_CHECKING:
    stores: Stores

__version__ = "0.1.0"

__all__ = [
    "PRESETS",
    "AbortController",
    "AbortError",
    "AbortSignal",
    "Answer",
    "BindingEditor",
    "BindingError",
    "BodyUsedError",
    "CanceledError",
    "ClientSocket",
    "ComparisonError",
    "CpuLimitError",
    "CpuView",
    "Dashboard",
    "DataCloneError",
    "DurableObjectError",
    "GlobalScopeError",
    "GraphView",
    "Handle",
    "HandlerError",
    "HandshakeError",
    "HungError",
    "Invocation",
    "InvocationAbortedError",
    "LimitError",
    "Limits",
    "Log",
    "NetworkError",
    "OTLPExporter",
    "Operation",
    "OptionError",
    "ReadableStream",
    "RouteError",
    "RpcError",
    "Runtime",
    "StartupError",
    "StoreError",
    "Trace",
    "UsageError",
    "WorkernbError",
    "WrongLoopError",
    "compare_network",
    "compare_workerd",
    "get_runtime",
    "stores",
]


async def compare_network(
    gateway: Handle,
    resource: Request | str | None = None,
    *,
    method: str | None = None,
    headers: HeadersInit = None,
    body: BodyInit = None,
    times: int = 10,
) -> ComparisonPicture:
    """Make a request over the gateway's bindings, and over HTTP between two processes; draw both.

    `await workernb.compare_network(gateway, "http://gateway/", headers={…})`: the gateway runs in
    this process. The Workers that it is bound to run in this process for the first way; for the
    second they run in another process, which answers HTTP on loopback and ends with this call. Each
    way is run once to warm up, then `times` times, and the median run is drawn. The Workers are
    loaded into new isolates.

    Raises UsageError for a Worker without service bindings; ComparisonError for a request that
    fails or makes no calls, and for Workers that cannot be loaded in the other process.
    """
    from workernb.network.comparing import check, compare
    from workernb.views.pictures.comparison import ComparisonPicture

    check(gateway, times)
    url = gateway.url if resource is None else resource
    request = Request(url, method=method, headers=headers, body=body)
    return ComparisonPicture(await compare(gateway, request, times))


async def compare_workerd(
    gateway: Handle, requests: Iterable[Request | str | Mapping[str, Any]]
) -> TwinTable:
    """Make requests here and in workerd, by npm's miniflare, and show what differs.

    `await workernb.compare_workerd(gateway, ["http://gateway/", {"url": …, "method": "POST"}])`:
    the gateway and all that it is bound to are loaded into new isolates with empty stores, in this
    process and in miniflare, which npm installs at the first time. The requests are made one after
    the other; status, headers, bodies and exceptions are compared.

    Raises UsageError for what is no request; ComparisonError for a system with Python Workers, and
    where miniflare cannot be had.
    """
    from workernb.twin.comparing import compare
    from workernb.views.tables.twin import TwinTable

    return TwinTable(await compare(gateway, requests))


def __getattr__(name: str) -> Any:
    """Return the notebook's stores, or a class that few need, whose modules are imported then."""
    if name == "stores":
        return get_runtime().stores
    if name == "ClientSocket":
        from workernb.runtime.execution.clients import ClientSocket

        return ClientSocket
    if name == "OTLPExporter":
        from workernb.exporters.collector import OTLPExporter

        return OTLPExporter
    if name == "GraphView":
        from workernb.views.widgets.graph import GraphView

        return GraphView
    if name == "CpuView":
        from workernb.views.widgets.cpu import CpuView

        return CpuView
    if name == "Dashboard":
        from workernb.views.widgets.dashboard import Dashboard

        return Dashboard
    if name == "BindingEditor":
        from workernb.views.widgets.editor import BindingEditor

        return BindingEditor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Add the magics to a notebook: `%load_ext workernb`."""
    from .notebook import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics: `%unload_ext workernb`."""
    from .notebook import unload

    unload(shell)
