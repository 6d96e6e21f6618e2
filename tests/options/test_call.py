"""The line of `%call`."""

from __future__ import annotations

import pytest

from workernb import OptionError, UsageError
from workernb.options.call import CallOptions


@pytest.mark.parametrize(
    ("line", "target", "path", "args", "kwargs"),
    [
        ("math.add 1 2", "math", ("add",), [1, 2], {}),
        ("math.add -1 2.5", "math", ("add",), [-1, 2.5], {}),
        ("math.add", "math", ("add",), [], {}),
        ("math@staging#Admin.add x", "math-staging#Admin", ("add",), ["x"], {}),
        ("math.origin.move 1", "math", ("origin", "move"), [1], {}),
        ("math.add '{\"a\": [1]}' null true", "math", ("add",), [{"a": [1]}, None, True], {}),
        ("math.add 'two words' -- --flag", "math", ("add",), ["two words", "--", "--flag"], {}),
        ("math.add 1 b=2 c=text d='[1]'", "math", ("add",), [1], {"b": 2, "c": "text", "d": [1]}),
        ("math.add 1  # a comment", "math", ("add",), [1], {}),
    ],
)
def test_what_is_read(line, target, path, args, kwargs):
    options = CallOptions.parse(line)
    got = (str(options.target), options.path, options.args, options.kwargs)
    assert got == (target, path, args, kwargs)


@pytest.mark.parametrize(
    ("line", "error", "text"),
    [
        ("", OptionError, "the following arguments are required: TARGET.METHOD"),
        ("math", OptionError, "write %call math.add 1 2"),
        ("math.", OptionError, "write %call math.add 1 2"),
        ("math.a-b", OptionError, "write %call math.add 1 2"),
        ("math/x.add", OptionError, "takes no path"),
        (".add", UsageError, "names no service"),
        ("math.add a=1 2", OptionError, "keywords come after"),
        ("math.add a=1 a=2", OptionError, "gives a twice"),
        ("math.add 'x", OptionError, "a quote is opened"),
    ],
)
def test_what_is_refused(line, error, text):
    with pytest.raises(error) as caught:
        CallOptions.parse(line)
    assert text in str(caught.value)
