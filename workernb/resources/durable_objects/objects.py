"""Objects: which are in memory, made when an event comes, and dropped when they are idle."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import Any

from workernb.errors import BindingError, DurableObjectError, did_you_mean, with_notes
from workernb.runtime.services.deployments import point_of
from workernb.runtime.services.engine import Handler, ObjectClass
from workernb.runtime.services.history import Change
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import Target
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.texts import PlatformText

from .alarms import Alarms
from .hibernation import ObjectSockets
from .ids import DurableObjectId, Ids
from .instances import Instance, run_event
from .migrations import apply_migrations, classes_without_sql
from .state import DurableObjectState
from .storage.databases import Place
from .storage.store import ObjectStore

IDLE_S = 10.0
"""After how long (s of the runtime's clock) without an event an object is dropped from memory."""

LOOKED_AT = 8
"""How many objects are looked at for that, each time that one is made."""

NOUN = "Durable Objects"


def name_of(target: Target) -> str:
    """Return the name of a namespace: `gateway#Counter`."""
    return f"{target.service}#{target.entrypoint}"


class ObjectEntrypoint:
    """One object, as a stub calls it. id: its id. place: where its storage is. broken: see Stub."""

    def __init__(self, objects: Objects, target: Target, object_id: DurableObjectId) -> None:
        """Address an object, which need not be in memory."""
        self.service = target.service
        self.class_name = target.entrypoint
        self.id = object_id
        self.place: Place = (name_of(target), object_id.text)
        self.node = f"{NOUN} {self.place[0]}"
        self.handlers = self
        self.broken: BaseException | None = None
        self._objects = objects
        self._handlers: dict[str, Handler] = {}
        self._found: Service | None = None

    @property
    def version(self) -> Version | None:
        """The version that serves; of two, always the same one for this id."""
        service = self._found or self._service
        if len(service.isolates) == 1:
            return service.version
        service = self._found = self._service
        if len(service.isolates) < 2:
            return service.version
        return service[service.deployment.pick(point_of(service.name, self.id.text))]

    @property
    def _service(self) -> Service:
        runtime = self._objects.runtime
        service: Service | None = runtime.services.get(self.service)
        return runtime.service_named(self.service) if service is None else service

    @property
    def methods(self) -> Any:
        """What RPC can reach, by name; nothing if there is no such class."""
        found = self.object_class()
        return {} if found is None else found.methods

    def object_class(self) -> ObjectClass | None:
        """Return the class; None if the version that serves has none of this name."""
        version = self.version
        if version is None:
            return None
        isolate = self._service.isolates.get(version.number)
        return None if isolate is None else isolate.objects.get(self.class_name)

    def get(self, name: str) -> Handler:
        """Return the handler that makes the object, if it is not in memory, and runs an event."""
        found = self._handlers.get(name)
        if found is None:
            found = self._handlers[name] = self._make_handler(name)
        return found

    def _make_handler(self, name: str) -> Handler:
        objects = self._objects

        def handler(argument: Any, invocation: Any) -> Any:
            instance = objects.instance(self, invocation)
            return run_event(instance, name, argument, invocation, self)

        return handler

    def missing(self) -> Exception:
        """Return the error about a Worker or a class that is not there."""
        runtime = self._objects.runtime
        service = self._service
        if service.version is None:
            known = [name for name in runtime if name != self.service]
            return with_notes(
                BindingError(f"There is no Worker {self.service!r} for {self.place[0]}."),
                did_you_mean(self.service, known)
                or f"Define it in a cell that starts with %%worker {self.service}",
            )
        known = [n for isolate in service.isolates.values() for n in isolate.objects]
        classes = ", ".join(known)
        return with_notes(
            BindingError(PlatformText.OBJECT_NOT_EXPORTED.format(name=self.class_name)),
            f"Worker {service.version} has "
            + (f"the classes {classes}." if known else "no class of Durable Objects."),
            did_you_mean(self.class_name, known)
            or f"Define class {self.class_name}(DurableObject) in it. What its objects have "
            "stored is kept.",
        )


class Objects:
    """The objects of one runtime that are in memory.

    runtime: set when it is assembled. restarted: how many objects the last change of each service
    has restarted.
    """

    runtime: Any = None

    def __init__(self, stores: Any) -> None:
        """Begin without objects. stores: has their databases, and the clock."""
        self._stores = stores
        self._instances: OrderedDict[Place, Instance] = OrderedDict()
        self._sockets: dict[Place, ObjectSockets] = {}
        self._ids: dict[str, Ids] = {}
        self.restarted: dict[str, int] = {}
        self.alarms = Alarms(self)

    @property
    def databases(self) -> Any:
        """What the objects have stored."""
        return self._stores.object_databases

    @property
    def clock(self) -> Any:
        """The runtime's clock."""
        return self._stores.clock

    def entrypoint(self, namespace: str, object_id: str, name: str | None) -> ObjectEntrypoint:
        """Return the entrypoint of an object by its namespace's name, its id and its name."""
        target = Target(*namespace.split("#", 1))
        return ObjectEntrypoint(self, target, DurableObjectId(object_id, name, None))

    def ids_of(self, target: Target) -> Ids:
        """Return what makes the ids of a namespace."""
        name = name_of(target)
        found = self._ids.get(name)
        if found is None:
            key = self.databases.key_of(name) or f"{target.service}-{target.entrypoint}"
            found = self._ids[name] = Ids(key)
        return found

    def instance(self, entrypoint: ObjectEntrypoint, invocation: ObjectInvocation) -> Instance:
        """Return an object, which is made if it is not in memory, or if its code is older.

        Raises what its constructor raises, and BindingError if there is no such class.
        """
        place = entrypoint.place
        now = self.clock.now()
        found = self._instances.get(place)
        if found is not None:
            if found.version is invocation.version:
                if now - found.used_s < IDLE_S or not found.is_idle:
                    found.used_s = now
                    return found
                del self._instances[place]
            else:
                found.reset(DurableObjectError(PlatformText.OBJECT_UPDATED))
        self._drop_idle(now)
        made = self._make(entrypoint, invocation)
        made.used_s = now
        return made

    def _make(self, entrypoint: ObjectEntrypoint, invocation: ObjectInvocation) -> Instance:
        object_class = entrypoint.object_class()
        if object_class is None:
            stamps = invocation.trace.stamps
            if invocation.caller is not None and stamps[-1] is invocation:
                stamps.pop()  # No code of the Worker runs, so its caller is charged.
            raise entrypoint.missing()
        place, version = entrypoint.place, invocation.version
        storage = ObjectStore(self.databases, place, entrypoint.id.name, object_class.events)
        storage.allows_sql = _allows_sql(version, entrypoint.class_name)

        def forget() -> None:
            if self._instances.get(place) is instance:
                del self._instances[place]
                self._disconnect(place)

        instance = Instance(version, storage, forget)
        storage.on_alarm = lambda at: self.alarms.schedule(entrypoint, at)
        state = DurableObjectState(
            instance, entrypoint.id, self.clock.now, lambda: self._sockets_of(entrypoint, version)
        )
        instance.state = state
        self._instances[place] = instance
        invocation.before_call = storage.commit
        try:
            instance.handlers = object_class.make(state)
        except BaseException as error:
            instance.reset(error)
            raise
        return instance

    def _sockets_of(self, entrypoint: ObjectEntrypoint, version: Version | None) -> ObjectSockets:
        """Return the WebSockets that an object of a version has accepted, or will."""
        found = self._sockets.get(entrypoint.place)
        if found is None:
            found = ObjectSockets(self.runtime, entrypoint, version)
            self._sockets[entrypoint.place] = found
        return found

    def _disconnect(self, place: Place) -> None:
        """End the WebSockets of an object."""
        found = self._sockets.pop(place, None)
        if found is not None:
            found.disconnect()

    def _drop_idle(self, now: float) -> None:
        """Drop objects that have been idle for 10 s; a few are looked at, others next time."""
        for place in list(islice(self._instances, LOOKED_AT)):
            instance = self._instances[place]
            self._instances.move_to_end(place)
            if instance.is_idle and now - instance.used_s >= IDLE_S:
                del self._instances[place]

    def in_memory(self, namespace: str) -> set[str]:
        """Return the ids of the objects of a namespace that are in memory."""
        return {each for name, each in self._instances if name == namespace}

    def restart(self, service: str) -> int:
        """Reset the objects of a service whose code is not what serves; return how many."""
        count = 0
        for (namespace, _), instance in list(self._instances.items()):
            if namespace.partition("#")[0] == service and instance.version is not None:
                found = self.runtime.services.get(service)
                if found is None or instance.version not in found.serving:
                    instance.reset(DurableObjectError(PlatformText.OBJECT_UPDATED))
                    count += 1
        for place, sockets in list(self._sockets.items()):
            if place[0].partition("#")[0] == service and place not in self._instances:
                found = self.runtime.services.get(service)
                if found is None or sockets.version not in found.serving:
                    self._disconnect(place)
        return count

    def drop(self, place: Place) -> None:
        """Reset an object, and delete what it has stored."""
        instance = self._instances.get(place)
        if instance is not None:
            instance.reset(DurableObjectError("Durable Object reset because it was deleted."))
        self._disconnect(place)
        self.alarms.cancel(place)
        self.databases.drop(place)

    def move(self, namespace: str, other: str) -> None:
        """Let what the objects of a namespace have stored be that of another one."""
        rows = self.databases.rows(namespace)
        for row in rows:
            instance = self._instances.get((namespace, row.id))
            if instance is not None:
                instance.reset(DurableObjectError(PlatformText.OBJECT_UPDATED))
            self.alarms.cancel((namespace, row.id))
            self.databases.move((namespace, row.id), other)
        self.databases.set_key(other, self.ids_of(Target(*namespace.split("#", 1))).key)
        self._ids.clear()

    # What the runtime tells

    def attach(self, runtime: Any) -> None:
        """Belong to a runtime."""
        self.runtime = runtime

    def changed(self, change: Change) -> None:
        """Apply a Worker's migrations, and restart its objects if their code has changed."""
        if change.definition is not None and change.definition.migrations:
            apply_migrations(self, self._stores, change.definition)
        restarts = self._instances or self._sockets
        self.restarted[change.service] = self.restart(change.service) if restarts else 0
        service = self.runtime.services.get(change.service)
        if service is not None and any(each.objects for each in service.isolates.values()):
            self.alarms.begin(change.service)

    def moved(self) -> None:
        """Go on where the stores are kept now, with the alarms that are found there."""
        for instance in self._instances.values():
            instance.storage.relocate()
        self.alarms.begin()

    def close(self) -> None:
        """Store what objects have written, and drop all of them."""
        self.commit()
        error = DurableObjectError("Durable Object reset because its runtime was closed.")
        for instance in list(self._instances.values()):
            instance.reset(error)
        for place in list(self._sockets):
            self._disconnect(place)

    def commit(self) -> None:
        """Store what objects have written so far."""
        for instance in self._instances.values():
            instance.storage.commit()


def _allows_sql(version: Version | None, class_name: str) -> bool:
    """Return whether a class has SQL: all have, but those of a migration's `new_classes`."""
    if version is None or not version.definition.migrations:
        return True
    return class_name not in classes_without_sql(version.definition.migrations)
