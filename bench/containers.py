"""How long a pod takes to be ready with an image of the cache; its peer is the same pod with a stand-in."""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab.images.image_store import ImageStore
from support import paths
from tests.support.lab import image_workloads
from tests.support.lab.image_archives import build_image, build_program, write_layout
from tests.support.lab.image_workloads import IMAGE, ImageMesh
from tests.support.lab.lab_commands import Lab
from tests.support.lab.mesh_lab import STANDIN

PODS = 10
POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: server
    image: IMAGE
    ports: [{name: http, containerPort: 80}]
    readinessProbe: {httpGet: {path: /ready, port: http}}
"""


def main() -> None:
    """Measure, and print the figures and their difference."""
    with tempfile.TemporaryDirectory() as folder:
        program = build_program(Path(folder))
        tools = paths.cache() / "tools"
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        paths.cache().mkdir(parents=True)
        (paths.cache() / "tools").symlink_to(tools)
        built = build_image(program, {"Env": ["PATH=/bin"]}, {"text": "of the image"})
        ImageStore(paths.images()).load(write_layout(Path(folder, "layout"), IMAGE, built))
        lab = Lab("bench", Path(folder))
        lab.folder.mkdir(parents=True)
        (lab.folder / "standin.json").write_text(json.dumps(STANDIN))
        running = image_workloads.running(lab)
        mesh = next(running)
        times: dict[str, list[float]] = {"stand-ins": [], "images": []}
        try:
            for number in range(PODS):
                for mode, seconds in times.items():
                    lab.boutique("up", "--containers", mode)
                    seconds.append(_appearance(mesh, f"{mode}-{number}"))
        finally:
            running.close()
    for mode, seconds in times.items():
        print(f"pod to ready, {mode:<10} {statistics.median(seconds):.2f} s (median of {PODS})")
    print(
        f"difference               {statistics.median(times['images']) - statistics.median(times['stand-ins']):.2f} s"
    )


def _appearance(mesh: ImageMesh, name: str) -> float:
    """Return the seconds from the creation of a pod until it is ready."""
    began = time.monotonic()
    mesh.apply(POD.replace("NAME", name))
    mesh.lab.kubectl("wait", "-n", "shop", f"pod/{name}", "--for=condition=Ready", "--timeout=60s")
    seconds = time.monotonic() - began
    mesh.lab.kubectl("delete", "pod", "-n", "shop", name)
    return seconds


if __name__ == "__main__":
    main()
