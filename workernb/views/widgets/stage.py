"""The stage: what shows a widget in the place of its still picture, in JupyterLab."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import traitlets
from anywidget import AnyWidget


@cache
def _script() -> str:
    return (files("workernb.views.widgets") / "static" / "stage.js").read_text("utf-8")


class Stage(AnyWidget):
    """A widget that is displayed nowhere: its script finds a still picture, and shows another one.

    mark: the text in the still picture by which it is found. shows: the model of the widget that
    takes its place for as long as the kernel lives.
    """

    _esm = _script()

    mark = traitlets.Unicode("").tag(sync=True)
    shows = traitlets.Unicode("").tag(sync=True)
