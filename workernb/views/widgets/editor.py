"""The binding editor: a Worker's bindings, vars and secrets, and buttons that change them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import traitlets
from ipywidgets import HTML, Button, Checkbox, HBox, Password, Text, VBox, Widget

from workernb.assembly import get_runtime
from workernb.errors import UsageError
from workernb.options.change import worker as service_of
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.history import Change
from workernb.runtime.services.targets import DEFAULT, Target
from workernb.runtime.services.versions import Version
from workernb.views.drawing.text import Markup, one_line, visible
from workernb.views.tables.table import Table
from workernb.views.tables.workers import settings_rows

from .dropdown import Choice
from .ticker import on_loop, running_loop

REASON = "the binding editor"

_NAME = {"width": "11em"}
_VALUE = {"width": "16em"}
_CHOICE = {"width": "12em"}
_BUTTON = {"width": "auto"}


class SecretField(Password):  # type: ignore[misc]
    """Where a secret's value is typed: it goes to the kernel, and never back to any page."""

    value = traitlets.Unicode("").tag(sync=True, echo_update=False)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state without the value, so that no notebook or message can hold it."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return {**state, "value": ""} if "value" in state else state


class BindingEditor(VBox):  # type: ignore[misc]
    """Changes a Worker while it runs: `BindingEditor(gateway)`, in a cell or any box of widgets.

    Each button is one change, applied at once by `Runtime.change`; what is refused is said in
    place. service: the one that is edited, which may be set; an empty text for none. `bindings`,
    `vars` and `secrets` are its three forms.
    """

    service = traitlets.Unicode("")

    def __init__(
        self, worker: Handle | str = "", runtime: Runtime | None = None, **traits: Any
    ) -> None:
        """Edit a Worker, given by its handle or its name; UsageError when there is none."""
        if isinstance(worker, Handle):
            runtime = worker._runtime if runtime is None else runtime
            worker = worker.name
        if not isinstance(worker, str):
            raise UsageError(f"A Worker is a handle or its name, not {worker!r}.")
        self.runtime = get_runtime() if runtime is None else runtime
        self._loop = running_loop()
        self._stale = False
        self._key: Any = None
        self._title, self._said = HTML(), HTML()
        self._rows = VBox()
        self.bindings = BindingForm(self)
        self.vars = VarForm(self)
        self.secrets = SecretForm(self)
        self._forms = VBox([self.bindings, self.vars, self.secrets])
        super().__init__(children=[self._title, self._rows, self._forms, self._said], **traits)
        self.service = service_of(worker) if worker else ""
        self.refresh()
        self.runtime.on_changed.append(self._changed)

    @property
    def version(self) -> Version | None:
        """The version of the Worker that serves; None when it is not defined (any more)."""
        service = self.runtime.services.get(self.service)
        return None if service is None else service.version

    @property
    def message(self) -> str:
        """What the editor said last, as HTML."""
        return str(self._said.value)

    @traitlets.validate("service")
    def _check(self, proposal: Any) -> str:
        name = str(proposal["value"])
        return self.runtime[name].name if name else ""

    @traitlets.observe("service")
    def _chosen(self, change: Any) -> None:
        for form in (self.bindings, self.vars, self.secrets):
            form.clear()
        self._said.value = ""
        self.refresh()

    # What others change

    def _changed(self, change: Change) -> None:
        """Look what was changed, soon: a cell may change much."""
        if not self._stale:
            self._stale = True
            if self._loop is None or self._loop.is_closed():
                self.refresh()
            else:
                self._loop.call_soon_threadsafe(self.refresh)

    def refresh(self) -> None:
        """Show what is bound now, and offer what there is now to bind to."""
        self._stale = False
        self.bindings.offer()
        version = self.version
        # What a version is never changes.
        if self._key == (self.service, version):
            return
        self._key = (self.service, version)
        self._forms.layout.display = None if version is not None else "none"
        before = self._rows.children
        if version is None:
            words = f"{self.service} is not defined" if self.service else "No Worker is chosen"
            self._title.value = Markup("<b>{}.</b>").format(words)
            self._rows.children = ()
        else:
            title = Markup("<b>Bindings of {}</b> · v{}")
            self._title.value = title.format(self.service, version.number)
            self._rows.children = self._made_rows(version.definition)
        for row in before:
            _close(row)

    def _made_rows(self, definition: Definition) -> tuple[Widget, ...]:
        rows = []
        for name, target in definition.services.items():
            description = Markup("<b>{}</b> → {}").format(name, visible(str(target), 200))
            rows.append(self._row(name, description, self.bindings, target))
        for name, value in definition.vars.items():
            text = self.runtime.redactor.redact(json.dumps(value, ensure_ascii=False))
            description = Markup("<b>{}</b> = {}").format(name, one_line(text, 80))
            rows.append(self._row(name, description, self.vars, value))
        for name in definition.secrets:
            description = Markup("<b>{}</b> (secret)").format(name)
            rows.append(self._row(name, description, self.secrets, None))
        return tuple(rows) or (HTML("Nothing is bound yet."),)

    def _row(self, name: str, description: Markup, form: Form, value: Any) -> HBox:
        edit = self.button("Edit", f"Put {name} into the form", lambda: form.load(name, value))
        remove = self.button("Remove", f"Remove {name}", lambda: self.apply(remove=(name,)))
        return HBox([HTML(description, layout={"min_width": "20em"}), edit, remove])

    # What this editor changes

    def button(self, label: str, tooltip: str, act: Callable[[], object]) -> Button:
        """Return a button; what it does happens on the loop that the Workers run on."""
        made = Button(description=label, tooltip=tooltip, layout=_BUTTON)
        made.on_click(lambda _: on_loop(self._loop, act))
        return made

    def apply(self, **changes: Any) -> bool:
        """Make one change, as `Runtime.change` takes it; say what it did, or why it was refused."""
        redact = self.runtime.redactor.redact
        before = self.version
        try:
            self.runtime.change(self.service, reason=REASON, **changes)
        except Exception as error:
            self.refuse(error)
            return False
        after = self.version
        if before is not None and after is not None:
            words = f"{after} · {redact(describe_change(before.definition, after.definition))}"
            self._say("status", words)
        self.refresh()
        return True

    def refuse(self, error: Exception) -> None:
        """Say in place why nothing was changed."""
        kind = "" if isinstance(error, UsageError) else f"{type(error).__name__}: "
        words = " ".join([f"{kind}{error}", *getattr(error, "__notes__", [])])
        self._say("alert", f"Refused: {self.runtime.redactor.redact(words)}")

    def _say(self, role: str, words: str) -> None:
        color = "var(--jp-error-color1,#c02020)" if role == "alert" else "inherit"
        span = Markup('<span role="{}" style="color:{}">{}</span>')
        self._said.value = span.format(role, color, one_line(words, 400))

    def __repr__(self) -> str:
        version = self.version
        if version is None:
            return f"<BindingEditor of {self.service or 'no Worker'}>"
        rows = settings_rows(version.definition)
        return repr(Table(f"Bindings of {self.service}", ("name", "kind"), rows, "none"))

    def _ipython_display_(self) -> None:
        """Show the widget where a kernel keeps it alive, and elsewhere what is bound, as text."""
        from .still import show_widget

        self._loop = self._loop or running_loop()
        if not show_widget(self, repr(self)):
            print(repr(self))

    def close(self) -> None:
        """Show nothing any more, and follow no change."""
        # Python also closes what was refused before it was made.
        if "_forms" in self.__dict__:
            if self._changed in self.runtime.on_changed:
                self.runtime.on_changed.remove(self._changed)
            for part in (self._title, self._rows, self._forms, self._said):
                _close(part)
        super().close()


