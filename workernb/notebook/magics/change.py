"""`%bind`, `%unbind`, `%var`, `%secret`: settings of a Worker that runs, without its cell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope, no_var_expand

from workernb.assembly import get_runtime
from workernb.notebook.secrets import resolve
from workernb.notebook.tracebacks import shown_from_the_worker_on
from workernb.notebook.variables import expand
from workernb.options.change import PARSERS, Edit
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.versions import Version

from .define import note_of_written_secrets, tell

Names = Mapping[str, Any] | None


@magics_class
class EditingMagics(Magics):
    """The magics that change settings."""

    shell: Any

    @no_var_expand
    @needs_local_scope
    @line_magic
    def bind(self, line: str, local_ns: Names = None) -> None:
        """Bind a Worker that runs to others."""
        self._edit("bind", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    def unbind(self, line: str, local_ns: Names = None) -> None:
        """Take bindings away from a Worker that runs."""
        self._edit("unbind", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    def var(self, line: str, local_ns: Names = None) -> None:
        """Set vars of a Worker that runs."""
        self._edit("var", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    def secret(self, line: str, local_ns: Names = None) -> None:
        """Set secrets of a Worker that runs."""
        self._edit("secret", line, local_ns)

    bind.__doc__ = PARSERS["bind"]().help_text()
    unbind.__doc__ = PARSERS["unbind"]().help_text()
    var.__doc__ = PARSERS["var"]().help_text()
    secret.__doc__ = PARSERS["secret"]().help_text()

    def _edit(self, magic: str, line: str, local_ns: Names) -> None:
        names = {**self.shell.user_ns, **(local_ns or {})}
        edit = Edit.parse(magic, line, partial(expand, names=names))
        runtime = get_runtime()
        before = _version(edit.service)
        secrets = resolve(edit.secrets, before.definition.environment, self.shell)
        with shown_from_the_worker_on(runtime.redactor, self.shell):
            runtime.change(
                edit.service,
                services=edit.services,
                vars=edit.vars,
                secrets=secrets,
                remove=edit.remove,
                reason=edit.words,
            )
        after = _version(edit.service)
        changed = describe_change(before.definition, after.definition)
        line = f"{after} · {runtime.redactor.redact(changed)}"
        tell([*note_of_written_secrets(edit.secrets), line])


def _version(service: str) -> Version:
    version = get_runtime()[service].version
    assert version is not None
    return version
