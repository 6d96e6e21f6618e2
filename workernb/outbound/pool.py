"""The connections of one event loop, kept while they are used and closed some time later."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import ClientSession

CONNECT_TIMEOUT_S = 30.0
"""How long (s) connecting to a host may take."""

KEPT_S = 15.0
"""How long (s) connections are kept that nothing uses."""

MAX_HEADERS = 128 * 1024
"""The largest header (bytes) of a response, as on the platform."""


class Pool:
    """The connections of one event loop. A task owns them, and ends when nothing uses them."""

    def __init__(self) -> None:
        """Begin without a session."""
        self._ready: asyncio.Future[ClientSession] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._uses = 0
        self._used = False

    async def lease(self) -> Lease:
        """Return the session for one exchange, which ends the lease."""
        loop = asyncio.get_running_loop()
        if self._ready is None or self._keeper is None or self._keeper.done():
            self._ready = loop.create_future()
            self._keeper = loop.create_task(self._keep(self._ready))
        self._uses += 1
        try:
            return Lease(self, await asyncio.shield(self._ready))
        except BaseException:
            self.end_lease()
            raise

    def end_lease(self) -> None:
        """Note that an exchange has ended."""
        self._uses -= 1
        self._used = True

    def close(self) -> None:
        """Close the connections; the next exchange makes new ones."""
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None

    async def _keep(self, ready: asyncio.Future[ClientSession]) -> None:
        """Keep a session until it is unused, or until the loop ends and cancels its tasks."""
        import aiohttp

        async with aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Six connections at once are each request's limit, not this client's.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S),
            max_field_size=MAX_HEADERS,
            max_line_size=MAX_HEADERS,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        ) as session:
            ready.set_result(session)
            while self._uses or self._used:
                self._used = False
                await asyncio.sleep(KEPT_S)
            self._keeper = None


class Lease:
    """The use of a session by one exchange. session: aiohttp's."""

    def __init__(self, pool: Pool, session: ClientSession) -> None:
        """Use a session of `pool`."""
        self.session = session
        self._pool: Pool | None = pool

    def end(self) -> None:
        """End the use, once; nothing if it has ended."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.end_lease()
