"""`%bind`, `%unbind`, `%var`, `%secret`: change the settings of a Worker without its cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope, no_var_expand

from workernb.assembly import get_runtime
from workernb.notebook.display import print_lines
from workernb.notebook.secrets import note_about_written_secrets, resolve_secrets
from workernb.notebook.tracebacks import workers_frames_only
from workernb.notebook.variables import expander
from workernb.options.change import PARSERS, ChangeOptions, service_of
from workernb.options.parser import strip_comment
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.kinds import VARS
from workernb.runtime.services.versions import Version

Names = Mapping[str, Any] | None


@magics_class
class ChangeMagics(Magics):
    """The magics that change settings."""

    shell: Any

    @no_var_expand
    @needs_local_scope
    @line_magic
    def bind(self, line: str, local_ns: Names = None) -> None:
        """Bind a Worker to others."""
        self._change("bind", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    def unbind(self, line: str, local_ns: Names = None) -> None:
        """Remove bindings, vars or secrets of a Worker."""
        self._change("unbind", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    def var(self, line: str, local_ns: Names = None) -> None:
        """Set vars of a Worker, or show them."""
        words = strip_comment(line).split()
        if len(words) == 1 and "=" not in line:
            name = expander(self.shell, local_ns)(words[0])
            print_lines(_values_of_vars(service_of(name)))
        else:
            self._change("var", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    def secret(self, line: str, local_ns: Names = None) -> None:
        """Set secrets of a Worker."""
        self._change("secret", line, local_ns)

    bind.__doc__ = PARSERS["bind"]().help_text()
    unbind.__doc__ = PARSERS["unbind"]().help_text()
    var.__doc__ = PARSERS["var"]().help_text()
    secret.__doc__ = PARSERS["secret"]().help_text()

    def _change(self, magic: str, line: str, local_ns: Names) -> None:
        options = ChangeOptions.parse(magic, line, expander(self.shell, local_ns))
        runtime = get_runtime()
        runtime.redactor.learn(value for value in options.secrets.values() if value)
        before = _version(options.service)
        secrets = resolve_secrets(options.secrets, before.definition.environment, self.shell)
        with workers_frames_only(runtime.redactor, self.shell):
            runtime.change(
                options.service,
                services=options.services,
                vars=options.vars,
                secrets=secrets,
                remove=options.remove,
                reason=options.reason,
            )
        after = _version(options.service)
        redact = runtime.redactor.redact
        changes = describe_change(before.definition, after.definition, redact)
        line = f"{after} · {changes}"
        print_lines([*note_about_written_secrets(options.secrets), line])


def _values_of_vars(service: str) -> list[str]:
    """Return a line for each var of a Worker, with its value as JSON."""
    redact, definition = get_runtime().redactor.redact, _version(service).definition
    lines = [f"{name} = {redact(VARS.describe(value))}" for name, value in definition.vars.items()]
    return lines or [f"{definition.name} has no vars: %var {definition.name} KEY=VALUE sets one."]


def _version(service: str) -> Version:
    version = get_runtime()[service].version
    assert version is not None
    return version
