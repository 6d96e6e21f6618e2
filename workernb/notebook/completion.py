"""Completion of the magics' options, of targets, and of the names in a Worker's settings."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from workernb.assembly import get_runtime
from workernb.errors import UsageError
from workernb.options.call import call_parser
from workernb.options.change import PARSERS
from workernb.options.clock import REAL, clock_parser
from workernb.options.export import EXPORT_PARSERS
from workernb.options.fetch import fetch_parser
from workernb.options.limits import limits_parser
from workernb.options.outbound import CHOICES, outbound_parser
from workernb.options.parser import Parser
from workernb.options.serve import serve_parser
from workernb.options.stores import d1_parser, stores_parser
from workernb.options.trigger import trigger_parser
from workernb.options.watch import WATCH_PARSERS
from workernb.options.worker import worker_options, worker_parser
from workernb.resources.contents import KINDS
from workernb.resources.durable_objects.contents import objects_in
from workernb.runtime.events.rpc import RESERVED_ON_ENTRYPOINTS, public_methods
from workernb.runtime.services.limits import PRESETS
from workernb.runtime.services.option import Form, Option
from workernb.runtime.services.targets import DEFAULT

from .magics.stores import namespace_named

_PARSERS: dict[str, Callable[[], Parser]] = {
    "worker": worker_parser,
    "fetch": fetch_parser,
    "call": call_parser,
    "trigger": trigger_parser,
    "clock": clock_parser,
    "limits": limits_parser,
    "outbound": outbound_parser,
    "stores": stores_parser,
    "d1": d1_parser,
    "serve": serve_parser,
    **WATCH_PARSERS,
    **EXPORT_PARSERS,
    **PARSERS,
}

_line = re.compile(
    rf"\s*(?:[\w, ]+=\s*)?(%%?)({'|'.join([*_PARSERS, 'cpu', 'trace'])})\s+(.*)", re.DOTALL
)


def add(shell: Any) -> None:
    """Register the matcher with a shell's completer."""
    completer = getattr(shell, "Completer", None)
    if completer is not None and complete not in completer.custom_matchers:
        completer.custom_matchers.append(complete)


def remove(shell: Any) -> None:
    """Unregister the matcher."""
    completer = getattr(shell, "Completer", None)
    if completer is not None and complete in completer.custom_matchers:
        completer.custom_matchers.remove(complete)


@context_matcher()  # type: ignore[untyped-decorator]
def complete(context: CompletionContext) -> SimpleMatcherResult:
    """Return the completions at the end of a magic's line."""
    match = _line.fullmatch(context.text_until_cursor)
    if match is None:
        return {"completions": []}
    words, fragment = _candidates(match[2], match[3])
    return {
        "completions": [SimpleCompletion(word, type="param") for word in words],
        "matched_fragment": fragment,
        "suppress": bool(words),
    }


def _candidates(magic: str, arguments: str) -> tuple[list[str], str]:
    """Return the completions of the last word, and the part of it that they replace.

    arguments: the line after the magic's name, up to the cursor.
    """
    word = re.split(r"\s", arguments)[-1]
    first_word = arguments.strip() == word
    if word.startswith("-") and magic in _PARSERS:
        return _starting_with(word, _PARSERS[magic]().options())
    if magic == "serve" or (magic == "trigger" and not first_word):
        return [], word
    if magic == "call":
        return _methods(word) if first_word else ([], word)
    if magic == "limits":
        return _starting_with(word, PRESETS)
    if magic == "clock" and first_word:
        return _starting_with(word, [REAL])
    if magic == "outbound" and first_word:
        return _starting_with(word, CHOICES)
    if magic in ("stores", "d1"):
        return _stores(magic, arguments, word)
    if magic in ("cpu", "trace"):
        newest_first = [str(trace.number) for trace in reversed(get_runtime().traces)]
        return _starting_with(word, newest_first[:20])
    if magic == "worker" and (option := _option_of_binding(arguments)) is not None:
        return _bindable(option, word)
    if magic == "worker" and re.search(r"--(?:drop-)?module\s+\S*$", arguments):
        return _starting_with(word, _modules_of(arguments.split(maxsplit=1)[0]))
    if magic == "bind" and "=" in word:
        return _targets(word.split("=", 1)[1])
    if magic == "import-workers" or (magic == "worker" and not first_word):
        return [], word
    if magic in PARSERS and not first_word:
        return _starting_with(word, _names_of(magic, arguments.split(maxsplit=1)[0]))
    return _targets(word)


