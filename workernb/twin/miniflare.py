"""miniflare: runs JavaScript Workers in workerd, in a process of its own.

https://developers.cloudflare.com/workers/testing/miniflare/
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from workernb.errors import ComparisonError
from workernb.http.headers import Headers
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.kinds import SECRETS, SERVICES, VARS
from workernb.runtime.services.targets import DEFAULT, Target
from workernb.wrangler.export.project import COMPATIBILITY_DATE, main_of

from .answers import Answer, Failure, PlainRequest
from .npm import NpmError, installed

_stack = re.compile(r"(\w+): (.*?)\n {4}at ", re.DOTALL).match
"""The body of a response that miniflare makes of what a Worker threw."""

LINE_BYTES = 64 * 1024 * 1024
"""How long a line of the process may be: what limits a response."""


def options_of(definition: Definition) -> dict[str, Any]:
    """Return the options that miniflare has for a Worker."""
    main = main_of(definition)
    sources = [(main, definition.source.removeprefix("\n")), *definition.modules.items()]
    options: dict[str, Any] = {
        "name": definition.name,
        "modules": [
            {"type": _MODULE_TYPES[path.rpartition(".")[2]], "path": path, "contents": source}
            for path, source in sources
        ],
        "modulesRoot": "/",
        "compatibilityDate": definition.compatibility_date or COMPATIBILITY_DATE,
        "bindings": {**definition.of_kind(VARS), **definition.of_kind(SECRETS)},
        "serviceBindings": {
            name: _service(target) for name, target in definition.of_kind(SERVICES).items()
        },
    }
    for kind, name, value in definition.each_binding():
        if kind.keyword in _STORES:
            option, convert = _STORES[kind.keyword]
            options.setdefault(option, {})[name] = convert(value)
    return options


_MODULE_TYPES = {
    "js": "ESModule",
    "mjs": "ESModule",
    "json": "JSON",
    "txt": "Text",
    "html": "Text",
    "sql": "Text",
}


def _service(target: Target) -> dict[str, Any]:
    service: dict[str, Any] = {"name": target.service}
    if target.entrypoint != DEFAULT:
        service["entrypoint"] = target.entrypoint
    if target.props:
        service["props"] = json.loads(target.props)
    return service


def _object(target: Target) -> dict[str, Any]:
    return {"className": target.entrypoint, "scriptName": target.service, "useSQLite": True}


def _queue(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"queueName": value}
    return {"queueName": value["queue"], "deliveryDelay": value.get("delivery_delay")}


def _consumer(value: Any) -> dict[str, Any]:
    return {_camel_case(name): each for name, each in value.items()}


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


_STORES: dict[str, tuple[str, Any]] = {
    "kv_namespaces": ("kvNamespaces", str),
    "d1_databases": ("d1Databases", str),
    "r2_buckets": ("r2Buckets", str),
    "durable_objects": ("durableObjects", _object),
    "queues": ("queueProducers", _queue),
    "consumers": ("queueConsumers", _consumer),
    "ratelimits": (
        "ratelimits",
        lambda value: {"simple": {"limit": value["limit"], "period": value["period"]}},
    ),
}
"""The options for bindings to stores, and what makes a value of one, by the kind's keyword."""


def install() -> Path:
    """Install miniflare unless it was done before; return its folder. Raises NpmError."""
    with as_file(files(__package__) / "javascript") as sources:
        return installed(sources, "miniflare")


@asynccontextmanager
async def running(definitions: Sequence[Definition]) -> AsyncIterator[Miniflare]:
    """Start the Workers, the first of which gets the requests; end them after the block.

    Raises ComparisonError where miniflare cannot be had, or does not take the Workers.
    """
    try:
        folder = await asyncio.to_thread(install)
    except NpmError as error:
        raise ComparisonError(str(error)) from None
    process = await asyncio.create_subprocess_exec(
        shutil.which("node") or "node",
        "run.mjs",
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    miniflare = Miniflare(process)
    try:
        await miniflare.start(definitions)
        yield miniflare
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


class Miniflare:
    """Workers that run in miniflare."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Talk to a process of `run.mjs`."""
        self._process = process

    async def start(self, definitions: Iterable[Definition]) -> None:
        """Load the Workers; ComparisonError if miniflare does not take them."""
        answer = await self._ask({"workers": [options_of(one) for one in definitions]})
        if "error" in answer:
            raise ComparisonError(f"miniflare does not take them: {answer['error']['message']}")

    async def fetch(self, request: PlainRequest) -> Answer | Failure:
        """Make a request to the first Worker; return its response, or what it threw."""
        body = None if request.body is None else base64.b64encode(request.body).decode()
        answer = await self._ask(
            {
                "url": request.url,
                "method": request.method,
                "headers": list(request.headers),
                "body": body,
            }
        )
        if "error" in answer:
            return Failure(answer["error"]["name"], answer["error"]["message"])
        content = base64.b64decode(answer["body"])
        thrown = _stack(content.decode(errors="replace")) if answer["status"] == 500 else None
        if thrown is not None:
            return Failure(thrown[1], thrown[2])
        headers = Headers([tuple(pair) for pair in answer["headers"]])
        return Answer(answer["status"], answer["statusText"], headers, content)

    async def _ask(self, value: Any) -> dict[str, Any]:
        """Send a line, and return the one that answers it; ComparisonError if there is none."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(value).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        except ConnectionError:
            line = b""
        if not line:
            raise ComparisonError(f"miniflare has ended: {await self._said()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _said(self) -> str:
        assert self._process.stderr is not None
        said = (await self._process.stderr.read()).decode(errors="replace").strip()
        return said.rpartition("\n")[2] or "it says nothing"
