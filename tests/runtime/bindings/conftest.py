"""Sources that the tests of bindings share."""

from __future__ import annotations

PROPS = """
import asyncio, json
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps(self.ctx.props))

class Admin(WorkerEntrypoint):
    async def fetch(self, request):
        self.ctx.props["seen"] = True
        return Response(json.dumps(self.ctx.props))
"""
"""A Worker with two entrypoints that respond with their props."""
