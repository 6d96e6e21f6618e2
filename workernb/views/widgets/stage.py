"""The stage: what shows a widget in the place of its still picture, in JupyterLab."""

from __future__ import annotations

import traitlets
from anywidget import AnyWidget

from .assets import stage_script, style


class Stage(AnyWidget):
    """A widget that is displayed nowhere: its script finds a still picture, and shows another one.

    mark: the text in the still picture by which it is found. shows: the model of the widget that
    takes its place for as long as the kernel lives.
    """

    _esm = stage_script()
    _css = style()

    mark = traitlets.Unicode("").tag(sync=True)
    shows = traitlets.Unicode("").tag(sync=True)
