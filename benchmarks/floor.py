"""`bare`, the unit of all figures: the same work, done by plain coroutines on plain dicts."""

from __future__ import annotations

from typing import Any

TOKEN = "s3cret"


async def auth(request: dict[str, Any]) -> dict[str, Any]:
    if request["headers"]["x-custom-token"] == TOKEN:
        return {"status": 200, "body": "Request allowed"}
    return {"status": 403, "body": "x-custom-token does not match, request not allowed"}


async def bare(url: str, token: str) -> None:
    """Await a coroutine function that takes a dict, compares a header and returns a dict."""
    headers = {"x-custom-token": token, "x-request-id": url}
    response = await auth({"url": url, "method": "GET", "headers": headers})
    assert response["status"] == 200
    assert response["body"] == "Request allowed"
