"""URL takes the normal form of a URL apart as the parser of the host does."""

from __future__ import annotations

import json
from contextlib import suppress

import ada_url
from hypothesis import given
from hypothesis import strategies as st

PARTS = ("href origin protocol username password host hostname port pathname search hash").split()

schemes = st.sampled_from(["http:", "https:", "ws:", "ftp:", "file:", "data:", "blob:", "odd:", ""])
characters = st.text(alphabet="aZ0:/\\?#@[]%&=+.~é日 \ud83d-", max_size=12)
urls = st.builds(
    "{}{}{}{}".format, schemes, st.sampled_from(["", "/", "//", "///"]), characters, characters
)


def parts_of(url):
    try:
        parsed = ada_url.URL(url.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except ValueError:
        return None
    return [getattr(parsed, part) for part in PARTS]


def test_every_part_is_the_parser_s(bare):
    run = bare.context.eval(
        "((url, parts) => { const parsed = URL.parse(url);"
        " if (parsed === null) return null;"
        " return parts.split(' ').map((part) => parsed[part]).join('\\n'); })"
    )

    @given(urls)
    def check(url):
        expected = parts_of(url)
        ours = run(url, " ".join(PARTS))
        if expected is None:
            assert ours is None
        else:
            assert ours.split("\n") == expected

    check()


def test_setters_are_the_parser_s(bare):
    run = bare.context.eval(
        "((url, part, value) => { const parsed = new URL(url); parsed[part] = value;"
        " return parsed.href; })"
    )
    names = [part for part in PARTS if part not in ("href", "origin")]

    @given(st.sampled_from(names), characters)
    def check(part, value):
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        parsed = ada_url.URL("https://user@host.example:8080/path?query#hash")
        with suppress(ValueError):
            setattr(parsed, part, value)
        assert run("https://user@host.example:8080/path?query#hash", part, value) == parsed.href

    check()


def test_a_query_without_escapes_is_what_the_host_makes_of_it(bare):
    bare.context.set("web", bare.web.value)
    both = bare.context.eval(
        "((query) => JSON.stringify([[...new URLSearchParams(query)].flat(),"
        " web.host.parseQuery(query)]))"
    )

    @given(st.text(alphabet="ab=&é日\x00", max_size=16))
    def check(query):
        ours, host = json.loads(both(query))
        assert ours == host

    check()
