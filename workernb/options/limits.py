"""The options of `%limits`."""

from __future__ import annotations

from collections.abc import Callable

from workernb.errors import OptionError, did_you_mean, with_notes
from workernb.runtime.services.limits import BUDGETS, PRESETS, TEXTS, Limits, LimitText

from .parser import Parser, number


def limits_parser() -> Parser:
    """Return the parser of `%limits`."""
    parser = Parser("%limits", "Show, or set, what a request may use.")
    add = parser.add_argument
    add("preset", metavar="PRESET", nargs="?", help=" or ".join(PRESETS))
    for limit in TEXTS:
        add(limit.option, type=_reader(limit), metavar="N", help=limit.help)
    add("--budget", choices=BUDGETS,
        help="whose the CPU budget is: the request's, or each invocation's own")  # fmt: skip
    return parser


def _reader(limit: LimitText) -> Callable[[str], float | str]:
    """Return the function that argparse reads a limit with."""
    if not limit.unit:
        return int
    return _number_or_none if limit.help.endswith("or none") else number


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
