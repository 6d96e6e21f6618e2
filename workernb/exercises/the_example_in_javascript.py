"""The exercise of the notebook 11, the example in JavaScript."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.languages import JAVASCRIPT

from .lesson import Claims, Exercise, Lesson, ask, trace_of


async def _greedy(runtime: Runtime) -> Claims:
    yield "there is a Worker greedy", "greedy" in runtime
    definition = runtime.defined_service("greedy").definition
    yield "it is in JavaScript", definition.language == JAVASCRIPT
    trace = await trace_of(runtime, "greedy", "http://greedy/")
    yield f"a request for / is ended: {trace.exception}", trace.outcome not in ("ok", None)
    answer = await ask(runtime, "greedy", "http://greedy/short")
    yield "and /short answers afterwards", await answer.text() == "still here"


_GREEDY = """%%worker greedy --js --cpu-ms 50
export default {
  fetch(request) {
    if (request.url.endsWith("/short")) return new Response("still here");
    const deeper = (n) => deeper(n + 1) + 1;
    return new Response(deeper(0));
  },
};
"""

lesson = Lesson(
    Exercise(
        "A function that calls itself and then adds to the result never returns. The engine has a "
        "stack of its own, which is full long before the budget is used up.",
        [_GREEDY, "%fetch greedy"],
        _greedy,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
