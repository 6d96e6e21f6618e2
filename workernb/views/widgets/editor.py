"""The binding editor: the bindings, vars and secrets of a Worker, with buttons to change them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import traitlets
from ipywidgets import HTML, Button, Checkbox, HBox, Password, Text, VBox, Widget

from workernb.assembly import checked_runtime
from workernb.errors import UsageError
from workernb.options.change import service_of
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.history import Change
from workernb.runtime.services.kinds import SECRETS, SERVICES, VARS, BindingKind
from workernb.runtime.services.targets import DEFAULT, Target
from workernb.runtime.services.versions import Version
from workernb.views.drawing.text import Markup, one_line
from workernb.views.pictures.settings import SettingsPicture
from workernb.views.tables.workers import settings_rows

from .dropdown import StickyDropdown
from .ticker import call_on_loop, running_loop

MAX_DETAIL = 82
"""How many characters of a binding's value a row shows."""

REASON = "the binding editor"
"""The reason of the editor's changes in the history."""

_NAME = {"width": "11em"}
_VALUE = {"width": "16em"}
_DROPDOWN = {"width": "12em"}
_BUTTON = {"width": "auto"}


class SecretField(Password):  # type: ignore[misc]
    """A password field whose value is sent to the kernel, and never back to a page."""

    value = traitlets.Unicode("").tag(sync=True, echo_update=False)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state without the value, so that no notebook or message contains it."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return {**state, "value": ""} if "value" in state else state


