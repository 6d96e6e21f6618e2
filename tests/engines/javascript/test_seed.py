"""The seed's two examples, byte for byte: in JavaScript, and each of them beside Python."""

from __future__ import annotations

import pytest

from tests.seed import AUTH, GATEWAY

PYTHON_AUTH = """\
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("x-custom-token") == self.env.SECRET_TOKEN:
            return Response("Request allowed", status=200)
        return Response("x-custom-token does not match, request not allowed", status=403)
"""

PYTHON_GATEWAY = """\
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.AUTH.fetch(request)
        if response.status != 200:
            return response
        return Response("")
"""

TOKEN = "s3cret-token"


@pytest.mark.parametrize("gateway", ["javascript", "python"])
@pytest.mark.parametrize("auth", ["javascript", "python"])
async def test_the_same_answers_in_either_language(runtime, gateway, auth):
    sources = {"javascript": (GATEWAY, AUTH), "python": (PYTHON_GATEWAY, PYTHON_AUTH)}
    runtime.define("auth", sources[auth][1], language=auth, secrets={"SECRET_TOKEN": TOKEN})
    runtime.define("gateway", sources[gateway][0], language=gateway, services={"AUTH": "auth"})

    allowed = await runtime["gateway"].fetch("http://x/", headers={"x-custom-token": TOKEN})
    assert (allowed.status, await allowed.text()) == (200, "")
    assert allowed.headers["content-type"] == "text/plain;charset=UTF-8"

    refused = await runtime["gateway"].fetch("http://x/", headers={"x-custom-token": "wrong"})
    assert refused.status == 403
    assert await refused.text() == "x-custom-token does not match, request not allowed"

    first, second = refused.trace.invocations
    assert (first.service, second.service, second.binding) == ("gateway", "auth", "AUTH")
    assert (first.outcome, second.outcome, second.status) == ("ok", "ok", 403)
    assert 0 < second.cpu_ms < first.inclusive_cpu_ms
