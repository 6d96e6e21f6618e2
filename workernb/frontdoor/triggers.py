"""Triggers: `/cdn-cgi/handler/scheduled` calls a Worker's scheduled handler, as in `wrangler dev`.

https://developers.cloudflare.com/workers/configuration/cron-triggers/#test-cron-triggers-locally
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from workernb.errors import CanceledError, UsageError, notes_of
from workernb.http import Request, Response
from workernb.runtime.events.scheduled import SCHEDULED, controller_of, outcome
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.targets import Target
from workernb.runtime.tracing.traces import Trace

PREFIX = "/cdn-cgi/handler/"
"""The beginning of the paths that no Worker gets from the notebook's owner."""


def is_trigger(url: str, request: Request) -> bool:
    """Return whether a URL is that of a trigger, and no page of another site asks for it."""
    return (
        PREFIX in url
        and urlsplit(url).path.startswith(PREFIX)
        and request._fields.get("sec-fetch-site") != "cross-site"
    )


async def trigger(
    runtime: Runtime, target: Target, url: str, echo: Any
) -> tuple[Response, Trace | None]:
    """Call the handler that a URL names; return the outcome as a page, and the request's trace.

    The query has `cron`, by default the Worker's first schedule; `time`, in ms since the epoch; and
    `format=json` for the outcome as JSON. The status is 200 for the outcome `ok`, else 500; 400 for
    a query that is refused, 404 for another handler.
    """
    parts = urlsplit(url)
    name, query = parts.path.removeprefix(PREFIX), parse_qs(parts.query)
    if name != "scheduled":
        return Response(f"There is no trigger {name!r} here: only {PREFIX}scheduled.\n", 404), None
    version = runtime.services[target.service].version
    crons = [] if version is None else version.definition.crons
    cron = query.get("cron", [next(iter(crons), "")])[0]
    try:
        time = float(query["time"][0]) if "time" in query else 1000 * runtime.now()
        controller = controller_of(time, cron)
    except UsageError as error:
        return Response("\n".join([str(error), *notes_of(error), ""]), 400), None
    except (ValueError, OverflowError):
        return Response("time is a number of ms since 1970.\n", 400), None
    call = runtime.call(target, controller, event=SCHEDULED, owner=True, echo=echo)
    try:
        result = await call
    except CanceledError:
        raise
    except Exception:
        # The trace's log has it.
        trace = call.trace
        ended = None if trace is None else trace.outcome
        result = outcome(controller, ended or "exception")
    status = 200 if result["outcome"] == "ok" else 500
    if query.get("format") == ["json"]:
        headers = {"content-type": "application/json"}
        return Response(json.dumps(result), status, headers=headers), call.trace
    return Response(result["outcome"], status), call.trace
