"""`%deploy`, `%rollback`, `%diff`, `%remove`: the versions of a Worker, and which of them serve."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.errors import UsageError
from workernb.notebook.display import display
from workernb.notebook.tracebacks import workers_frames_only
from workernb.options.change import PARSERS, service_of, shares
from workernb.options.parser import strip_comment
from workernb.runtime.services.dependents import dependents, tailed_by


@magics_class
class DeployMagics(Magics):
    """The magics that change which versions serve."""

    shell: Any

    @line_magic
    def deploy(self, line: str) -> None:
        """Deploy one version of a Worker, or two with a share each."""
        typed = PARSERS["deploy"]().parse(line)
        name, runtime = service_of(typed.name), get_runtime()
        with workers_frames_only(runtime.redactor, self.shell):
            runtime.deploy(name, shares(typed.shares), reason=f"%deploy {strip_comment(line)}")
        print(f"{name} · {runtime.services[name].deployment}")

    @line_magic
    def rollback(self, line: str) -> None:
        """Deploy what was deployed before."""
        typed, runtime = PARSERS["rollback"]().parse(line), get_runtime()
        name, reason = service_of(typed.name), f"%rollback {strip_comment(line)}"
        before = str(runtime.services[runtime[name].name].deployment)
        with workers_frames_only(runtime.redactor, self.shell):
            if typed.version is None:
                runtime.rollback(name, reason=reason)
            else:
                runtime.deploy(name, {typed.version: 100}, reason=reason)
        print(f"{name} · back to {runtime.services[name].deployment}, from {before}")

    @line_magic
    def diff(self, line: str) -> None:
        """Show how two versions differ."""
        from workernb.views.tables.changes import VersionDiff

        typed = PARSERS["diff"]().parse(line)
        if len(typed.versions) > 2:
            raise UsageError("%diff compares two versions: %diff auth v2 v3.")
        display(VersionDiff.of(get_runtime(), service_of(typed.name), typed.versions))

    @line_magic
    def remove(self, line: str) -> None:
        """Remove a Worker."""
        typed = PARSERS["remove"]().parse(line)
        name, runtime = service_of(typed.name), get_runtime()
        callers = [
            dependent
            for dependent in dependents(runtime.defined(), name)
            if dependent.caller != name
        ]
        tailed = tailed_by(runtime.defined(), name)
        runtime.remove(name, force=typed.force, reason=f"%remove {strip_comment(line)}")
        broken = f"; without a target now: {', '.join(map(str, callers))}" if callers else ""
        if tailed:
            broken += f"; without their tail now: {', '.join(tailed)}"
        print(f"{name} is removed{broken}")

    deploy.__doc__ = PARSERS["deploy"]().help_text()
    rollback.__doc__ = PARSERS["rollback"]().help_text()
    diff.__doc__ = PARSERS["diff"]().help_text()
    remove.__doc__ = PARSERS["remove"]().help_text()
