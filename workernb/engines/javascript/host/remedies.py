"""Remedies for names that JavaScript Workers do not find here, by the engine's own error."""

from __future__ import annotations

import re
from typing import Any

from workernb.errors import did_you_mean

_REMEDIES = {
    "Intl": "QuickJS has no Intl: format numbers and dates with toFixed, toISOString or code of "
    "your own; toLocaleString is there and formats as in English.",
    "WebAssembly": "QuickJS has no WebAssembly: use JavaScript, or a Python Worker behind a "
    "binding.",
    "HTMLRewriter": "workernb has no HTMLRewriter: read the text and replace in it, or use a "
    "Python Worker with an HTML parser behind a binding.",
    "EventSource": "workernb has no EventSource: read the response's body as a stream.",
    "Temporal": "QuickJS has no Temporal: use Date.",
    "Buffer": "Node's Buffer is not there: use Uint8Array, TextEncoder and TextDecoder, atob and "
    "btoa.",
    "process": "Node's process is not there: a Worker's variables are on env.",
    "require": "A Worker's modules are ES modules: write import … from …",
    "module": "A Worker's modules are ES modules: write export …",
    "window": "A Worker has no window: use globalThis.",
    "document": "A Worker has no document.",
    "localStorage": "A Worker has no localStorage: bind a KV namespace.",
    "XMLHttpRequest": "A Worker has no XMLHttpRequest: use fetch.",
    "setImmediate": "Node's setImmediate is not there: use setTimeout(callback, 0).",
    "MessageChannel": "workernb has no MessageChannel.",
    "URLPattern": "workernb has no URLPattern in JavaScript Workers: use a regular expression on "
    "new URL(request.url).pathname.",
    "Cloudflare": "workernb has no global Cloudflare: import from cloudflare:workers.",
}
_undefined_name = re.compile(r"'?([A-Za-z_$][\w$]*)'? is not defined").search
_of_nothing = re.compile(r"cannot (?:read|set) property '.*' of (?:undefined|null)").search
_on_env = re.compile(r"\benv\.([A-Za-z_$][\w$]*)(?:\??\.([A-Za-z_$][\w$]*)\s*\()?")
_called = re.compile(r"\.([A-Za-z_$][\w$]*)\s*\(")
_classes_called = re.compile(r"(?<!new )\b([A-Z][A-Za-z]*)\s*\(").findall
_word = re.compile(r"[A-Za-z_$][\w$]*")

_LOST_OBJECT = (
    "A method of a class was called without its object, or on another one: call it on the object, "
    "object.method(…), or bind it, object.method.bind(object)."
)
_METHODS = (
    "text", "json", "arrayBuffer", "bytes", "blob", "formData", "clone", "get", "set", "has",
    "append", "delete", "entries", "keys", "values", "forEach", "fetch", "waitUntil",
    "passThroughOnException", "getReader", "getWriter", "pipeTo", "pipeThrough", "map", "filter",
    "toString", "split", "join", "push", "includes", "startsWith", "endsWith", "toUpperCase",
    "toLowerCase", "encode", "decode", "accept", "send", "close", "addEventListener", "put",
    "list", "sql", "exec", "prepare", "bind", "first", "all", "run", "raw", "batch",
    "acceptWebSocket", "getWebSockets", "getTags", "serializeAttachment", "deserializeAttachment",
    "setAlarm", "getAlarm", "idFromName", "getByName", "blockConcurrencyWhile",
)  # fmt: skip
"""Methods that a Worker's code often calls, among which a misspelt one is looked for."""


def remedies(message: str, line: str, source: str, env: Any) -> list[str]:
    """Return what to do about an error of the engine; nothing where nothing is known.

    message: the engine's text. line: the one that it names. source: of that module. env: the
    Worker's environment, which says of a missing name what Python's Workers are told.
    """
    if "private class field" in message:
        return [_LOST_OBJECT]
    undefined = _undefined_name(message)
    if undefined is not None:
        return _about_name(undefined[1], source)
    if _of_nothing(message):
        found = [note for name, _ in _on_env.findall(line) for note in _missing(env, name)]
        if not found and "headers[" in line:
            found = ["Headers are no plain object: write headers.get(name)."]
        return found
    if message == "not a function":
        return _about_call(line, env)
    if "must be invoked with 'new'" in message:
        return [f"Write new {name}(…)." for name in _classes_called(line)[:1]]
    return []


def _about_name(name: str, source: str) -> list[str]:
    if name in _REMEDIES:
        return [_REMEDIES[name]]
    guess = did_you_mean(name, {word for word in _word.findall(source) if word != name})
    sees = (
        "A Worker sees only its own modules: a variable of the notebook comes in as "
        f"--var {name}={{{name}}} and is env.{name} then."
    )
    return [guess or sees]


def _about_call(line: str, env: Any) -> list[str]:
    """Return what to do about a call of what is no function, in a line of source."""
    for name, method in _on_env.findall(line):
        found = _missing(env, name) or (_missing(getattr(env, name), method) if method else [])
        if found:
            return found
    called = [name for name in _called.findall(line) if name not in _METHODS]
    if len(called) != 1:
        return []
    guess = did_you_mean(called[0], _METHODS)
    return [f"{called[0]} is no method here." + (f" {guess}" if guess else "")]


def _missing(holder: Any, name: str) -> list[str]:
    """Return what Python's own error about an attribute that is not there says of it."""
    try:
        getattr(holder, name)
    except AttributeError as error:
        notes = list(getattr(error, "__notes__", ()))
        return notes if str(error) == name else [str(error), *notes]
    return []
