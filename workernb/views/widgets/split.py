"""The split of a Worker's traffic between two of its versions: seen, and set with a slider."""

from __future__ import annotations

from typing import Any

from ipywidgets import HTML, Button, HBox, IntSlider, VBox

from workernb.runtime.runtime import Runtime
from workernb.views.drawing.text import Markup, one_line

from .dropdown import StickyDropdown
from .ticker import call_on_loop, running_loop

REASON = "the dashboard's split"
"""The reason of its changes in the history."""


class SplitForm(VBox):  # type: ignore[misc]
    """Deploys two versions of a Worker, each with its share of the requests.

    service: the name of the service, or an empty string. old, new: the versions. share: of the new
    one, in per cent.
    """

    def __init__(self, runtime: Runtime) -> None:
        """Show no service yet."""
        self.runtime = runtime
        self.service = ""
        self._loop = running_loop()
        self._shown: Any = None
        self._title, self._message = HTML(), HTML()
        self.old = StickyDropdown(layout={"width": "7em"}, tooltip="A version")
        self.new = StickyDropdown(layout={"width": "7em"}, tooltip="The other version")
        self.share = IntSlider(0, 0, 100, 5, readout_format="d", layout={"flex": "1 1 auto"})
        self.button = Button(description="Deploy", layout={"width": "auto"})
        self.button.on_click(lambda _: call_on_loop(self._loop, self.deploy))
        percent = HTML("% of the requests to")
        row = HBox([self.old, self.share, percent, self.new, self.button])
        row.layout.flex_flow = "row wrap"
        super().__init__([self._title, row, self._message])

    @property
    def message(self) -> str:
        """The last message, as HTML."""
        return str(self._message.value)

    def show_service(self, name: str) -> None:
        """Show the versions of a service and their shares, as they are now."""
        service = self.runtime.services.get(name)
        state = name, None if service is None else (service.deployment, len(service.versions))
        if state == self._shown:
            return
        self._message.value = self._message.value if name == self.service else ""
        self._shown, self.service = state, name
        if service is None:
            self._title.value = "No Worker is chosen."
            return
        deployment = service.deployment
        options = [(f"v{version.number}", version.number) for version in service.versions]
        shares = dict(deployment.shares)
        for field in (self.old, self.new):
            field.set_options(options)
        self.old.value, self.new.value = min(shares), max(shares)
        if len(shares) == 1 and len(options) > 1:
            numbers = [number for _, number in options if number not in shares]
            self.old.value = numbers[-1]
        self.share.value = round(shares[max(shares)])
        self._title.value = Markup("<b>{}</b> serves {}").format(name, str(deployment))

    def deploy(self) -> None:
        """Deploy what is set; what is refused is said below, and changes nothing."""
        share = int(self.share.value)
        shares: dict[int, float] = {self.old.value: 100 - share, self.new.value: share}
        if self.old.value == self.new.value:
            shares = {self.new.value: 100}
        try:
            used = {number: part for number, part in shares.items() if part}
            self.runtime.deploy(self.service, used, reason=REASON)
        except Exception as error:
            self._say("alert", f"Refused: {self.runtime.redactor.redact(str(error))}")
            return
        self.show_service(self.service)
        self._say("status", f"Deployed: {self.runtime.services[self.service].deployment}")

    def _say(self, role: str, text: str) -> None:
        color = "var(--jp-error-color1,#c02020)" if role == "alert" else "inherit"
        span = Markup('<span role="{}" style="color:{}">{}</span>')
        self._message.value = span.format(role, color, one_line(text, 300))
