"""What single values of an application's file cannot tell: whether its workloads fit together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from boutique.application.application import Application
from boutique.application.container import InitContainer, called_ports, called_workloads
from boutique.application.workload import Workload
from boutique.settings.errors import nearest


def application_errors(application: Application) -> Iterator[str]:
    """Return a line for each error, with the key and the remedy."""
    yield from _entry(application)
    for name, workload in application.workloads_by_name.items():
        for error in _workload(workload, application.workloads_by_name):
            yield f"workloads.{name}.{error}"
    yield from _external_services(application)
    for number, page in enumerate(application.smoke_pages):
        for name in page.requires:
            if name not in application.workloads_by_name:
                yield f"smokePages.{number}.requires: {_unknown(name, application.workloads_by_name)}"


def call_cycle(application: Application) -> tuple[str, ...]:
    """Return the names of workloads that call each other in a circle, with the first one at the end again, or none."""
    done: set[str] = set()

    def follow(name: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if name in path:
            return (*path[path.index(name) :], name)
        if name in done:
            return ()
        for callee in application.workloads_by_name[name].callees:
            if cycle := follow(callee, (*path, name)):
                return cycle
        done.add(name)
        return ()

    return next((cycle for name in application.workloads_by_name if (cycle := follow(name, ()))), ())


def _entry(application: Application) -> Iterator[str]:
    name = application.entry.workload
    entry = application.workloads_by_name.get(name)
    if entry is None:
        yield f"entry.workload: {_unknown(name, application.workloads_by_name)}"
    elif not entry.ports_with_headers:
        yield (
            f"entry.workload: {name!r}: people reach it by HTTP; give it a port with a name that begins with http, "
            "or an appProtocol"
        )


def _workload(workload: Workload, workloads: Mapping[str, Workload]) -> Iterator[str]:
    for name, count in Counter(port.name for port in workload.ports).items():
        if count > 1:
            yield f"ports: {count} ports are called {name!r}; give each a name of its own"
    for number, uses in Counter(f"{port.port}/{port.protocol}" for port in workload.service_ports).items():
        if uses > 1:
            yield f"ports: {uses} ports have the number {number}; the Service needs different ones"
    yield from _calls(workload, workload.calls, "calls", workloads)
    for name in workload.calls_by_name:
        yield from _callee(workload, name, f"callsByName: {name!r}", workloads)
    for index, container in enumerate(workload.init_containers):
        yield from (
            f"initContainers.{index}.{error}" for error in _calls(workload, container.calls, "calls", workloads)
        )
        yield from (f"initContainers.{index}.{error}" for error in _both(container))
    yield from _both(workload)
    yield from _further_fields(workload)
    for name in workload.loses_baggage_to:
        if name not in workload.callees:
            yield f"losesBaggageTo: {name!r}: is not called; there are: {', '.join(workload.callees) or 'no calls'}"
    yield from _probes(workload)
    yield from _volumes(workload)
    if workload.external_service and not workload.service_ports:
        yield f"externalService: {workload.external_service!r}: needs a port; give ports one with a port"
    if workload.banner_variable and workload.banner_variable in {*workload.calls, *workload.env}:
        yield f"bannerVariable: {workload.banner_variable!r}: is among env or calls too; remove it there"


def _further_fields(workload: Workload) -> Iterator[str]:
    containers = [(f"initContainers.{number}.", init) for number, init in enumerate(workload.init_containers)]
    if not workload.pod and not workload.container and not any(init.container for _, init in containers):
        return
    # The table of the API's fields is read only where there is something to look up.
    from boutique.application.api_fields import field_errors

    yield from field_errors(workload.pod, "PodSpec", "pod")
    yield from field_errors(workload.container, "Container", "container")
    for key, init in containers:
        yield from field_errors(init.container, "Container", f"{key}container")


def _calls(workload: Workload, calls: Mapping[str, str], key: str, workloads: Mapping[str, Workload]) -> Iterator[str]:
    for variable, value in calls.items():
        if not list(called_workloads({variable: value})):
            yield (
                f"{key}.{variable}: {value!r}: names no workload; write its name in braces, such as "
                f"'{{{value.partition(':')[0] or 'name'}}}:8080', or move the variable to env"
            )
    for variable, name, port in called_ports(calls):
        place = f"{key}.{variable}: {calls[variable]!r}"
        yield from _callee(workload, name, place, workloads)
        numbers = [each.port for each in workloads[name].service_ports] if name in workloads else []
        if port and numbers and port not in numbers:
            yield f"{place}: {name!r} has no port {port}; there are: {', '.join(map(str, numbers))}"


def _callee(workload: Workload, name: str, place: str, workloads: Mapping[str, Workload]) -> Iterator[str]:
    if name not in workloads:
        yield f"{place}: {_unknown(name, workloads)}"
    elif name == workload.name:
        yield f"{place}: a workload does not call itself through its Service; write the address as a text under env"
    elif not workloads[name].service_ports:
        yield f"{place}: {name!r} has no Service; give it ports with a port"


def _both(container: Workload | InitContainer) -> Iterator[str]:
    for name in sorted(set(container.env) & set(container.calls)):
        yield f"env.{name}: is among calls too; remove it there or here"


def _probes(workload: Workload) -> Iterator[str]:
    names = {name for port in workload.ports for name in (port.container_port_name,) if name}
    for key in ("readiness_probe", "liveness_probe", "startup_probe"):
        probe = getattr(workload, key)
        if probe and isinstance(probe.port, str) and probe.port not in names:
            field = type(workload).model_fields[key].alias
            yield (
                f"{field}: the container has no port called {probe.port!r}; name it by ports.containerPortName, or "
                "give the number"
            )


def _volumes(workload: Workload) -> Iterator[str]:
    names = [*workload.empty_dirs, *workload.persistent_volume_claims]
    yield from (f"emptyDirs.{name}: is among persistentVolumeClaims too; rename one" for name in _twice(names))
    paths = [*workload.mount_paths.values(), *workload.files, *workload.single_files]
    for path in workload.single_files:
        if (folder := path.rpartition("/")[0]) in workload.files:
            yield f"singleFiles.{path}: is in a folder of files; name it there, under files.{folder}"
    yield from (f"{path}: two volumes are mounted there; give each a path of its own" for path in _twice(paths))
    if workload.stateful:
        return
    for name, claim in workload.persistent_volume_claims.items():
        if not {"ReadWriteMany", "ReadOnlyMany"} & set(claim.access_modes):
            yield (
                f"persistentVolumeClaims.{name}: only one node can mount it, so new pods would wait for old ones; set "
                "stateful: true, or accessModes: [ReadWriteMany]"
            )


def _external_services(application: Application) -> Iterator[str]:
    for workload in application.workloads:
        if workload.external_service in application.workloads_by_name:
            yield (
                f"workloads.{workload.name}.externalService: {workload.external_service!r}: is the name of a workload; "
                "take another one"
            )


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _unknown(name: str, workloads: Iterable[str]) -> str:
    return f"{name!r}: there is no such workload{nearest(name, workloads)}"
