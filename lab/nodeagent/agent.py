"""Follows the pods, Services and the control plane of the mesh, and has every pod of the mesh run."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.folder import Folder, settings
from lab.kubernetes.api import Api
from lab.kubernetes.watch import Watch
from lab.nodeagent import networks, state, summary
from lab.nodeagent.addresses import Addresses
from lab.nodeagent.agent_context import AgentContext
from lab.nodeagent.claim_provisioner import ClaimProvisioner
from lab.nodeagent.clearing import leave_nothing
from lab.nodeagent.cluster_dns import ClusterNameServer
from lab.nodeagent.cluster_services import ClusterServices
from lab.nodeagent.commands import PodPrograms
from lab.nodeagent.image_source import ImageSource
from lab.nodeagent.pod_assignment import hand_over, is_handed_over, is_of_mesh, runs_images
from lab.nodeagent.pod_phase import PHASES_OF_ENDED
from lab.nodeagent.pod_worker import PodWorker
from lab.nodeagent.pods import is_istiod
from lab.nodeagent.service_names import write_service_names
from support.files import replace_file

_COALESCE = 0.2
_LOG = logging.getLogger(__name__)

Objects = Mapping[str, Any]


class Agent:
    """The node agent of one lab."""

    def __init__(self, folder: Folder, programs: PodPrograms, api: Api, images: Path) -> None:
        """Prepare to run pods.

        Args:
            folder: The lab's folder.
            programs: The paths of the programs that it runs.
            api: The API server.
            images: The folder of the images.
        """
        self._folder = folder
        self._api = api
        self._services = ClusterServices(api, self._in_loop, self._notify)
        self._images = ImageSource(lambda: settings(folder).containers, images, folder.pulls)
        dns = ClusterNameServer(self._services)
        self._context = AgentContext(
            folder, api, programs, self._istiod, self._notify, self._images, dns, self._services
        )
        self._claims = ClaimProvisioner(api, folder.claims)
        self._pod_workers: dict[str, PodWorker] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._over: set[str] = set()
        self._pods: Objects = {}
        self._assignments: dict[str, asyncio.Task[None]] = {}
        self._addresses = Addresses()
        self._news = asyncio.Event()
        self._services_known = asyncio.Event()
        self._providing: asyncio.Task[None] | None = None
        self._tidying: asyncio.Future[list[None]] | None = None
        self.synced = False

    async def run(self) -> None:
        """Follow the cluster until this task is cancelled; what runs goes on without it."""
        for folder in (self._folder.pods, self._folder.services):
            folder.mkdir(mode=0o700, exist_ok=True)
        # In a thread: pyroute2 has an event loop of its own, and no thread can run two.
        await asyncio.to_thread(networks.bridge)
        Watch(self._api, "/api/v1/services", self._in_loop(self._see_services)).start()
        await self._services_known.wait()
        if settings(self._folder).containers != "stand-ins":
            path = "/api/v1/persistentvolumeclaims"
            Watch(self._api, path, self._in_loop(self._claims.see_claims)).start()
            self._providing = asyncio.create_task(self._claims.run())
        Watch(self._api, "/api/v1/pods", self._in_loop(self._see_pods)).start()
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.gather(*(pod_worker.reroute() for pod_worker in self._pod_workers.values()))
            self._summarize()
            await asyncio.sleep(_COALESCE)

    def pod_workers(self) -> Collection[PodWorker]:
        """Return the pods that run."""
        return self._pod_workers.values()

    def _in_loop(self, see: Callable[[Objects], None]) -> Callable[[Objects], None]:
        """Return a callback that hands the objects of a watch's thread over to the event loop."""
        loop = asyncio.get_running_loop()
        return lambda objects: (loop.call_soon_threadsafe(see, objects), None)[1]

    def _notify(self) -> None:
        self._news.set()

    def _istiod(self) -> str:
        """Return the address of the istiod that has been ready longest, or none."""
        return next(
            (
                pod_worker.address
                for pod_worker in self._pod_workers.values()
                if is_istiod(pod_worker.pod) and pod_worker.ready
            ),
            "",
        )

    def _see_services(self, services: Objects) -> None:
        """Write for each namespace by which names its pods find which addresses."""
        self._services.see_services(services)
        write_service_names(self._folder.services, services.values())
        self._services_known.set()

    def _see_pods(self, pods: Objects) -> None:
        for uid, pod_worker in self._pod_workers.items():
            pod_worker.see(pods.get(uid))
        self._over &= pods.keys()
        for uid in self._assignments.keys() - pods.keys():
            self._assignments.pop(uid).cancel()
        self._pods = pods
        for uid, pod in pods.items():
            if uid not in self._pod_workers and uid not in self._over and not is_handed_over(pod):
                self._assign(uid, pod)
        if not self.synced:
            leftovers = [path for path in self._folder.pods.iterdir() if path.name not in self._pod_workers]
            self._tidying = asyncio.gather(
                *(asyncio.to_thread(leave_nothing, path, state.read(path)) for path in leftovers)
            )
        self.synced = True
        self._news.set()

    def _needs_worker(self, pod: Mapping[str, Any]) -> bool:
        """Say whether there is something to do for a pod: it has a node, or is being deleted.

        Of a pod that has ended its logs are there until it is deleted.
        """
        if "deletionTimestamp" in pod["metadata"]:
            return True
        has_ended = pod["status"].get("phase") in PHASES_OF_ENDED
        return bool(pod["spec"].get("nodeName")) and (not has_ended or self._has_folder(pod))

    def _has_folder(self, pod: Mapping[str, Any]) -> bool:
        return (self._folder.pods / str(pod["metadata"]["uid"])).exists()

    def _assign(self, uid: str, pod: Mapping[str, Any]) -> None:
        """Run a pod, or decide who does."""
        if is_of_mesh(pod) or self._has_folder(pod):
            if self._needs_worker(pod):
                self._take(uid, pod)
        elif pod["spec"].get("nodeName") and uid not in self._assignments:
            assignment = asyncio.create_task(self._decide(uid, pod))
            self._assignments[uid] = assignment
            assignment.add_done_callback(lambda done: self._on_assigned(uid, done))

    async def _decide(self, uid: str, pod: Mapping[str, Any]) -> None:
        begins = "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in PHASES_OF_ENDED
        if begins and await runs_images(pod, self._images):
            # It may have been deleted meanwhile.
            if uid in self._pods and self._needs_worker(self._pods[uid]):
                self._take(uid, self._pods[uid])
        else:
            await hand_over(pod, self._api)

    def _on_assigned(self, uid: str, assignment: "asyncio.Task[None]") -> None:
        if not assignment.cancelled() and (error := assignment.exception()):
            # The next change of any pod has it tried again.
            _LOG.error("pod %s is not assigned", uid, exc_info=error)
            self._assignments.pop(uid, None)

    def _take(self, uid: str, pod: Mapping[str, Any]) -> None:
        used = {other["status"].get("podIP", "") for other in self._pods.values()}
        used |= {pod_worker.address for pod_worker in self._pod_workers.values()}
        past = state.read(self._folder.pods / uid)
        address = pod["status"].get("podIP") or (past.address if past else self._addresses.free(used))
        pod_worker = PodWorker(pod, address, self._context, past)
        pod_worker.see(pod)
        self._pod_workers[uid] = pod_worker
        life = asyncio.create_task(pod_worker.live())
        self._lives[uid] = life
        life.add_done_callback(lambda done: self._on_end(uid, done))

    def _on_end(self, uid: str, life: "asyncio.Task[None]") -> None:
        if not life.cancelled() and (error := life.exception()):
            _LOG.error("pod %s", uid, exc_info=error)
        self._over.add(uid)
        del self._pod_workers[uid], self._lives[uid]
        self._news.set()

    def _summarize(self) -> None:
        # Of pods that are not seen or taken over yet, the earlier agent's summary says more than this one could.
        if not self.synced or any(pod_worker.taking_over for pod_worker in self._pod_workers.values()):
            return
        summaries = [
            asdict(summary.summarize(pod_worker.pod, pod_worker.workers))
            for pod_worker in self._pod_workers.values()
            if not pod_worker.ended
        ]
        replace_file(self._folder.pod_summary, json.dumps(summaries))
