"""`workernb fetch`: a request to a Worker of a notebook, with curl's options."""

from __future__ import annotations

import asyncio
import shlex
import sys
from typing import TYPE_CHECKING

from workernb.assembly import get_runtime
from workernb.errors import OptionError
from workernb.options.fetch import FetchOptions, fetch_parser

from .commands import ask_in_terminal, load_workers

if TYPE_CHECKING:
    from workernb.runtime.execution.dispatch import Answer

_EXAMPLES = (
    "workernb fetch system.ipynb gateway -H 'x-custom-token: s3cret'",
    'workernb fetch system.ipynb gateway/items --json \'{"name": "Ada"}\' -i',
    "workernb fetch system.ipynb http://gateway.localhost/ -f   # as an outsider",
)


def help_text() -> str:
    """Return the command's help."""
    usage = fetch_parser("workernb fetch NOTEBOOK").help_text()
    codes = "exit codes: curl's, 22 with -f for a status of 400 or more, 28 for -m, 47 for -L"
    return "\n".join([usage, codes, "", "examples:", *(f"  {one}" for one in _EXAMPLES)])


def run(words: list[str]) -> int:
    """Run the command, and return its exit code: curl's."""
    if not words or words[0].startswith("-"):
        raise OptionError("workernb fetch: the notebook comes first, then TARGET and options.")
    notebook, *rest = words
    options = FetchOptions.parse(shlex.join(rest))
    load_workers(get_runtime(), notebook, ask_in_terminal())
    return asyncio.run(_fetch(options))


async def _fetch(options: FetchOptions) -> int:
    from workernb.notebook.magics.fetch import FetchCommand

    command = FetchCommand(get_runtime(), options)
    answer = await command.answer()
    redact = get_runtime().redactor.redact
    for line in command.exchanged:
        print(redact(line), file=sys.stderr)
    failed = options.fail and answer.status >= 400
    if options.include:
        _print_headers(answer)
    if not failed and options.output is None:
        await _write_body(answer)
    if failed and not options.silent:
        print(f"workernb: answered with {answer.status} (-f).", file=sys.stderr)
    trace = answer.trace
    if trace is not None and trace.exception is not None and not options.silent:
        errors = [log.text for log in trace.logs if log.level == "error"]
        # After what has been written of the body, which need not end its line.
        print("", *(errors or [f"workernb: {trace.exception}"]), sep="\n", file=sys.stderr)
    return 22 if failed else 0


def _print_headers(answer: Answer) -> None:
    print(f"HTTP/1.1 {answer.status} {answer.status_text}")
    for name, value in answer.headers.items():
        print(f"{name}: {value}")
    print(flush=True)


async def _write_body(answer: Answer) -> None:
    """Write the body as it is, a stream chunk by chunk."""
    sys.stdout.flush()
    if answer.body is not None:
        async for chunk in answer.body:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
