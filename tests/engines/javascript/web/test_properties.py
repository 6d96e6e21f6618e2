"""What holds for any value: clones equal, codecs come back, chunks make no difference."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from workernb.engines.javascript.host.encoding import encoding_name

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def function(bare, code):
    return bare.context.eval(f"({code})")


def test_a_clone_is_equal_and_can_be_shown(bare):
    clone = function(
        bare,
        "(text) => { const value = JSON.parse(text); console.log('%o', value, value);"
        " return JSON.stringify(structuredClone(value)); }",
    )

    @given(VALUES)
    def check(value):
        assert json.loads(clone(json.dumps(value))) == value

    check()


def test_base64_is_python_s(bare):
    there_and_back = function(bare, "(text) => atob(btoa(text))")

    @given(st.binary(max_size=40))
    def check(data):
        assert there_and_back(data.decode("latin-1")) == data.decode("latin-1")

    check()


def test_text_in_chunks_is_the_text_in_one(bare):
    whole = function(bare, "(data, label) => new TextDecoder(label).decode(data)")
    chunked = function(
        bare,
        """(data, label, size) => {
          const decoder = new TextDecoder(label), bytes = new Uint8Array(data);
          let text = '';
          for (let at = 0; at < bytes.length; at += size) {
            text += decoder.decode(bytes.subarray(at, at + size), { stream: true });
          }
          return text + decoder.decode();
        }""",
    )
    labels = st.sampled_from(
        ["utf-8", "utf-16le", "shift_jis", "gbk", "windows-1252", "iso-2022-jp"]
    )

    @given(st.binary(max_size=24) | st.text(max_size=8).map(str.encode), labels, st.integers(1, 5))
    def check(data, label, size):
        assert chunked(data, label, size) == whole(data, label)

    check()


def test_invalid_utf_8_is_replaced_as_by_python(bare):
    decode = function(bare, "(data) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(data)")

    @given(st.binary(max_size=24))
    def check(data):
        assert decode(data) == data.decode("utf-8", "replace")

    check()


def test_a_query_comes_back(bare):
    there_and_back = function(
        bare,
        "(name, value) => { const query = String(new URLSearchParams([[name, value]]));"
        " return new URLSearchParams(query).get(name); }",
    )

    @given(st.text(max_size=8), st.text(max_size=8))
    def check(name, value):
        assert there_and_back(name, value) == value

    check()


def test_gzip_comes_back(bare):
    bare.context.eval(
        """globalThis.squeeze = async (data, size) => {
          const bytes = new Uint8Array(data);
          const chunks = (function* () {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          })();
          const out = [];
          for await (const chunk of ReadableStream.from(chunks)
            .pipeThrough(new CompressionStream('deflate-raw'))
            .pipeThrough(new DecompressionStream('deflate-raw'))) out.push(...chunk);
          return JSON.stringify(out);
        }"""
    )
    squeeze = bare.context.eval("squeeze")

    @given(st.binary(max_size=64), st.integers(1, 9))
    def check(data, size):
        assert bytes(bare.settle(squeeze(data, size))) == data

    check()


def test_labels_have_the_standard_s_names():
    assert [
        encoding_name(label) for label in ("LATIN1", "\n utf8\t", "ms_kanji", "cp1255", "x")
    ] == [
        "windows-1252",
        "utf-8",
        "shift_jis",
        "windows-1255",
        None,
    ]