class Form(HBox):  # type: ignore[misc]
    """A row of fields and a button that adds or replaces one setting."""

    label = ""
    button_label = "Set"

    def __init__(self, editor: BindingEditor, fields: Sequence[Widget]) -> None:
        """Put the fields behind the name's."""
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
            self._editor.refuse(error)
        else:
            if self._editor.apply(**changes):
                self.clear()

    def changes(self) -> dict[str, Any]:
        """Return what is to be changed, as `Runtime.change` takes it."""
        raise NotImplementedError

    def clear(self) -> None:
        """Empty the fields."""
        self.name.value = ""

    def load(self, name: str, value: Any) -> None:
        """Put a setting that is there into the fields."""
        self.name.value = name


class BindingForm(Form):
    """A Service binding: the Worker, its environment and entrypoint are chosen from what exists.

    worker, environment, entrypoint: what is offered follows what is chosen before. props: JSON.
    """

    label = "Service binding"
    button_label = "Bind"

    def __init__(self, editor: BindingEditor) -> None:
        """Make the fields; `offer` fills them."""
        self.worker = Choice(layout=_CHOICE, tooltip="Worker")
        self.environment = Choice(layout=_CHOICE, tooltip="Environment")
        self.entrypoint = Choice(layout=_CHOICE, tooltip="Entrypoint")
        self.props = Text(placeholder='props: {"role": "reader"}', layout=_VALUE)
        fields = [self.worker, self.environment, self.entrypoint, self.props]
        super().__init__(editor, fields)
        for field in (self.worker, self.environment):
            field.on_choice(lambda: on_loop(editor._loop, self.offer))

    def offer(self) -> None:
        """Offer what exists now: Workers, the chosen one's environments, their entrypoints."""
        there: dict[str, dict[str, str]] = {}
        runtime = self._editor.runtime
        for service in runtime.defined():
            definition = service.definition
            environments = there.setdefault(definition.worker, {})
            environments[definition.environment or ""] = service.name
        self.worker.offer([(name, name) for name in there])
        environments = there.get(self.worker.value, {})
        self.environment.offer([(name or "no environment", name) for name in environments])
        chosen = runtime.services.get(environments.get(self.environment.value, ""))
        entrypoints = list(chosen.entrypoints) if chosen is not None else []
        self.entrypoint.offer([(name, name) for name in entrypoints or [DEFAULT]])

    def changes(self) -> dict[str, Any]:
        """Return the binding."""
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
        """Empty what is typed; what is chosen stays."""
        super().clear()
        self.props.value = ""

    def load(self, name: str, value: Target) -> None:
        """Choose what a binding is bound to; what does not exist cannot be chosen."""
        super().load(name, value)
        self.props.value = value.props
        known = self._editor.runtime.services.get(value.service)
        if known is not None and known.versions:
            definition = known.definition
            self.worker.value = definition.worker
            self.environment.value = definition.environment or ""
            if value.entrypoint in known.entrypoints:
                self.entrypoint.value = value.entrypoint


class VarForm(Form):
    """A var: a text, or JSON."""

    label = "Var"

    def __init__(self, editor: BindingEditor) -> None:
        """Make the fields."""
        self.value = Text(placeholder="value", layout=_VALUE)
        self.json = Checkbox(description="JSON", indent=False, layout=_BUTTON)
        super().__init__(editor, [self.value, self.json])

    def changes(self) -> dict[str, Any]:
        """Return the var."""
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
        """Put a var into the fields."""
        super().load(name, value)
        self.json.value = not isinstance(value, str)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self.value.value = text


class SecretForm(Form):
    """A secret: its value is typed unseen, and forgotten by the form once it was used."""

    label = "Secret"

    def __init__(self, editor: BindingEditor) -> None:
        """Make the fields."""
        self.value = SecretField(placeholder="value", continuous_update=False, layout=_VALUE)
        super().__init__(editor, [self.value])

    def changes(self) -> dict[str, Any]:
        """Return the secret, and forget its value, whatever becomes of it."""
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
    """Close a widget and all that is in it."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
