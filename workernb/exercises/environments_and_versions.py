"""The exercises of the notebook 04, environments and versions."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask, logged, traces_of


async def _unbind(runtime: Runtime) -> Claims:
    versions = runtime.services["gateway"].versions
    bound = [str(target) for v in versions for target in v.definition.services.values()]
    yield (
        "no version of the gateway leads to auth-stagin or auth#Admin: both were refused",
        (not {"auth-stagin", "auth#Admin"}.intersection(bound)),
    )
    yield (
        "a version of the gateway has no AUTH",
        (any("AUTH" not in version.definition.services for version in versions)),
    )
    failed = [t for t in traces_of(runtime, "gateway") if logged(t, "has no binding AUTH")]
    yield "a request has met that version", bool(failed)


async def _mend(runtime: Runtime) -> Claims:
    serving = runtime["auth"].version
    yield "a version newer than v2 serves", serving is not None and serving.number > 2
    plain = await ask(runtime, "auth")
    yield "it refuses who says nothing with 403, instead of raising", plain.status == 403
    polite = await ask(runtime, "auth", headers={"x-please": "yes"})
    yield "it lets in who asks politely", polite.status == 200
    token = await ask(runtime, "auth", headers={"x-custom-token": "open-sesame"})
    yield "it lets in who has the token", token.status == 200
    shares = [c for c in runtime.history if c.service == "auth" and "%" in c.summary]
    yield "it was given to some of the users first: %deploy with shares", len(shares) >= 2


_AUTH = """%%worker auth --var TOKEN=open-sesame --tag mended
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("x-custom-token") == self.env.TOKEN:
            return Response("Request allowed")
        if (request.headers.get("x-please") or "").startswith("yes"):
            return Response("Allowed, since you ask politely")
        return Response("Wrong token, and not polite", status=403)
"""

lesson = Lesson(
    Exercise(
        "%bind checks that its target is there; an entrypoint has to be there too. What nothing "
        "checks is that the code still finds what was unbound: fetch the gateway after %unbind.",
        [
            "%unbind gateway AUTH",
            "%fetch gateway",
            "%workers gateway --history",
            "%rollback gateway",
        ],
        _unbind,
    ),
    Exercise(
        "A header that is absent is None, which has no startswith. A cell that is run serves all "
        "at once, so give the shares after it: %deploy auth v1@90% v3@10%.",
        [
            _AUTH,
            "%deploy auth v1@90% v3@10%",
            "await ask_for(users=200)",
            "%deploy auth v1@50% v3@50%",
            "await ask_for(users=200)",
            "%deploy auth v3",
        ],
        _mend,
    ),
    Exercise(
        'Nobody gets version 3 by chance. Cloudflare-Workers-Version-Overrides: auth="v3" asks for '
        "it by name: so it can be tried where it will serve, before anybody meets it.",
        [
            "%deploy auth v1 v3@0%",
            "%fetch auth -H 'Cloudflare-Workers-Version-Overrides: auth=\"v3\"'",
            "%deploy auth v3",
        ],
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