class BindingEditor(VBox):  # type: ignore[misc]
    """Changes the settings of a Worker: `BindingEditor(gateway)`, in a cell or any box of widgets.

    Each button makes one change with `Runtime.change`; an error is shown below the forms. service:
    the name of the service that is edited, or an empty string; it can be set. bindings, vars,
    secrets: the forms.
    """

    service = traitlets.Unicode("")

    def __init__(
        self, worker: Handle | str = "", runtime: Runtime | None = None, **traits: Any
    ) -> None:
        """Edit a Worker, given by its handle or its name. Raises UsageError if there is none."""
        if isinstance(worker, Handle):
            runtime = worker._runtime if runtime is None else runtime
            worker = worker.name
        if not isinstance(worker, str):
            raise UsageError(f"A Worker is a handle or its name, not {worker!r}.")
        self.runtime = checked_runtime(runtime)
        self._loop = running_loop()
        self._refresh_pending = False
        self._still_output: Any = None
        self._shown_version: Any = None
        self._title, self._message = HTML(), HTML()
        self._rows = VBox()
        self.bindings = BindingForm(self)
        self.vars = VarForm(self)
        self.secrets = SecretForm(self)
        self._form_of: dict[str, Form] = {
            SERVICES.keyword: self.bindings,
            VARS.keyword: self.vars,
            SECRETS.keyword: self.secrets,
        }
        self._forms = VBox(list(self._form_of.values()))
        super().__init__(children=[self._title, self._rows, self._forms, self._message], **traits)
        self.add_class("workernb-form")
        self.service = service_of(worker) if worker else ""
        self.refresh()
        self.runtime.on_changed.append(self._on_changed)

    @property
    def version(self) -> Version | None:
        """The version that serves; None if the service is not defined or has been removed."""
        service = self.runtime.services.get(self.service)
        return None if service is None else service.version

    @property
    def message(self) -> str:
        """The last message, as HTML."""
        return str(self._message.value)

    @traitlets.validate("service")
    def _check(self, proposal: Any) -> str:
        name = str(proposal["value"])
        return self.runtime[name].name if name else ""

    @traitlets.observe("service")
    def _on_service(self, change: Any) -> None:
        for form in self._form_of.values():
            form.clear()
        self._message.value = ""
        self.refresh()

    # Changes of the runtime

    def _on_changed(self, change: Change) -> None:
        """Schedule a refresh: one for all changes that a cell makes."""
        if not self._refresh_pending:
            self._refresh_pending = True
            if self._loop is None or self._loop.is_closed():
                self.refresh()
            else:
                self._loop.call_soon_threadsafe(self.refresh)

    def refresh(self) -> None:
        """Show the current settings, and update the options of the binding form."""
        self._refresh_pending = False
        self.bindings.update_options()
        version = self.version
        # Versions are immutable.
        if self._shown_version == (self.service, version):
            return
        self._shown_version = (self.service, version)
        self._forms.layout.display = None if version is not None else "none"
        old_rows = self._rows.children
        if version is None:
            title = f"{self.service} is not defined" if self.service else "No Worker is chosen"
            self._title.value = Markup("<b>{}.</b>").format(title)
            self._rows.children = ()
        else:
            self._title.value = Markup("<b>Bindings of {}</b> · v{}").format(
                self.service, version.number
            )
            self._rows.children = self._setting_rows(version.definition)
        for row in old_rows:
            _close(row)

    def _setting_rows(self, definition: Definition) -> tuple[Widget, ...]:
        rows = []
        for kind, name, value in definition.each_binding():
            if kind.entry(name, value) is not None:
                text = one_line(self.runtime.redactor.redact(kind.detail(value)), MAX_DETAIL)
                description = Markup("<b>{}</b> {}").format(name, text)
                rows.append(self._row(name, description, self._form(kind), value))
        return tuple(rows) or (HTML("Nothing is bound yet."),)

    def _form(self, kind: BindingKind) -> Form:
        """Return the form of a kind; one that has no form of its own gets a text field."""
        form = self._form_of.get(kind.keyword)
        if form is None:
            form = self._form_of[kind.keyword] = TextForm(self, kind)
            self._forms.children = (*self._forms.children, form)
        return form

    def _row(self, name: str, description: Markup, form: Form, value: Any) -> HBox:
        edit = self.button("Edit", f"Put {name} into the form", lambda: form.load(name, value))
        remove = self.button("Remove", f"Remove {name}", lambda: self.apply(remove=(name,)))
        return HBox([HTML(description, layout={"min_width": "20em"}), edit, remove])

    # Changes by this editor

    def button(self, label: str, tooltip: str, callback: Callable[[], object]) -> Button:
        """Return a button whose callback is called on the event loop that the Workers run on."""
        button = Button(description=label, tooltip=tooltip, layout=_BUTTON)
        button.on_click(lambda _: call_on_loop(self._loop, callback))
        return button

    def apply(self, **changes: Any) -> bool:
        """Make one change with `Runtime.change`, and show what it did or why it failed.

        Returns whether it succeeded.
        """
        before = self.version
        try:
            self.runtime.change(self.service, reason=REASON, **changes)
        except Exception as error:
            self.show_error(error)
            return False
        after = self.version
        if before is not None and after is not None:
            redact = self.runtime.redactor.redact
            change = describe_change(before.definition, after.definition, redact)
            self._show_message("status", f"{after} · {change}")
        self.refresh()
        if self._still_output is not None:
            self._still_output.update()
        return True

    def show_error(self, error: Exception) -> None:
        """Show why nothing was changed."""
        kind = "" if isinstance(error, UsageError) else f"{type(error).__name__}: "
        text = " ".join([f"{kind}{error}", *getattr(error, "__notes__", [])])
        self._show_message("alert", f"Refused: {self.runtime.redactor.redact(text)}")

    def _show_message(self, role: str, text: str) -> None:
        color = "var(--jp-error-color1,#c02020)" if role == "alert" else "inherit"
        span = Markup('<span role="{}" style="color:{}">{}</span>')
        self._message.value = span.format(role, color, one_line(text, 400))

    def still(self) -> SettingsPicture:
        """Return the settings as they are now, as a still picture."""
        version = self.version
        if version is None:
            name = self.service or "no Worker"
            return SettingsPicture(f"Bindings of {name}", [], "It is not defined.")
        rows = settings_rows(version.definition, self.runtime.redactor.redact)
        title = f"Bindings of {self.service} · v{version.number}"
        return SettingsPicture(title, rows, "Nothing is bound yet.")

    def __repr__(self) -> str:
        if self.version is None:
            return f"<BindingEditor of {self.service or 'no Worker'}>"
        return self.still().text()

    def _ipython_display_(self) -> None:
        """Display the settings; while the kernel lives, the widget takes their place."""
        from .still import StillOutput

        self._loop = self._loop or running_loop()
        self._still_output = StillOutput(self, self.still)

    def close(self) -> None:
        """Close the widget and its parts, and follow no further changes."""
        # Widget.__del__ calls this too, even if __init__ has raised an exception.
        if "_forms" in self.__dict__:
            if self._on_changed in self.runtime.on_changed:
                self.runtime.on_changed.remove(self._on_changed)
            for part in (self._title, self._rows, self._forms, self._message):
                _close(part)
            if self._still_output is not None:
                self._still_output.close()
        super().close()


