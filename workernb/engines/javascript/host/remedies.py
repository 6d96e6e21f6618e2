"""Remedies for names that JavaScript Workers do not find here, by the engine's own error."""

from __future__ import annotations

import re

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


_LOST_OBJECT = (
    "A method of a class was called without its object, or on another one: call it on the object, "
    "object.method(…), or bind it, object.method.bind(object)."
)


def remedy(message: str) -> str | None:
    """Return what to do about the message of an error of the engine; None when nothing is known."""
    if "private class field" in message:
        return _LOST_OBJECT
    match = _undefined_name(message)
    return None if match is None else _REMEDIES.get(match[1])
