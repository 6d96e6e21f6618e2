"""Text that is safe to show, and formatted figures."""

from __future__ import annotations

import pytest

from workernb.views.drawing.text import Markup, count, one_line, share, visible

from ..conftest import ESCAPED, UNSAFE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\0\x1b", "␀␛"),
        ("\u202eabc", "⟨202E⟩abc"),
        ("\ud800", "⟨D800⟩"),
    ],
)
def test_what_cannot_be_seen_is_shown(text, shown):
    assert visible(text) == shown


def test_text_is_cut_and_kept_on_a_line():
    assert visible("x" * 20, 5) == "xxxx…"
    assert one_line("a\r\nb\nc") == "a⏎b⏎c"


@pytest.mark.parametrize(
    "markup",
    [
        Markup.escape(UNSAFE),
        Markup("{}").format(UNSAFE),
        Markup("{text}").format(text=UNSAFE),
        Markup("%s") % UNSAFE,
        Markup("").join([UNSAFE]),
        Markup("") + UNSAFE,
        UNSAFE + Markup(""),
    ],
)
def test_text_in_markup_is_escaped_and_visible(markup):
    assert markup == ESCAPED
    assert isinstance(markup, Markup)


def test_markup_in_markup_stays_as_it_is():
    inner = Markup("<b>{}</b>").format("<&>")
    assert Markup("<p>{}</p>").format(inner) == "<p><b>&lt;&amp;&gt;</b></p>"
    assert Markup("").join([inner, inner]) == inner + inner
    assert Markup.escape(inner) == inner


def test_shares():
    assert (share(1, 3), share(1, 0)) == ("33 %", "0 %")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (9_999, "9,999"), (12_345, "12.3k"), (999_949, "999.9k"), (4_500_000, "4.5M")],
)
def test_counts_are_short(number, text):
    assert count(number) == text
