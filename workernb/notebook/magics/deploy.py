"""`%deploy`, `%rollback`, `%diff`, `%remove`: which version of a Worker serves, if any."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.errors import UsageError
from workernb.notebook.display import display
from workernb.notebook.tracebacks import shown_from_the_worker_on
from workernb.options.change import PARSERS, shares, worker
from workernb.options.parser import strip_comment
from workernb.runtime.services.dependents import dependents


@magics_class
class DeployingMagics(Magics):
    """The magics that change which versions serve."""

    shell: Any

    @line_magic
    def deploy(self, line: str) -> None:
        """Let versions of a Worker serve."""
        typed = PARSERS["deploy"]().parse(line)
        name, runtime = worker(typed.name), get_runtime()
        with shown_from_the_worker_on(runtime.redactor, self.shell):
            runtime.deploy(name, shares(typed.shares), reason=f"%deploy {strip_comment(line)}")
        print(f"{name} · {runtime.services[name].deployment}")

    @line_magic
    def rollback(self, line: str) -> None:
        """Let an earlier version of a Worker serve."""
        name, runtime = worker(PARSERS["rollback"]().parse(line).name), get_runtime()
        before = str(runtime.services[runtime[name].name].deployment)
        with shown_from_the_worker_on(runtime.redactor, self.shell):
            runtime.rollback(name, reason=f"%rollback {strip_comment(line)}")
        print(f"{name} · back to {runtime.services[name].deployment}, from {before}")

    @line_magic
    def diff(self, line: str) -> None:
        """Show how two versions differ."""
        from workernb.views.tables.changes import VersionDiff

        typed = PARSERS["diff"]().parse(line)
        if len(typed.versions) > 2:
            raise UsageError("%diff compares two versions: %diff auth v2 v3.")
        display(VersionDiff.of(get_runtime(), worker(typed.name), typed.versions))

    @line_magic
    def remove(self, line: str) -> None:
        """Define a Worker no more."""
        typed = PARSERS["remove"]().parse(line)
        name, runtime = worker(typed.name), get_runtime()
        callers = [one for one in dependents(runtime.defined(), name) if one.caller != name]
        runtime.remove(name, force=typed.force, reason=f"%remove {strip_comment(line)}")
        lost = f"; without a target now: {', '.join(map(str, callers))}" if callers else ""
        print(f"{name} is removed{lost}")

    deploy.__doc__ = PARSERS["deploy"]().help_text()
    rollback.__doc__ = PARSERS["rollback"]().help_text()
    diff.__doc__ = PARSERS["diff"]().help_text()
    remove.__doc__ = PARSERS["remove"]().help_text()
