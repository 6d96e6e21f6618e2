"""The exercise of the notebook 11, the seed's example in JavaScript."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask, called

_TOKEN = {"x-custom-token": "s3cret"}


async def _loud(runtime: Runtime) -> Claims:
    yield "there is a Worker loud", "loud" in runtime
    runtime.defined_service("loud")
    version = runtime["loud"].version
    language = None if version is None else version.definition.language
    yield "it is written in JavaScript", language == "javascript"
    allowed = await ask(runtime, "loud", headers=_TOKEN)
    yield "with the token it answers REQUEST ALLOWED", await allowed.text() == "REQUEST ALLOWED"
    refused = await ask(runtime, "loud", headers={"x-custom-token": "guess"})
    yield "without it, the status is that of auth", refused.status == 403
    yield "it asks auth once for each request", len(called(refused.trace, "auth")) == 1


_SOLUTION = """%%worker loud --js --bind AUTH=auth
export default {
  async fetch(request, env) {
    const response = await env.AUTH.fetch(request);
    return new Response((await response.text()).toUpperCase(), { status: response.status });
  },
};
"""

lesson = Lesson(
    Exercise(
        "The answer of env.AUTH.fetch(request) is a Response: its text() is a promise, and its "
        "status goes into the second argument of new Response(…).",
        [_SOLUTION],
        _loud,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
