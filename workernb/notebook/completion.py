"""Completion of the magics' options, of targets and of Workers' names."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from workernb.assembly import get_runtime
from workernb.options import fetch_parser, worker_parser

_line = re.compile(r"\s*(?:[\w, ]+=\s*)?(%%?)(worker|fetch|workers|cpu|trace)\s+(.*)", re.DOTALL)


def add(shell: Any) -> None:
    """Let the completer ask here too."""
    completer = getattr(shell, "Completer", None)
    if completer is not None and complete not in completer.custom_matchers:
        completer.custom_matchers.append(complete)


def remove(shell: Any) -> None:
    """Ask here no more."""
    completer = getattr(shell, "Completer", None)
    if completer is not None and complete in completer.custom_matchers:
        completer.custom_matchers.remove(complete)


@context_matcher()  # type: ignore[untyped-decorator]
def complete(context: CompletionContext) -> SimpleMatcherResult:
    """Return what may stand at the end of a magic's line."""
    text = context.text_until_cursor
    match = _line.fullmatch(text)
    if match is None:
        return {"completions": []}
    word = re.split(r"\s", text)[-1]
    found, fragment = _candidates(match[2], word, match[3])
    return {
        "completions": [SimpleCompletion(one, type="param") for one in found],
        "matched_fragment": fragment,
        "suppress": bool(found),
    }


def _candidates(magic: str, word: str, rest: str) -> tuple[list[str], str]:
    """Return what the word may become, and the part of it that is replaced."""
    names = list(get_runtime())
    if word.startswith("-"):
        parser = worker_parser() if magic == "worker" else fetch_parser()
        options = parser.options() if magic in ("worker", "fetch") else []
        return [option for option in options if option.startswith(word)], word
    if magic == "worker" and "=" in word and re.search(r"(--bind|-b)\s+\S*$", rest):
        typed = word.split("=", 1)[1]
        return [name for name in names if name.startswith(typed)], typed
    if "#" in word:
        return _entrypoints(word)
    if magic == "worker" and rest.strip() != word:
        return [], word
    return [name for name in names if name.startswith(word)], word


def _entrypoints(word: str) -> tuple[list[str], str]:
    service, typed = word.split("#", 1)
    known = get_runtime().services.get(service.replace("@", "-"))
    names = [] if known is None else list(known.entrypoints)
    return [name for name in names if name.startswith(typed)], typed
