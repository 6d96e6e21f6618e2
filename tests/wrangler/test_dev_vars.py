"""`.dev.vars`: read as Wrangler reads it, or refused.

The tables hold what `parse` of npm's `dotenv` 17.4.2 returns; 16.6.1 returns the same. Wrangler
reads `.dev.vars` with it.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dotenv import dotenv_values

from workernb.errors import UsageError
from workernb.wrangler.dev_vars import parse_dev_vars, read_dev_vars

READ = [
    ("", {}),
    ("A=", {"A": ""}),
    ("A=1", {"A": "1"}),
    ("A = 1 ", {"A": "1"}),
    ("  A=1", {"A": "1"}),
    ("export A=1", {"A": "1"}),
    ("export  A = 1", {"A": "1"}),
    ("A=1\nB=2\n", {"A": "1", "B": "2"}),
    ("A=1\nA=2", {"A": "2"}),
    ("\n\n A=1\n\n", {"A": "1"}),
    ("A=\nB=1", {"A": "", "B": "1"}),
    ("# A=1", {}),
    ("  # A=1\nB=2", {"B": "2"}),
    ("A=1 # comment", {"A": "1"}),
    ("A= # comment", {"A": ""}),
    ("A=a\\ #b", {"A": "a\\"}),
    ("A=a b", {"A": "a b"}),
    ("A=a=b", {"A": "a=b"}),
    ("A==", {"A": "="}),
    ("A=it's", {"A": "it's"}),
    ('A=a"b"', {"A": 'a"b"'}),
    ("A=`", {"A": "`"}),
    ("A=C:\\dir\\new", {"A": "C:\\dir\\new"}),
    ("A=${B}", {"A": "${B}"}),
    ("A=$B", {"A": "$B"}),
    ("A.B=1", {"A.B": "1"}),
    ("A-B=1", {"A-B": "1"}),
    ("junk", {}),
    ("junk here=1", {}),
    ("=1", {}),
    ("'", {}),
    ("A='a'", {"A": "a"}),
    ("A='a # b'", {"A": "a # b"}),
    ("A='a#b'", {"A": "a#b"}),
    ("A='a' # c", {"A": "a"}),
    ("A='a'#c", {"A": "a"}),
    ("A='  a '", {"A": "  a "}),
    ("A='a\nb'", {"A": "a\nb"}),
    ("A='a\\nb'", {"A": "a\\nb"}),
    ("A='a\"b'", {"A": 'a"b'}),
    ("A='C:\\dir'", {"A": "C:\\dir"}),
    ("A=''", {"A": ""}),
    ('A="a"', {"A": "a"}),
    ('A="a#b" # c', {"A": "a#b"}),
    ('A="a\nb"', {"A": "a\nb"}),
    ('A="a\\nb"', {"A": "a\nb"}),
    ('A="a\\rb"', {"A": "a\rb"}),
    ('A="it\'s"', {"A": "it's"}),
    ('A="C:\\dir"', {"A": "C:\\dir"}),
    ('A="${B}"', {"A": "${B}"}),
    ('A="--BEGIN--\nabc=\n--END--"\nB=1', {"A": "--BEGIN--\nabc=\n--END--", "B": "1"}),
]

QUOTE = "write SECRET='…', with the whole value in quotes."
QUOTE_ANY = "Wrangler reads it differently: write NAME='…', with the whole value in quotes."
HASH = f"Wrangler ends the value of SECRET before the #: {QUOTE}"
BACKSLASH = (
    "Wrangler keeps the backslash in the value of SECRET: write it without quotes, or without an "
    "escape."
)
BACKTICK = f"Wrangler takes ` for quotes: {QUOTE}"
NAME = "Wrangler skips it: write a name of A-Z, 0-9 and _, without quotes."

REFUSED = [
    ("SECRET=a#b", {"SECRET": "a"}, HASH),
    ("SECRET=#b", {"SECRET": ""}, HASH),
    ("SECRET=a# b", {"SECRET": "a"}, HASH),
    ("SECRET=a#b # c", {"SECRET": "a"}, HASH),
    ("SECRET='a\\'b'", {"SECRET": "a\\'b"}, BACKSLASH),
    ("SECRET='a\\\\b'", {"SECRET": "a\\\\b"}, BACKSLASH),
    ('SECRET="a\\"b"', {"SECRET": 'a\\"b'}, BACKSLASH),
    ('SECRET="a\\\\b"', {"SECRET": "a\\\\b"}, BACKSLASH),
    ('SECRET="a\\tb"', {"SECRET": "a\\tb"}, BACKSLASH),
    ('SECRET="a\\\\nb"', {"SECRET": "a\\\nb"}, BACKSLASH),
    ("SECRET=`a`", {"SECRET": "a"}, BACKTICK),
    ("SECRET=`a\nb`", {"SECRET": "a\nb"}, BACKTICK),
    ("SECRET: a", {"SECRET": "a"}, QUOTE_ANY),
    ("SECRET: a=b", {"SECRET": "a=b"}, QUOTE_ANY),
    ("SECRET='a' b", {"SECRET": "'a' b"}, QUOTE_ANY),
    ('SECRET="a" "b"', {"SECRET": 'a" "b'}, QUOTE_ANY),
    ("SECRET='a'b'", {"SECRET": "a'b"}, QUOTE_ANY),
    ("SECRET='a", {"SECRET": "'a"}, QUOTE_ANY),
    ('SECRET="a\\n', {"SECRET": '"a\n'}, QUOTE_ANY),
    ('SECRET="a\nB="b"', {"SECRET": '"a', "B": "b"}, QUOTE_ANY),
    ("SECRET\n=a", {"SECRET": "a"}, QUOTE_ANY),
    ("export = 1", {"export": "1"}, QUOTE_ANY),
    (
        "SECRET=\n'a'",
        {"SECRET": "a"},
        f"Wrangler reads the next line as the value of SECRET: {QUOTE}",
    ),
    ("'SECRET'=a", {}, NAME),
    ("é=a", {}, NAME),
    ("SECRET$=a", {}, NAME),
    ("SECRET:=a", {}, NAME),
    (
        "SECRET=\x85a",
        {"SECRET": "\x85a"},
        "Wrangler reads the character U+0085 differently: leave it out.",
    ),
    (
        "# a\u2028SECRET=b",
        {"SECRET": "b"},
        "Wrangler reads the character U+2028 differently: leave it out.",
    ),
]


@pytest.mark.parametrize(("text", "npm"), READ)
def test_what_wrangler_reads_in_the_same_way_is_read(text, npm):
    assert parse_dev_vars(text) == npm


@pytest.mark.parametrize(("text", "npm", "said"), REFUSED)
def test_what_wrangler_reads_differently_is_refused(text, npm, said):
    read = dotenv_values(stream=io.StringIO(text), interpolate=False)
    assert {name: value for name, value in read.items() if value is not None} != npm
    with pytest.raises(UsageError) as caught:
        parse_dev_vars(f"# comment\n\n{text}\n")
    assert str(caught.value) == f".dev.vars, line 3: {said}"


def test_a_refusal_names_the_file_and_shows_no_value(tmp_path):
    path = tmp_path / ".dev.vars"
    path.write_text("A=1\nPASSWORD=s3cret#value\n")
    with pytest.raises(UsageError) as caught:
        read_dev_vars(None, tmp_path)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert "PASSWORD" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_line_of_a_value_whose_quotes_are_not_closed_is_not_shown():
    with pytest.raises(UsageError, match="line 2") as caught:
        parse_dev_vars("A=1\nB='first\ns3cret: value\n")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(UsageError, match="line 1") as caught:
        parse_dev_vars("s3cret: value\n")
    assert "s3cret" not in str(caught.value)


def test_the_file_of_the_environment_comes_first(tmp_path):
    assert read_dev_vars("staging", tmp_path) == (tmp_path / ".dev.vars.staging", {})
    (tmp_path / ".dev.vars").write_text("A=all\n")
    assert read_dev_vars("staging", tmp_path) == (tmp_path / ".dev.vars", {"A": "all"})
    (tmp_path / ".dev.vars.staging").write_text("B=staging\n")
    assert read_dev_vars("staging", tmp_path) == (
        tmp_path / ".dev.vars.staging",
        {"B": "staging"},
    )
    assert read_dev_vars(None, tmp_path) == (tmp_path / ".dev.vars", {"A": "all"})


def test_files_of_windows_and_with_a_byte_order_mark(tmp_path):
    (tmp_path / ".dev.vars").write_bytes(b'\xef\xbb\xbfA=1\r\nB="two\r\nlines"\r\n')
    assert read_dev_vars(None, tmp_path)[1] == {"A": "1", "B": "two\nlines"}


def test_the_path_is_as_short_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_dev_vars(None) == (Path(".dev.vars"), {})


def test_a_file_that_is_not_utf_8_is_refused_by_name(tmp_path):
    (tmp_path / ".dev.vars").write_bytes(b"KEY=planted\xff")
    with pytest.raises(UsageError, match=r"\.dev\.vars is not UTF-8") as caught:
        read_dev_vars(None, tmp_path)
    assert "planted" not in str(caught.value)
