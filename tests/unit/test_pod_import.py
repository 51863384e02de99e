"""What the fields of pods become in the file of an application, and which cannot be said."""

from typing import Any

import pytest

from tests.support.unit.manifest_samples import (
    Manifest,
    config_map,
    container,
    imported,
    service,
    workload,
    workload_of,
)


def pod(main: Manifest | None = None, **fields: Any) -> Manifest:
    return workload(containers=[container(**(main or {}))], **fields)


def test_fields_without_a_key_go_to_pod_and_container() -> None:
    content = pod(
        {"workingDir": "/app", "lifecycle": {"postStart": {"exec": {"command": ["x"]}}}, "imagePullPolicy": "Always"},
        nodeSelector={"disk": "ssd"},
        securityContext={"seccompProfile": {"type": "RuntimeDefault"}},
    )
    web = workload_of(content, service())
    assert web["pod"] == {
        "nodeSelector": {"disk": "ssd"},
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    }
    assert web["container"] == {
        "workingDir": "/app",
        "lifecycle": {"postStart": {"exec": {"command": ["x"]}}},
        "imagePullPolicy": "Always",
    }


def test_defaults_are_not_repeated() -> None:
    content = pod(
        {"imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"},
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        terminationGracePeriodSeconds=30,
    )
    assert not {"pod", "container", "terminationGracePeriodSeconds"} & set(workload_of(content, service()))


@pytest.mark.parametrize(
    ("fields", "main", "expected"),
    [
        ({"hostNetwork": True}, {}, "hostNetwork: pods have nothing of their node; serve on the pod's own address"),
        ({"tolerations": [{"operator": "Exists"}]}, {}, "tolerations: pods push no others aside"),
        ({"securityContext": {"runAsUser": 0}}, {}, "securityContext.runAsUser: root is not accepted"),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            {},
            "securityContext.seccompProfile: pods get no privileges",
        ),
        (
            {},
            {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
            "securityContext.appArmorProfile: pods get no privileges",
        ),
        ({}, {"securityContext": {"privileged": True}}, "securityContext.privileged: pods get no privileges"),
        (
            {},
            {"securityContext": {"capabilities": {"add": ["SYS_TIME"]}}},
            "securityContext.capabilities.add: SYS_TIME",
        ),
        (
            {},
            {"ports": [{"containerPort": 8080, "hostPort": 80}]},
            "ports.8080.hostPort: pods have nothing of their node",
        ),
        ({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, {}, "volumes.h.hostPath: pods have nothing of their"),
        ({"terminationGracePeriodSeconds": 900}, {}, "terminationGracePeriodSeconds: 900: at most 600"),
        ({}, {"livenessProbe": {"tcpSocket": {"port": 1, "host": "x"}}}, "livenessProbe.tcpSocket.host: the kubelet"),
    ],
)
def test_what_the_namespace_refuses_is_left_out(fields: Manifest, main: Manifest, expected: str) -> None:
    application = imported(pod(main, **fields), service())
    [line] = application.report.left_out
    assert line.startswith(f"Deployment/web: {expected}")
    web = application.content["workloads"]["web"]
    assert "pod" not in web
    assert "container" not in web


def test_further_containers_are_left_out() -> None:
    content = workload(containers=[{"name": "logs", "image": "logs:1"}, container()])
    application = imported(content, service())
    assert application.content["workloads"]["web"]["image"] == "registry.example/web:1.2.3"
    [line] = application.report.left_out
    assert line.startswith("Deployment/web: container 'logs': a workload has one container")


@pytest.mark.parametrize(
    ("outer", "inner", "user"),
    [
        ({"runAsUser": 1000, "fsGroup": 1000}, {}, None),
        ({"runAsUser": 101}, {}, {"runAsUser": 101}),
        ({"runAsUser": 1000}, {"runAsUser": 10001, "runAsGroup": 5}, {"runAsUser": 10001, "runAsGroup": 5}),
        ({"fsGroup": 2000}, {}, {"runAsUser": 1000, "fsGroup": 2000}),
    ],
)
def test_the_user(outer: Manifest, inner: Manifest, user: Manifest | None) -> None:
    web = workload_of(pod({"securityContext": inner}, securityContext=outer), service())
    assert web.get("user") == user
    assert "container" not in web


@pytest.mark.parametrize(("given", "writable"), [(True, None), (False, True), (None, True)])
def test_a_root_that_is_not_read_only_stays_writable(given: bool | None, writable: bool | None) -> None:
    security = {} if given is None else {"readOnlyRootFilesystem": given}
    assert workload_of(pod({"securityContext": security}), service()).get("writableRoot") is writable


def test_volumes() -> None:
    content = pod(
        {
            "volumeMounts": [
                {"name": "tmp", "mountPath": "/scratch/"},
                {"name": "shm", "mountPath": "/memory"},
                {"name": "twice", "mountPath": "/a"},
                {"name": "twice", "mountPath": "/b", "subPath": "b"},
                {"name": "conf", "mountPath": "/etc/web"},
                {"name": "conf", "mountPath": "/etc/nginx/nginx.conf", "subPath": "a.conf"},
                {"name": "tls", "mountPath": "/tls", "readOnly": True},
            ]
        },
        volumes=[
            {"name": "tmp", "emptyDir": {}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
            {"name": "twice", "emptyDir": {}},
            {"name": "conf", "configMap": {"name": "conf"}},
            {"name": "tls", "secret": {"secretName": "web-tls"}},
        ],
    )
    application = imported(content, service(), config_map("conf", {"a.conf": "a", "b.conf": "b"}))
    web = application.content["workloads"]["web"]
    assert web["emptyDirs"] == {
        "tmp": "/scratch",
        "shm": {"mountPath": "/memory", "medium": "Memory", "sizeLimit": "64Mi"},
    }
    assert web["files"] == {"/etc/web": {"a.conf": "a", "b.conf": "b"}}
    assert web["singleFiles"] == {"/etc/nginx/nginx.conf": "a"}
    assert [volume["name"] for volume in web["pod"]["volumes"]] == ["twice", "tls"]
    assert [mount["mountPath"] for mount in web["container"]["volumeMounts"]] == ["/a", "/b", "/tls"]
    assert application.report.secrets == {"web-tls": {"": ["web"]}}


def test_a_stateful_set_keeps_its_claims_and_has_one_pod() -> None:
    content = workload(
        "db", kind="StatefulSet", containers=[container(volumeMounts=[{"name": "d", "mountPath": "/data"}])]
    )
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp3", "resources": {"requests": {"storage": "10Gi"}}}
    content["spec"] |= {
        "serviceName": "db",
        "replicas": 3,
        "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": spec}],
    }
    application = imported(content, service("db"))
    db = application.content["workloads"]["db"]
    assert db["stateful"] is True
    assert db["persistentVolumeClaims"] == {"d": {"mountPath": "/data", "size": "10Gi", "storageClass": "gp3"}}
    assert application.report.left_out == ["StatefulSet/db: replicas: 3: a workload that keeps data has one pod"]
    assert "db" not in application.report.services


