"""`workernb serve`: a port for the Workers of a notebook, which are loaded again as it changes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from argparse import Namespace
from pathlib import Path

from workernb.assembly import Runtime, get_runtime
from workernb.errors import OneLine, notes_of
from workernb.frontdoor.server import FrontDoor
from workernb.options.serve import add_port_options
from workernb.runtime.services.languages import MODULE_SUFFIXES
from workernb.runtime.tracing.traces import Trace

from .commands import Command, ask_in_terminal, load_workers

LOOK_S = 0.5
"""How often (s) it is looked whether the notebook or its files have changed."""


def _parser() -> Command:
    parser = Command(
        "serve",
        "Open a port for the Workers of a notebook that have a route, without Jupyter. Only the "
        "cells that define Workers count. A line for each request; Ctrl-C ends it.",
        [
            "workernb serve system.ipynb",
            "workernb serve system.ipynb --port 9000 --public-errors",
            "curl http://gateway.localhost:8787/",
        ],
    )
    add_port_options(parser)
    parser.add_argument("--no-reload", action="store_true", help="do not look for changes")
    return parser


def help_text() -> str:
    """Return the command's help."""
    return _parser().help_text()


def run(words: list[str]) -> int:
    """Run the command, and return its exit code."""
    typed = _parser().parse_words(words)
    runtime = get_runtime()
    load_workers(runtime, typed.notebook, ask_in_terminal())
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(runtime, typed))
    print("Closed.")
    return 0


async def _serve(runtime: Runtime, typed: Namespace) -> None:
    watcher = None if typed.no_reload else Watcher(runtime, typed.notebook)
    door = FrontDoor(
        runtime,
        typed.host,
        typed.port,
        public_errors=typed.public_errors,
        echo=sys.stdout,
        access=lambda *answer: _log(runtime, *answer),
    )
    stopped = asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # On Windows, Ctrl-C is a KeyboardInterrupt.
        for number in (signal.SIGINT, signal.SIGTERM):
            # By the loop's own file descriptor: whatever else handles the signal, this is called.
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        print(f"{typed.notebook} is open at {door.url}")
        for line in [*(f"{name}  {url}" for name, url in door.links()), *door.notes()]:
            print(f"  {line}", flush=True)
        while not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), LOOK_S)
            if watcher is not None:
                watcher.look()
    finally:
        door.close()


def _log(runtime: Runtime, method: str, url: str, status: int, trace: Trace | None) -> None:
    """Print a line for a request, and its failure if it has one."""
    figures = "" if trace is None else f"  {trace.cpu_ms:.2f} ms CPU  {trace.wall_ms:.1f} ms"
    at = time.strftime("%H:%M:%S")
    print(f"{at}  {status}  {method} {runtime.redact(_visible(url))}{figures}", flush=True)
    if trace is not None and trace.invocations[0].exception is not None:
        errors = [log.text for log in trace.logs if log.level == "error"]
        print(runtime.redact(errors[-1]) if errors else trace.exception, file=sys.stderr)


def _visible(text: str) -> str:
    """Return text without what a terminal would obey."""
    return text.encode("unicode_escape").decode() if not text.isprintable() else text


class Watcher:
    """Loads the Workers of a notebook again when its files have changed."""

    def __init__(self, runtime: Runtime, path: str) -> None:
        """Take the files as they are now."""
        self._runtime = runtime
        self._path = path
        self._seen = self._signature()

    def look(self) -> None:
        """Load what has changed; what cannot be loaded is said, and the old version serves."""
        signature = self._signature()
        if signature == self._seen:
            return
        self._seen = signature
        try:
            changed = load_workers(self._runtime, self._path, None)
        except OneLine as error:
            print(" ".join([f"Not loaded: {error}", *notes_of(error)]), file=sys.stderr, flush=True)
            return
        if changed:
            print(f"Loaded again: {', '.join(changed)}", flush=True)

    def _signature(self) -> dict[str, tuple[int, int]]:
        """Return the times and sizes of the notebook and of the files that it may have read."""
        folder = Path(self._path).expanduser().parent
        files = [Path(self._path).expanduser(), *folder.glob(".dev.vars*")]
        for service in self._runtime.defined():
            if service.definition.main is not None:
                for suffix in MODULE_SUFFIXES[service.definition.language]:
                    files += folder.rglob(f"*{suffix}")
                break
        found = {}
        for file in files:
            with contextlib.suppress(OSError):
                status = file.stat()
                found[str(file)] = status.st_mtime_ns, status.st_size
        return found
