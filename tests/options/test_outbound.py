"""The options of `%outbound`."""

from __future__ import annotations

import pytest

from workernb.errors import UsageError
from workernb.options.outbound import OutboundOptions, outbound_parser
from workernb.runtime.services.targets import Target


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", OutboundOptions(None, None)),
        ("internet # again", OutboundOptions("internet", None)),
        ("off", OutboundOptions("off", None)),
        ("--to world", OutboundOptions(None, Target("world"))),
        ("--to world@test#Mock", OutboundOptions(None, Target("world-test", "Mock"))),
    ],
)
def test_what_is_set(line, options):
    assert OutboundOptions.parse(line) == options


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("interent", "%outbound is internet or off, not 'interent'. Did you mean internet?"),
        ("world", "For a Worker: %outbound --to world"),
        ("off --to world", "%outbound leads to one place: off, or --to world."),
        ("--to world/path", "takes a Worker without a path, not 'world/path'"),
        ("--to World", 'Expected "name" to be of type string'),
        ("--too world", "%outbound has no option --too. Did you mean --to?"),
        ("internet off", "a word too many"),
    ],
)
def test_what_is_refused(line, said):
    with pytest.raises(UsageError) as caught:
        OutboundOptions.parse(line)
    assert said in " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


def test_the_help_explains_each_option():
    text = outbound_parser().help_text()
    assert "usage: %outbound" in text
    assert "the real network" in text
