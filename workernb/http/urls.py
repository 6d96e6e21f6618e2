"""URLs as the WHATWG standard has them (https://url.spec.whatwg.org/), by way of ada."""

from __future__ import annotations

import re

import ada_url

from workernb.errors import PlatformText, with_notes

# Most URLs are in their normal form already, and one look says so: lower-case host whose last
# label starts with a letter (so it is no IPv4 address in disguise) and is not punycode, no port,
# no dot segments, nothing to escape. Everything else goes through the parser, seven times slower.
# Hosts of letters alone come first, since they need no look ahead.
is_normal = re.compile(
    r"https?://(?:[a-z][a-z.]*+/|(?:(?!xn--)[a-z0-9-]+\.)*(?!xn--)[a-z][a-z0-9-]*/)"
    r"[A-Za-z0-9_~/-]*+(?:\?[A-Za-z0-9=&_.~/+-]*+)?"
).fullmatch


def normalize(url: str) -> str:
    """Return an absolute http or https URL in its normal form, without its fragment.

    Raises TypeError with the platform's `Fetch API cannot load` for a relative URL, another
    scheme, or text that is no URL.
    """
    if is_normal(url):
        return url
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        raise _cannot_load(url) from None
    if parsed.protocol not in ("http:", "https:"):
        raise _cannot_load(url)
    parsed.hash = ""
    return parsed.href


def _cannot_load(url: str) -> TypeError:
    remedy = None
    if url.startswith("/") and not url.startswith("//"):
        remedy = f"A request needs a whole URL; any host will do: http://worker{url}"
    elif "://" not in url:
        remedy = "A URL starts with http:// or https://."
    return with_notes(TypeError(PlatformText.CANNOT_LOAD.format(url=url)), remedy)
