"""The type of `cf`, the platform's own options of a request."""

from __future__ import annotations

from typing import Any, TypedDict


class RequestInitCfProperties(TypedDict, total=False):
    """The options of a request that Cloudflare's network follows; here they are only passed on.

    https://developers.cloudflare.com/workers/runtime-apis/request/#the-cf-property-requestinitcfproperties
    """

    apps: bool | None
    cacheEverything: bool | None
    cacheKey: str | None
    cacheTags: list[str] | None
    cacheTtl: int
    cacheTtlByStatus: dict[str, int]
    image: Any | None
    mirage: bool | None
    polish: str | None
    resolveOverride: str | None
    scrapeShield: bool | None
    webp: bool | None
