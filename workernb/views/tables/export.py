"""What would fail or differ on the platform, as a table."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime
from workernb.wrangler.export.check import findings, order_text

from .table import Table


class CheckTable(Table):
    """The findings of the check before an export, as `%export --check` shows them."""

    def __init__(self, runtime: Runtime) -> None:
        """Check the services as they are now."""
        definitions = [service.definition for service in runtime.defined()]
        self.findings = findings(runtime)
        super().__init__(
            f"On the platform; {order_text(definitions)}",
            ("Worker", "where", "plan", "", "what", "remedy"),
            [
                (each.service, each.where, each.plan, each.level, each.text, each.remedy)
                for each in self.findings
            ],
            "nothing was found that would fail or differ",
        )
