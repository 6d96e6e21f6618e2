"""The seed's two examples, byte for byte: in JavaScript, and each of them beside Python."""

from __future__ import annotations

import pytest

AUTH = """\
export default {
  async fetch(request, env) {
    // Read x-custom-token header and make sure it matches SECRET_TOKEN
    if (request.headers.get('x-custom-token') === env.SECRET_TOKEN) {
      return new Response('Request allowed', { status: 200 });
    } else {
      return new Response('x-custom-token does not match, request not allowed', { status: 403 });
    }
  },
};
"""

GATEWAY = """\
export default {
  async fetch(request, env) {
    // Fetch AUTH service and pass request
    const response = await env.AUTH.fetch(request);

    // Return response from the AUTH service if the response status is not 200
    // It would return 403 'x-custom-token does not match, request not allowed' response in such case
    if (response.status !== 200) {
      return response;
    }

    // Request allowed
    const data = ''; // For example, read data from KV, Durable Objects, or Database
    return new Response(data);
  },
};
"""  # noqa: E501

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
