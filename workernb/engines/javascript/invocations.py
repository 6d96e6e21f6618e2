"""Invocations: the functions behind `ctx`, and by which handlers tell what they come to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from workernb.errors import HandlerError, InvocationAborted, with_notes
from workernb.resources.durable_objects.namespace import DurableObjectNamespace
from workernb.runtime.services.engine import HANDLERS
from workernb.texts import PlatformText

from .boundary import Host
from .run import Run


def invocation_functions(host: Host) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""
    runs = host.runs

    def done(number: int, result: Any) -> None:
        run = runs.get(number)
        if run is not None:
            run.done(result)

    def failed(number: int, exception: int, name: str, text: str, stack: str) -> None:
        run = runs.get(number)
        if run is not None:
            run.failed(run.error_of(exception, name, text, stack))

    def not_a_response(number: int, kind: str, text: str) -> None:
        run = runs.get(number)
        if run is not None:
            run.failed(_not_a_response(run, kind, text))

    def waited(number: int, *about: Any) -> None:
        for run in list(runs.values()):
            if run.waits is not None and number in run.waits.pending:
                run.waits.settle(number, run.error_of(*about) if about else None)

    def abort(number: int, reason: str | None) -> None:
        run = host.run_numbered(number)
        run.failed(InvocationAborted(reason or PlatformText.CONTEXT_ABORTED))

    def no_retry(number: int) -> None:
        run = runs.get(number)
        if run is not None:
            run.argument.noRetry()

    def queue_say(number: int, place: int, method: str, delay: Any) -> None:
        run = runs.get(number)
        if run is None:
            return
        said = run.argument if place < 0 else run.argument.messages[int(place)]
        name = f"{method}All" if place < 0 else method
        getattr(said, name)(*({"delaySeconds": delay},) if method == "retry" else ())

    def exports(number: int) -> list[Any]:
        run = host.run_numbered(number)
        found = run.invocation.exports
        parts: list[Any] = []
        for name in dir(found):
            value = getattr(found, name)
            is_class = isinstance(value, DurableObjectNamespace)
            parts += name, is_class, -1 - run.keep(value) if is_class else host.bind(value())
        return parts

    def export_with(number: int, name: str, props: str) -> Any:
        found = host.run_numbered(number).invocation.exports
        return host.bind(getattr(found, name)(props=json.loads(props)))

    return {
        "noRetry": no_retry,
        "done": done,
        "failed": failed,
        "notResponse": not_a_response,
        "waited": waited,
        "waitFailed": waited,
        "current": lambda: host.running("waitUntil()").number,
        "hasHandler": lambda members: any(name in HANDLERS for name in members.to_python()),
        "waitUntil": host.exposed(lambda number: host.run_numbered(number).wait_until()),
        "passThrough": host.exposed(lambda number: _pass_through(host.run_numbered(number))),
        "props": host.exposed(
            lambda number: json.dumps(host.run_numbered(number).invocation.props)
        ),
        "abort": host.exposed(abort),
        "queueSay": host.exposed(queue_say),
        "exports": host.exposed(exports),
        "exportWith": host.exposed(export_with),
    }


def _pass_through(run: Run) -> None:
    run.invocation.pass_through()


def _not_a_response(run: Run, kind: str, text: str) -> HandlerError:
    given = {"undefined": "nothing", "object": f"an object {text}"}.get(kind, f"a {kind} {text}")
    shown = run.trace.redact(given)[:60].rstrip()
    return with_notes(
        HandlerError(PlatformText.NOT_A_RESPONSE),
        f"The fetch handler of Worker {run.invocation.service!r} gave back {shown}; "
        "a handler returns a Response: return new Response(…)",
    )
