"""The scripts and the style sheet of the widgets, as they are sent to a page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from workernb.views.drawing.svg import inline_rules, variables


@cache
def script(*names: str) -> str:
    """Return a widget's script in one or more files, preceded by what the widgets share."""
    folder = files("workernb.views.widgets") / "static"
    return "".join((folder / name).read_text("utf-8") for name in ("shared.js", *names))


@cache
def style() -> str:
    """Return the widgets' style sheet, with the colours of both themes."""
    dark = variables(1)
    return (
        f".workernb{{{variables(0)}}}"
        # JupyterLab marks its theme on the body; elsewhere the browser reports it.
        f"@media(prefers-color-scheme:dark){{body:not([data-jp-theme-light]) .workernb{{{dark}}}}}"
        f"body[data-jp-theme-light=false] .workernb{{{dark}}}"
        + inline_rules()
        + (files("workernb.views.widgets") / "static" / "widget.css").read_text("utf-8")
    )


@cache
def stage_script() -> str:
    """Return the script of the Stage, which needs nothing of the others."""
    return (files("workernb.views.widgets") / "static" / "stage.js").read_text("utf-8")
