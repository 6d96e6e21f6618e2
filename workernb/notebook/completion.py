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
from workernb.options.change import PARSERS
from workernb.options.fetch import fetch_parser
from workernb.options.limits import limits_parser
from workernb.options.worker import worker_parser
from workernb.runtime.services.limits import PRESETS

_PARSERS = {"worker": worker_parser, "fetch": fetch_parser, "limits": limits_parser, **PARSERS}

_line = re.compile(
    rf"\s*(?:[\w, ]+=\s*)?(%%?)({'|'.join([*_PARSERS, 'cpu', 'trace'])})\s+(.*)", re.DOTALL
)


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
    if word.startswith("-") and magic in _PARSERS:
        return _beginning(word, _PARSERS[magic]().options())
    if magic == "limits":
        return _beginning(word, list(PRESETS))
    if magic in ("cpu", "trace"):
        newest_first = [str(trace.number) for trace in reversed(get_runtime().traces)]
        return _beginning(word, newest_first[:20])
    if magic == "worker" and re.search(r"(--bind|-b)\s+\w+=\S*$", rest):
        return _targets(word.split("=", 1)[1])
    if magic == "bind" and "=" in word:
        return _targets(word.split("=", 1)[1])
    if magic == "import-workers" or (magic == "worker" and rest.strip() != word):
        return [], word
    if magic in PARSERS and rest.strip() != word:
        return _beginning(word, _belonging(magic, rest.split(maxsplit=1)[0]))
    return _targets(word)


def _belonging(magic: str, name: str) -> list[str]:
    """Return what stands behind a Worker's name: its bindings, its versions."""
    service = get_runtime().services.get(name.replace("@", "-"))
    if service is None or not service.versions:
        return []
    definition = service.definition
    if magic in ("deploy", "diff"):
        return [f"v{version.number}" for version in reversed(service.versions)]
    names = {"bind": definition.services, "var": definition.vars}
    if magic in names:
        return [f"{one}=" for one in names[magic]]
    if magic == "unbind":
        return [*definition.services, *definition.vars, *definition.secrets]
    return [*definition.secrets] if magic == "secret" else []


def _targets(word: str) -> tuple[list[str], str]:
    service, hash_sign, typed = word.partition("#")
    if not hash_sign:
        return _beginning(word, list(get_runtime()))
    known = get_runtime().services.get(service.replace("@", "-"))
    return _beginning(typed, [] if known is None else list(known.entrypoints))


def _beginning(typed: str, names: list[str]) -> tuple[list[str], str]:
    return [name for name in names if name.startswith(typed)], typed