def test_a_claim_of_one_node_makes_a_deployment_stateful() -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "web-data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}]
    content = pod({"volumeMounts": [{"name": "data", "mountPath": "/data"}]}, volumes=volumes)
    web = workload_of(content, service(), claim)
    assert web["persistentVolumeClaims"] == {"data": {"mountPath": "/data", "size": "1024Mi"}}
    assert web["stateful"] is True


def test_probes_and_resources() -> None:
    readiness = {
        "httpGet": {"path": "/ready", "port": 8080, "httpHeaders": [{"name": "A", "value": "b"}]},
        "periodSeconds": 3,
    }
    startup = {"exec": {"command": ["test"]}, "failureThreshold": 30}
    resources = {
        "requests": {"cpu": 0.5, "memory": 134217728, "ephemeral-storage": "1Gi"},
        "limits": {"memory": "1.5Gi"},
    }
    web = workload_of(pod({"readinessProbe": readiness, "startupProbe": startup, "resources": resources}), service())
    assert (web["readinessProbe"], web["startupProbe"]) == (readiness, startup)
    assert web["resources"] == {"requests": {"cpu": "500m", "memory": "128Mi"}, "limits": {"memory": "1536Mi"}}
    assert web["container"] == {"resources": {"requests": {"ephemeral-storage": "1Gi"}}}


def test_a_handler_before_the_end_takes_the_programs_place() -> None:
    handler = {"exec": {"command": ["sleep", "5"]}}
    web = workload_of(pod({"lifecycle": {"preStop": handler}}), service())
    assert web["container"]["lifecycle"]["preStop"] == {**handler, "sleep": None}


def test_init_containers() -> None:
    init = {
        "name": "wait",
        "image": "busybox:1",
        "command": ["sh"],
        "env": [{"name": "WEB", "value": "api:80"}],
        "tty": True,
    }
    web = workload_of(pod(initContainers=[init]), service(), workload("api"), service("api"), entry="web")
    [container_] = web["initContainers"]
    assert container_ == {
        "name": "wait",
        "image": "busybox:1",
        "command": ["sh"],
        "calls": {"WEB": "{api}:80"},
        "container": {"tty": True},
    }


def test_labels_and_annotations_of_pods_stay_without_the_programs_own() -> None:
    content = workload()
    labels = {"app": "web", "version": "v1", "app.kubernetes.io/name": "x", "team": "blue"}
    content["spec"]["template"]["metadata"] = {"labels": labels, "annotations": {"prometheus.io/scrape": "true"}}
    web = workload_of(content, service())
    assert web["labels"] == {"version": "v1", "team": "blue"}
    assert web["annotations"] == {"prometheus.io/scrape": "true"}


def test_settings_of_stacks_are_kept() -> None:
    spec = {"replicas": 3, "minReadySeconds": 4, "strategy": {"rollingUpdate": {"maxSurge": 2}}}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "api"},
        "spec": {"minReplicas": 2, "maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "api"}},
    }
    report = imported(workload(spec=spec), service(), workload("api"), service("api"), scaler, entry="web").report
    assert report.services == {
        "web": {"replicas": 3, "rollout": {"maxSurge": "2", "minReadySeconds": 4}},
        "api": {"autoscaled": True, "replicas": 2},
    }


@pytest.mark.parametrize(
    ("kind", "version", "reason"),
    [
        ("CronJob", "batch/v1", "jobs are not a part of an application"),
        ("DaemonSet", "apps/v1", "a workload runs on no node in particular"),
        ("NetworkPolicy", "networking.k8s.io/v1", "who may call whom follows from `calls`"),
        ("Role", "rbac.authorization.k8s.io/v1", "workloads get no access to the API server"),
        ("Widget", "example.com/v1", "the kind Widget of example.com is not imported"),
    ],
)
def test_other_kinds_are_left_out_with_the_reason(kind: str, version: str, reason: str) -> None:
    other = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}
    [line] = imported(workload(), service(), other).report.left_out
    assert line.startswith(f"{kind}/x: {reason}")


def test_annotations_of_service_accounts_are_left_out() -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "annotations": {"role": "x"}}}
    [line] = imported(workload(), service(), account).report.left_out
    assert line.startswith("ServiceAccount/web: annotations.role: ")
