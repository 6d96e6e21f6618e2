"""The grammar of the magics' options, which needs no IPython."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workernb.options.fetch import fetch_parser
from workernb.options.parser import strip_comment
from workernb.options.worker import worker_parser


def test_it_is_read_without_ipython():
    code = "import sys, workernb.options.parser; sys.exit('IPython' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("auth --public", "auth --public"),
        ("auth # a comment", "auth"),
        ("auth   # a 'comment", "auth"),
        ("# nothing else", ""),
        ("auth#Admin/path", "auth#Admin/path"),
        ("auth#Admin # comment", "auth#Admin"),
        ("auth -H 'a: b # c' # d", "auth -H 'a: b # c'"),
        ('auth -v "A=\\" # b"', 'auth -v "A=\\" # b"'),
        ("auth -v A=\\# # b", "auth -v A=\\#"),
        ("auth 'open # c", "auth 'open # c"),
    ],
)
def test_a_comment_ends_the_line_unless_it_is_quoted(line, rest):
    assert strip_comment(line) == rest


def test_every_option_is_explained():
    for parser in (worker_parser(), fetch_parser()):
        text = parser.help_text()
        assert all(option in text for option in parser.options())
        assert all(action.help for action in parser._actions)
