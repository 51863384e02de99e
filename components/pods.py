"""The pod of a workload, as its Deployment describes it."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core, meta

from boutique.application.workload import DEFAULT_GRACE_SECONDS, InitContainer, Probe, ProbeKind, Resources
from boutique.names import labels
from boutique.settings.stack import PodUser
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import Contents

_ANY_USER = 1000
_FILES, _FOLDER = "config", "/etc/config"


def pod(deployed: ResolvedWorkload, account: pulumi.Input[str], contents: Contents) -> core.v1.PodTemplateSpecArgs:
    """Return the pod template of a workload that runs under a ServiceAccount, with its files and secrets."""
    workload, sleep = deployed.workload, _sleep(deployed)
    return core.v1.PodTemplateSpecArgs(
        metadata=meta.v1.ObjectMetaArgs(
            labels={**deployed.labels, **labels.version(deployed.image.version)},
            annotations=workload.annotations or None,
        ),
        spec=core.v1.PodSpecArgs(
            service_account_name=account,
            security_context=_user(deployed.pod_user),
            # The sleep before the end comes on top of what the image itself needs to end.
            termination_grace_period_seconds=(workload.grace_seconds or DEFAULT_GRACE_SECONDS) + sleep
            if sleep
            else workload.grace_seconds,
            image_pull_secrets=[core.v1.LocalObjectReferenceArgs(name=name) for name in deployed.pull_secrets] or None,
            affinity=_apart(deployed.selector) if deployed.availability.anti_affinity else None,
            topology_spread_constraints=_spread(deployed.selector) if deployed.availability.topology_spread else None,
            init_containers=[_init(workload.init, deployed.init_image)] if workload.init else None,
            containers=[_container(deployed, contents)],
            volumes=[
                *(
                    core.v1.VolumeArgs(name=name, empty_dir=core.v1.EmptyDirVolumeSourceArgs())
                    for name in workload.scratch
                ),
                *_files(contents),
            ]
            or None,
        ),
    )


def _user(pod_user: PodUser) -> core.v1.PodSecurityContextArgs:
    if pod_user == "cluster":
        return core.v1.PodSecurityContextArgs(run_as_non_root=True)
    return core.v1.PodSecurityContextArgs(
        fs_group=_ANY_USER, run_as_group=_ANY_USER, run_as_non_root=True, run_as_user=_ANY_USER
    )


def _container(deployed: ResolvedWorkload, contents: Contents) -> core.v1.ContainerArgs:
    workload, sleep = deployed.workload, _sleep(deployed)
    return core.v1.ContainerArgs(
        name=workload.container,
        image=str(deployed.image),
        ports=[core.v1.ContainerPortArgs(name=workload.port_name, container_port=workload.port)]
        if workload.port
        else None,
        env=[*_variables(deployed.variables), *_secrets(deployed, contents)],
        resources=core.v1.ResourceRequirementsArgs(
            requests=_quantities(deployed.requests), limits=_quantities(deployed.limits)
        ),
        readiness_probe=_probe(workload.readiness, workload.port),
        liveness_probe=_probe(workload.liveness, workload.port),
        # Endpoints are removed in parallel with the end of a pod; it keeps serving until all proxies have noticed.
        lifecycle=core.v1.LifecycleArgs(
            pre_stop=core.v1.LifecycleHandlerArgs(sleep=core.v1.SleepActionArgs(seconds=sleep))
        )
        if sleep
        else None,
        security_context=_locked_down(),
        volume_mounts=[
            *(core.v1.VolumeMountArgs(name=name, mount_path=path) for name, path in workload.scratch.items()),
            *([core.v1.VolumeMountArgs(name=_FILES, mount_path=_FOLDER, read_only=True)] if contents.files else []),
        ]
        or None,
    )


def _sleep(deployed: ResolvedWorkload) -> int:
    """Seconds that a pod keeps serving after SIGTERM is due; none for workloads without callers."""
    return deployed.rollout.pre_stop_seconds if deployed.workload.service else 0


def _init(init: InitContainer, image: str | None) -> core.v1.ContainerArgs:
    return core.v1.ContainerArgs(
        name=init.name,
        image=image,
        command=list(init.command),
        env=_variables({name: callee.address for name, callee in init.calls.items()}),
        security_context=_locked_down(),
    )


def _variables(variables: Mapping[str, str]) -> list[core.v1.EnvVarArgs]:
    return [core.v1.EnvVarArgs(name=name, value=value) for name, value in variables.items()]


def _secrets(deployed: ResolvedWorkload, contents: Contents) -> list[core.v1.EnvVarArgs]:
    if contents.secrets is None:
        return []
    return [
        core.v1.EnvVarArgs(
            name=name,
            value_from=core.v1.EnvVarSourceArgs(
                secret_key_ref=core.v1.SecretKeySelectorArgs(name=contents.secrets, key=name)
            ),
        )
        for name in deployed.secrets
    ]


def _files(contents: Contents) -> list[core.v1.VolumeArgs]:
    if contents.files is None:
        return []
    source = core.v1.ConfigMapVolumeSourceArgs(name=contents.files)
    return [core.v1.VolumeArgs(name=_FILES, config_map=source)]


def _quantities(resources: Resources) -> dict[str, str]:
    return {"cpu": resources.cpu, "memory": resources.memory}


def _locked_down() -> core.v1.SecurityContextArgs:
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        privileged=False,
        read_only_root_filesystem=True,
    )


def _probe(probe: Probe | None, port: int | None) -> core.v1.ProbeArgs | None:
    if probe is None or port is None:
        return None
    return core.v1.ProbeArgs(
        initial_delay_seconds=probe.initial_delay_seconds,
        period_seconds=probe.period_seconds,
        grpc=core.v1.GRPCActionArgs(port=port) if probe.kind is ProbeKind.GRPC else None,
        tcp_socket=core.v1.TCPSocketActionArgs(port=port) if probe.kind is ProbeKind.TCP else None,
        http_get=core.v1.HTTPGetActionArgs(
            path=probe.path,
            port=port,
            http_headers=[core.v1.HTTPHeaderArgs(name=name, value=value) for name, value in probe.headers.items()],
        )
        if probe.kind is ProbeKind.HTTP
        else None,
    )


def _apart(selector: Mapping[str, str]) -> core.v1.AffinityArgs:
    # Preferred: with as many nodes as replicas, a required rule would leave a new pod no place beside the old ones.
    return core.v1.AffinityArgs(
        pod_anti_affinity=core.v1.PodAntiAffinityArgs(
            preferred_during_scheduling_ignored_during_execution=[
                core.v1.WeightedPodAffinityTermArgs(
                    weight=100,
                    pod_affinity_term=core.v1.PodAffinityTermArgs(
                        topology_key="kubernetes.io/hostname",
                        label_selector=meta.v1.LabelSelectorArgs(match_labels=selector),
                    ),
                )
            ]
        )
    )


def _spread(selector: Mapping[str, str]) -> list[core.v1.TopologySpreadConstraintArgs]:
    return [
        core.v1.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key="topology.kubernetes.io/zone",
            when_unsatisfiable="ScheduleAnyway",
            label_selector=meta.v1.LabelSelectorArgs(match_labels=selector),
            # Each revision spreads by itself, so the old pods do not push the new ones together.
            match_label_keys=["pod-template-hash"],
        )
    ]
