"""The exercises of the notebook 01, gateway and auth."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask, called, logged, target_of, traces_of


async def _break(runtime: Runtime) -> Claims:
    yield "the gateway's AUTH leads to atuh", target_of(runtime, "gateway", "AUTH") == "atuh"
    failed = [trace for trace in traces_of(runtime, "gateway") if logged(trace, "atuh")]
    yield "a request to the gateway has failed, and the log names atuh", bool(failed)


async def _audit(runtime: Runtime) -> Claims:
    yield "there is a Worker audit", "audit" in runtime
    yield "auth is bound to it, as AUDIT", target_of(runtime, "auth", "AUDIT") == "audit"
    token = runtime.services["auth"].definition.secrets["SECRET_TOKEN"]
    url = "http://auth/checked"
    allowed = await ask(runtime, "auth", url, headers={"x-custom-token": token})
    refused = await ask(runtime, "auth", url, headers={"x-custom-token": "guess"})
    yield (
        "auth lets in who has the token, and nobody else",
        ((allowed.status, refused.status) == (200, 403)),
    )
    calls = called(allowed.trace, "audit")
    yield (
        "auth calls audit once for each request",
        (
            [call.caller.service for call in calls] == ["auth"]
            and len(called(refused.trace, "audit")) == 1
        ),
    )
    printed = [log.text for log in allowed.trace.logs if log.invocation in calls]
    yield "audit prints the URL", any(url in text for text in printed)


_GATEWAY = """%%worker gateway --bind AUTH=atuh --public
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.AUTH.fetch(request)
        if response.status != 200:
            return response
        return Response("Welcome. Here is your data.")
"""
_AUDIT = """%%worker audit
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print(request.url)
        return Response(None, status=204)
"""
_AUTH = """%%worker auth --secret SECRET_TOKEN=s3cret --bind AUDIT=audit
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.AUDIT.fetch(request.clone())
        if request.headers.get("x-custom-token") == self.env.SECRET_TOKEN:
            return Response("Request allowed", status=200)
        return Response("x-custom-token does not match, request not allowed", status=403)
"""

lesson = Lesson(
    Exercise(
        "Change --bind AUTH=auth in the gateway's cell and run it. The line below the cell says "
        "what is missing already; the log below the card of a %fetch says what to write.",
        [_GATEWAY, "%fetch gateway"],
        _break,
    ),
    Exercise(
        "Two cells: %%worker audit, and auth's own with --bind AUDIT=audit. What auth sends on "
        "must be a clone of the request, and the call awaited.",
        [_AUDIT, _AUTH, "%fetch auth -H 'x-custom-token: guess'", "%cpu"],
        _audit,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
