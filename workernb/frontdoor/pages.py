"""The pages that the front door makes itself: what failed, and what is not there."""

from __future__ import annotations

import markupsafe

from workernb.http import Response
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText

_PAGE = markupsafe.Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>'
    "body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;"
    "color-scheme:light dark}}pre{{overflow:auto;padding:1rem;border:1px solid #8884;"
    "border-radius:6px}}</style><h1>{title}</h1><pre>{text}</pre><p>{note}</p></html>"
)
_NOTE = "Only you see this page: others get the platform's, {status}, {text!r}."


def nothing_here() -> Response:
    """Return the 404 for a URL that no route leads to."""
    return Response(PlatformText.NO_ROUTE, 404)


def failure_page(trace: Trace, status: int, text: str, accept: str) -> Response:
    """Return what the notebook's owner sees in place of the platform's page for a failed request.

    It shows the traceback in the Worker's cell, as the trace's log has it: without secrets. status,
    text: of the platform's page. accept: the request's header; a browser gets HTML.
    """
    errors = [log.text for log in trace.logs if log.level == "error"]
    reason = trace.redact(errors[-1].rstrip() if errors else trace.exception or text)
    title = f"{trace.invocations[0].service}: {trace.exception or text}"
    note = _NOTE.format(status=status, text=text)
    headers = {"cache-control": "no-store", "content-type": "text/plain;charset=UTF-8"}
    if "text/html" not in accept:
        return Response(f"{title}\n\n{reason}\n\n{note}\n", status, headers=headers)
    headers["content-type"] = "text/html;charset=UTF-8"
    headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    page = _PAGE.format(title=title.partition("\n")[0], text=reason, note=note)
    return Response(str(page), status, headers=headers)
