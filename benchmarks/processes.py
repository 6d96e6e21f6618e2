"""Peers in other processes, which are started and ended by the benchmark."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def serving(command: Sequence[str | Path], folder: Path | None = None) -> AsyncIterator[int]:
    """Start a server, yield its port, and end it.

    It writes its port as a line of JSON to its standard output, and runs as long as its standard
    input is open.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        if not line:
            raise RuntimeError(f"{command[0]} ended with code {await process.wait()}.")
        yield json.loads(line)["port"]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