class Form(HBox):  # type: ignore[misc]
    """Fields in a row, with a button that adds or replaces one setting."""

    label = ""
    button_label = "Set"

    def __init__(self, editor: BindingEditor, fields: Sequence[Widget]) -> None:
        """Create the form with these fields after the name field."""
        self._editor = editor
        self.name = Text(placeholder="NAME", layout=_NAME)
        self.button = editor.button(self.button_label, self.label, self._submit)
        label = HTML(Markup.escape(self.label), layout={"width": "9em"})
        super().__init__([label, self.name, *fields, self.button])
        self.layout.flex_flow = "row wrap"

    def _submit(self) -> None:
        try:
            changes = self.changes()
        except UsageError as error:
            self._editor.show_error(error)
        else:
            if self._editor.apply(**changes):
                self.clear()

    def changes(self) -> dict[str, Any]:
        """Return the change as keyword arguments of `Runtime.change`."""
        raise NotImplementedError

    def clear(self) -> None:
        """Empty the fields."""
        self.name.value = ""

    def load(self, name: str, value: Any) -> None:
        """Fill the fields with an existing setting."""
        self.name.value = name


class BindingForm(Form):
    """The form of a service binding.

    worker, environment, entrypoint: dropdowns of what is defined; the options of each depend on the
    values of those before it. props: a JSON object.
    """

    label = "Service binding"
    button_label = "Bind"

    def __init__(self, editor: BindingEditor) -> None:
        """Create the fields; `update_options` fills the dropdowns."""
        self.worker = StickyDropdown(layout=_DROPDOWN, tooltip="Worker")
        self.environment = StickyDropdown(layout=_DROPDOWN, tooltip="Environment")
        self.entrypoint = StickyDropdown(layout=_DROPDOWN, tooltip="Entrypoint")
        self.props = Text(placeholder='props: {"role": "reader"}', layout=_VALUE)
        fields = [self.worker, self.environment, self.entrypoint, self.props]
        super().__init__(editor, fields)
        for field in (self.worker, self.environment):
            field.on_choice(lambda: call_on_loop(editor._loop, self.update_options))

    def update_options(self) -> None:
        """Set the options: Workers, environments of the selected one, and its entrypoints."""
        workers: dict[str, dict[str, str]] = {}
        runtime = self._editor.runtime
        for service in runtime.defined():
            definition = service.definition
            environments = workers.setdefault(definition.worker, {})
            environments[definition.environment or ""] = service.name
        self.worker.set_options([(name, name) for name in workers])
        environments = workers.get(self.worker.value, {})
        self.environment.set_options([(name or "no environment", name) for name in environments])
        selected = runtime.services.get(environments.get(self.environment.value, ""))
        entrypoints = list(selected.entrypoints) if selected is not None else []
        self.entrypoint.set_options([(name, name) for name in entrypoints or [DEFAULT]])

    def changes(self) -> dict[str, Any]:
        """Return the binding as a change."""
        if self.worker.value is None:
            raise UsageError("There is no Worker to bind to: define one with %%worker NAME.")
        environment, entrypoint = self.environment.value, self.entrypoint.value
        target = str(self.worker.value)
        target += f"@{environment}" if environment else ""
        target += f"#{entrypoint}" if entrypoint != DEFAULT else ""
        return {"services": {self.name.value.strip(): target + self._props()}}

    def _props(self) -> str:
        text = str(self.props.value).strip()
        if text and not text.startswith("{"):
            raise UsageError(f'Props are a JSON object: write {{"role": "reader"}}, not {text!r}.')
        return text

    def clear(self) -> None:
        """Empty the text fields; the dropdowns keep their values."""
        super().clear()
        self.props.value = ""

    def load(self, name: str, value: Target) -> None:
        """Fill the fields with a binding; a target that does not exist cannot be selected."""
        super().load(name, value)
        self.props.value = value.props
        service = self._editor.runtime.services.get(value.service)
        if service is not None and service.versions:
            definition = service.definition
            self.worker.value = definition.worker
            self.environment.value = definition.environment or ""
            if value.entrypoint in service.entrypoints:
                self.entrypoint.value = value.entrypoint


