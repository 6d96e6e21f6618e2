"""The options of `%limits`."""

from __future__ import annotations

from workernb.errors import OptionError, did_you_mean, with_notes
from workernb.runtime.services.limits import BUDGETS, PRESETS, Limits

from .parser import Parser, number


def limits_parser() -> Parser:
    """Return the parser of `%limits`."""
    parser = Parser("%limits", "Show, or set, what a request may use.")
    add = parser.add_argument
    add("preset", metavar="PRESET", nargs="?", help=" or ".join(PRESETS))
    add("--cpu-ms", type=_number_or_none, metavar="N", help="thread CPU, in ms; or none")
    add("--wall-ms", type=_number_or_none, metavar="N", help="wall clock, in ms; or none")
    add("--budget", choices=BUDGETS,
        help="whose the CPU budget is: the request's, or each invocation's own")  # fmt: skip
    add("--subrequests", type=int, metavar="N", help="calls that a request may make")
    add("--invocations", type=int, metavar="N", help="invocations, the first included")
    add("--depth", type=int, metavar="N", help="invocations nested in one another")
    add("--memory-mb", type=number, metavar="N", help="what a Worker's globals may take, in MB")
    add("--startup-ms", type=number, metavar="N", help="CPU of a module that loads, in ms")
    return parser


def _number_or_none(text: str) -> float | str:
    """Parse a number; `none`, for no limit, stays: argparse has None for what was not given."""
    return text if text == "none" else number(text)


def read_limits(line: str, before: Limits) -> Limits:
    """Return the limits that `%limits` sets; OptionError or UsageError for what is refused.

    before: the limits that are changed, where no preset is given.
    """
    typed = vars(limits_parser().parse(line))
    preset = typed.pop("preset")
    if preset is not None and preset not in PRESETS:
        presets = f"There are {', '.join(PRESETS)}."
        remedy = did_you_mean(preset, PRESETS) or presets
        if "=" in preset:
            remedy = f"{presets} A limit is an option: %limits --cpu-ms 50"
        raise with_notes(OptionError(f"%limits has no preset {preset!r}."), remedy)
    limits = before if preset is None else PRESETS[preset]
    changes = {name: value for name, value in typed.items() if value is not None}
    return limits.but(
        **{name: None if value == "none" else value for name, value in changes.items()}
    )
