"""Peers in other processes: started, told from, and ended with the benchmark."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def serving(command: Sequence[str | Path], folder: Path | None = None) -> AsyncIterator[int]:
    """Start a server, and give the port that it says, as JSON on a line, it listens on.

    Its standard input stays open for as long as it may run.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), 60)
        if not said:
            raise RuntimeError(f"{command[0]} ended with code {await process.wait()}.")
        yield json.loads(said)["port"]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
