"""`%stores` and `%d1`: what Workers have stored, and where it is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from workernb.assembly import Runtime, get_runtime
from workernb.errors import (
    CanceledError,
    StoreError,
    UsageError,
    did_you_mean,
    on_one_line,
    with_notes,
)
from workernb.notebook.display import display
from workernb.notebook.variables import expander
from workernb.options.stores import D1Options, StoresOptions, d1_parser, stores_parser
from workernb.resources.contents import KINDS, clear
from workernb.resources.d1 import D1Kind

Names = Mapping[str, Any] | None


@magics_class
class StoresMagics(Magics):
    """The magics about stores."""

    shell: Any

    @no_var_expand
    @needs_local_scope
    @line_magic
    def stores(self, line: str, local_ns: Names = None) -> None:
        """List what Workers have stored, or say where it is kept."""
        from workernb.views.tables.stores import StoresTable, StoreTable, bound_names

        options, runtime = StoresOptions.parse(line, expander(self.shell, local_ns)), get_runtime()
        with _errors_on_one_line():
            done = _keep_or_copy(runtime, options)
            if options.kind is not None and options.name is not None:
                kind, name, key = options.kind, options.name, options.object
                if kind == "do":
                    name = namespace_named(runtime, name)
                if options.clear:
                    bound = bound_names(runtime, kind)
                    count = clear(runtime.stores, kind, name, options.prefix, key, bound)
                    print(f"{KINDS[kind]} {name}: {count:,} deleted.")
                else:
                    display(StoreTable(runtime, kind, name, options.prefix, key))
            elif not done:
                display(StoresTable(runtime))

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def d1(self, line: str, cell: str | None = None, local_ns: Names = None) -> Any:
        """Run SQL in a D1 database; the value is its rows."""
        options, runtime = (
            D1Options.parse(line, cell, expander(self.shell, local_ns)),
            get_runtime(),
        )
        name = _database_named(runtime, options.name)
        with _errors_on_one_line():
            if options.migrate is not None:
                return _migrate(runtime, name, options.migrate)
            return _query(runtime, name, options.sql)

    stores.__doc__ = stores_parser().help_text()
    d1.__doc__ = d1_parser().help_text()


@contextlib.contextmanager
def _errors_on_one_line() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise CanceledError("The call to the store was interrupted.") from None
    except StoreError as error:
        notes = getattr(error, "__notes__", [])
        redact = get_runtime().redactor.redact
        raise on_one_line(error, redact(" ".join([str(error), *notes]))) from None


def _keep_or_copy(runtime: Runtime, options: StoresOptions) -> bool:
    """Do what `--persist`, `--import` and `--export` ask for; return whether one was given."""
    from workernb.wrangler.state import export_state, import_state

    stores = runtime.stores
    if options.persist is not None:
        stores.persist(options.persist)
        print(f"The stores are kept in {stores.directory}, and found there by the next kernel.")
    if options.import_ is not None:
        print(f"Imported: {', '.join(import_state(runtime, Path(options.import_)))}.")
    if options.export is not None:
        print(f"Exported: {', '.join(export_state(stores, Path(options.export)))}.")
    return (options.persist, options.import_, options.export) != (None, None, None)


def namespace_named(runtime: Runtime, name: str) -> str:
    """Return the namespace of Durable Objects of a name, which may be a binding's.

    Raises UsageError for a binding whose name leads to different namespaces.
    """
    bound = {
        store.name
        for service in runtime.defined()
        for binding, store in service.definition.stores()
        if binding == name and store.noun == KINDS["do"]
    }
    if len(bound) > 1:
        raise UsageError(f"{name} is bound to {' and to '.join(sorted(bound))}: write which.")
    return next(iter(bound), name)


def _database_named(runtime: Runtime, name: str) -> str:
    """Return the D1 database of a name, which may be a binding's; UsageError if there is none."""
    kind = D1Kind()
    bindings: dict[str, str] = {}
    for service in runtime.defined():
        bindings.update(service.definition.of_kind(kind))
    names = {each for its_kind, each in runtime.stores.used() if its_kind == "d1"}
    names.update(bindings.values())
    if name in names or name not in bindings:
        if name in names:
            return name
        raise with_notes(
            UsageError(f"There is no D1 database {name!r}."),
            did_you_mean(name, {*names, *bindings}) or f"Bind one: %%worker NAME --d1 DB={name}",
        )
    return bindings[name]


def _migrate(runtime: Runtime, name: str, folder: str) -> None:
    from workernb.resources.sql.migrations import apply_migrations

    applied = apply_migrations(runtime.stores.database(name), Path(folder))
    print(f"{name}: {', '.join(applied) if applied else 'nothing is new'}.")


def _query(runtime: Runtime, name: str, sql: str) -> Any:
    """Run statements, and return the rows of the last one, as pandas' frame where that is there."""
    from workernb.resources.calls import NotebookOperation
    from workernb.views.tables.stores import QueryRows

    names, rows, meta = runtime.stores.d1(name)._query(NotebookOperation(), sql)
    if find_spec("pandas") is not None:
        import pandas  # type: ignore[import-untyped]

        # Of lists, so that columns without rows are there, and those whose names repeat.
        return pandas.DataFrame([list(row) for row in rows], columns=names)
    count = len(rows)
    note = f"{name} · {count:,} row{'s' * (count != 1)} · {meta.rows_read:,} read"
    if meta.changed_db:
        note += f" · {meta.rows_written:,} written"
    note = f"{note} · {meta.duration:.2f} ms"
    return QueryRows(names, rows, note, runtime.redactor.redact)