class VarForm(Form):
    """The form of a var, whose value is text or JSON."""

    label = "Var"

    def __init__(self, editor: BindingEditor) -> None:
        """Create the fields."""
        self.value = Text(placeholder="value", layout=_VALUE)
        self.json = Checkbox(description="JSON", indent=False, layout=_BUTTON)
        super().__init__(editor, [self.value, self.json])

    def changes(self) -> dict[str, Any]:
        """Return the var as a change."""
        name, value = self.name.value.strip(), self.value.value
        if self.json.value:
            try:
                value = json.loads(value)
            except ValueError as error:
                raise UsageError(f"The value of {name} is no JSON: {error}.") from None
        return {"vars": {name: value}}

    def clear(self) -> None:
        """Empty the fields."""
        super().clear()
        self.value.value, self.json.value = "", False

    def load(self, name: str, value: Any) -> None:
        """Fill the fields with a var."""
        super().load(name, value)
        self.json.value = not isinstance(value, str)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self.value.value = text


class TextForm(Form):
    """The form of a kind of binding whose value is given as a text."""

    def __init__(self, editor: BindingEditor, kind: BindingKind) -> None:
        """Create the field."""
        self.kind = kind
        self.label = kind.noun[:1].upper() + kind.noun[1:]
        self.value = Text(placeholder="value", layout=_VALUE)
        super().__init__(editor, [self.value])

    def changes(self) -> dict[str, Any]:
        """Return the binding as a change."""
        return {self.kind.keyword: {self.name.value.strip(): self.value.value}}

    def clear(self) -> None:
        """Empty the fields."""
        super().clear()
        self.value.value = ""

    def load(self, name: str, value: Any) -> None:
        """Fill the fields with a binding."""
        super().load(name, value)
        self.value.value = str(self.kind.as_given({name: value})[name])


class SecretForm(Form):
    """The form of a secret. Its value is hidden, and deleted from the form when it is used."""

    label = "Secret"

    def __init__(self, editor: BindingEditor) -> None:
        """Create the fields."""
        self.value = SecretField(placeholder="value", continuous_update=False, layout=_VALUE)
        super().__init__(editor, [self.value])

    def changes(self) -> dict[str, Any]:
        """Return the secret as a change, and empty the field even if the change fails."""
        name, value = self.name.value.strip(), self.value.value
        self.value.value = ""
        if not value:
            raise UsageError(f"The secret {name or 'NAME'} needs a value: type it beside the name.")
        return {"secrets": {name: value}}

    def clear(self) -> None:
        """Empty the fields."""
        super().clear()
        self.value.value = ""


def _close(widget: Widget) -> None:
    """Close a widget and its children."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
