"""URLs, parsed by ada as the WHATWG standard says (https://url.spec.whatwg.org/)."""

from __future__ import annotations

import re

import ada_url

from workernb.errors import with_notes
from workernb.texts import PlatformText

# The parser is seven times slower than this test, which matches most URLs: those with a host in
# lower case and not in punycode, no port, no dot segments and nothing to escape. The host's last
# label starts with a letter, since it could otherwise be an IPv4 address. The first alternative,
# for hosts of letters only, is there because it needs no lookahead.
is_normal = re.compile(
    r"https?://(?:[a-z][a-z.]*+/|(?:(?!xn--)[a-z0-9-]+\.)*(?!xn--)[a-z][a-z0-9-]*/)"
    r"[A-Za-z0-9_~/-]*+(?:\?[A-Za-z0-9=&_.~/+-]*+)?"
).fullmatch


def normalize(url: str) -> str:
    """Return an absolute http or https URL, normalized and without its fragment.

    Raises TypeError with the platform's `Fetch API cannot load` for a relative URL, another
    scheme, or an invalid URL.
    """
    if is_normal(url):
        return url
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        raise _cannot_load_error(url) from None
    if parsed.protocol not in ("http:", "https:"):
        raise _cannot_load_error(url)
    parsed.hash = ""
    return parsed.href


def _cannot_load_error(url: str) -> TypeError:
    remedy = None
    if url.startswith("/") and not url.startswith("//"):
        remedy = f"A request needs a whole URL; any host will do: http://worker{url}"
    elif url.startswith(("ws://", "wss://")):
        remedy = f"A WebSocket is asked for with http{url[2:]} and the header Upgrade: websocket."
    elif "://" not in url:
        remedy = "A URL starts with http:// or https://."
    return with_notes(TypeError(PlatformText.CANNOT_LOAD.format(url=url)), remedy)
