"""The options of the magics that change a running system, or show its changes."""

from __future__ import annotations

import pytest

from workernb.errors import OptionError
from workernb.options.change import PARSERS, ChangeOptions, service_of, shares


@pytest.mark.parametrize(
    ("magic", "line", "options"),
    [
        (
            "bind",
            "gateway@staging AUTH=auth 'B=b#E{\"x\": 1}'  # both",
            ChangeOptions(
                "gateway-staging",
                '%bind gateway@staging AUTH=auth B=b#E{"x": 1}',
                services={"AUTH": "auth", "B": 'b#E{"x": 1}'},
            ),
        ),
        ("unbind", "a X Y", ChangeOptions("a", "%unbind a X Y", remove=("X", "Y"))),
        ("var", "a X=1 Y=", ChangeOptions("a", "%var a X=… Y=…", vars={"X": "1", "Y": ""})),
        (
            "var",
            "a --json X=1 'Y=[2]'",
            ChangeOptions("a", "%var a X=… Y=…", vars={"X": 1, "Y": [2]}),
        ),
        (
            "secret",
            "a X=hidden Y",
            ChangeOptions("a", "%secret a X Y", secrets={"X": "hidden", "Y": None}),
        ),
    ],
)
def test_a_change(magic, line, options):
    assert ChangeOptions.parse(magic, line) == options


def test_words_are_expanded():
    options = ChangeOptions.parse("bind", "a AUTH=<x>", lambda word: word.replace("<x>", "b c"))
    assert options.services == {"AUTH": "b c"}


@pytest.mark.parametrize(
    ("magic", "line", "said"),
    [
        ("bind", "a", "the following arguments are required: BINDING=TARGET"),
        ("bind", "a AUTH", "write %bind gateway AUTH=auth, not 'AUTH'"),
        ("bind", "a AUTH=", "write %bind gateway AUTH=auth, not 'AUTH='"),
        ("bind", "a AUTH=b AUTH=c", "%bind names AUTH twice"),
        ("bind", "a#Admin AUTH=b", "'a#Admin' is no Worker's name"),
        ("bind", "a/path AUTH=b", "'a/path' is no Worker's name"),
        ("var", "a X", "write %var gateway GREETING=hello, not 'X'"),
        ("var", "a --json X=x", "%var --json X is no JSON"),
        ("secret", "a X=1 X", "%secret names X twice"),
    ],
)
def test_refused_changes(magic, line, said):
    with pytest.raises(OptionError) as caught:
        ChangeOptions.parse(magic, line)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("v3", {3: 100}),
        ("3", {3: 100}),
        ("v3@90% v4@10%", {3: 90, 4: 10}),
        ("v3 v4@12.5", {3: 87.5, 4: 12.5}),
        ("v3 v4", {3: 50, 4: 50}),
        ("v3@100 v4", {3: 100, 4: 0}),
        ("v3@90% v4@20%", {3: 90, 4: 20}),
    ],
)
def test_shares(line, given):
    assert shares(PARSERS["deploy"]().parse(f"auth {line}").shares) == given


@pytest.mark.parametrize(
    ("magic", "line", "said"),
    [
        ("deploy", "auth v3@x", "write v3@90%, not 'v3@x'"),
        ("deploy", "auth -1", "%deploy"),
        ("diff", "auth three", "write a version as v3, not 'three'"),
    ],
)
def test_refused_versions(magic, line, said):
    with pytest.raises(OptionError) as caught:
        PARSERS[magic]().parse(line)
    assert said in str(caught.value)


def test_a_version_is_deployed_once():
    with pytest.raises(OptionError, match="%deploy names v3 twice"):
        shares([(3, None), (3, 10.0)])


def test_the_service_of_a_worker():
    assert service_of("auth") == "auth"
    assert service_of("auth@staging") == "auth-staging"


@pytest.mark.parametrize("magic", PARSERS)
def test_every_magic_has_help(magic):
    parser = PARSERS[magic]()
    assert parser.prog == f"%{magic}"
    assert all(action.help for action in parser._actions)
    assert all(option in parser.help_text() for option in parser.options())