def _stores(magic: str, arguments: str, word: str) -> tuple[list[str], str]:
    """Return the kinds and names of stores, and objects, after `%stores` and `%d1`."""
    before = arguments[: len(arguments) - len(word)].split()
    if magic == "d1":
        return _starting_with(word, [] if before else _store_names("d1"))
    if not before:
        return _starting_with(word, KINDS)
    if len(before) == 1:
        return _starting_with(word, _store_names(before[0]))
    stores = get_runtime().stores
    if before[0] != "do" or len(before) != 2:
        return [], word
    with contextlib.suppress(UsageError):
        namespace = namespace_named(get_runtime(), before[1])
        return _starting_with(word, [each.key for each in objects_in(stores, namespace)])
    return [], word


def _store_names(kind: str) -> list[str]:
    """Return the names of the stores of a kind that hold something or that are bound, sorted."""
    runtime = get_runtime()
    names = {name for its_kind, name in runtime.stores.used() if its_kind == kind}
    for service in runtime.defined():
        definition = service.definition
        bound = [*(store for _, store in definition.stores()), *definition.sources()]
        names.update(store.name for store in bound if store.noun == KINDS.get(kind))
    return sorted(names)


def _option_of_binding(arguments: str) -> Option | None:
    """Return the option of `%%worker` that the last word is the value of, if it completes one.

    The word is NAME=…, but for a consumer, which is named by its queue alone.
    """
    for option in worker_options():
        flags = "|".join(re.escape(flag) for flag in option.flags)
        name = "" if option.form is Form.NAMED_OBJECT else r"\w+="
        if option.completes and re.search(rf"(?:^|\s)(?:{flags})\s+{name}\S*$", arguments):
            return option
    return None


def _bindable(option: Option, word: str) -> tuple[list[str], str]:
    """Return what a binding may lead to, by its option, and the part of `word` after its name."""
    typed = word if option.form is Form.NAMED_OBJECT else word.partition("=")[2]
    if option.completes == "targets":
        return _targets(typed)
    if option.completes == "classes":
        return _starting_with(typed, _classes())
    return _starting_with(typed, _store_names(option.completes or ""))


def _classes() -> list[str]:
    """Return the classes of Durable Objects of all Workers, as bindings name them."""
    return [
        f"{service.name}#{name}"
        for service in get_runtime().defined()
        for name in sorted({each for one in service.isolates.values() for each in one.objects})
    ]


def _names_of(magic: str, name: str) -> list[str]:
    """Return the arguments of a magic after the name of a Worker: its bindings or versions."""
    service = get_runtime().services.get(name.replace("@", "-"))
    if service is None or not service.versions:
        return []
    definition = service.definition
    if magic in ("deploy", "diff"):
        return [f"v{version.number}" for version in reversed(service.versions)]
    names = {"bind": definition.services, "var": definition.vars}
    if magic in names:
        return [f"{name}=" for name in names[magic]]
    if magic == "unbind":
        return [name for _, name, _ in definition.each_binding()]
    return [*definition.secrets] if magic == "secret" else []


def _modules_of(name: str) -> list[str]:
    """Return the paths of the modules of a Worker."""
    service = get_runtime().services.get(name)
    return [] if service is None or not service.versions else [*service.definition.modules]


def _targets(typed: str) -> tuple[list[str], str]:
    """Return the services that a target may name, or its entrypoints after a #."""
    service, hash_sign, entrypoint = typed.partition("#")
    if not hash_sign:
        return _starting_with(typed, get_runtime())
    known = get_runtime().services.get(service.replace("@", "-"))
    return _starting_with(entrypoint, [] if known is None else known.entrypoints)


def _methods(typed: str) -> tuple[list[str], str]:
    """Return the methods that `%call` may name, after the Worker and a dot."""
    name, dot, method = typed.partition(".")
    if not dot:
        return _targets(typed)
    service, _, entrypoint = name.replace("@", "-").partition("#")
    known = get_runtime().services.get(service)
    found = None if known is None else known.entrypoints.get(entrypoint or DEFAULT)
    methods = [] if found is None else public_methods(found.methods, RESERVED_ON_ENTRYPOINTS)
    return _starting_with(method, methods)


def _starting_with(typed: str, names: Iterable[str]) -> tuple[list[str], str]:
    return [name for name in names if name.startswith(typed)], typed
