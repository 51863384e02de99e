"""`boutique lab`: a real Kubernetes control plane on this machine, without Docker and without root."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from ops.lab_views.image_view import show_images, show_loaded, show_progress, show_pruned, show_waiting
from ops.lab_views.lab_view import show_environment, show_locks, show_orphans, show_start

app = typer.Typer(
    help="A real Kubernetes on this machine: no Docker, no root; its nodes run everything but the containers.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

Name = Annotated[str, typer.Option("--name", "-n", help="Which lab: several can run side by side.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

From = Annotated[
    Literal["auto", "release", "source"],
    typer.Option(
        "--from",
        help="Where missing tools come from: official releases, a build from source, or releases where possible.",
    ),
]

_HOSTS = ("shop.localhost",)
"""The hosts of a lab's certificate, with the names under them."""

_NOT_READY = 3


@app.command()
def up(
    name: Name = "default",
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The API server's port on 127.0.0.1; kept until it is changed."),
    ] = None,
    https_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The same for HTTPS: where a browser finds the gateway.")
    ] = None,
    http_port: Annotated[int | None, typer.Option(min=1, max=65535, help="The same for HTTP.")] = None,
    application: Annotated[
        list[str] | None,
        typer.Option(
            "--application",
            help="The application that stack `local` deploys, kept until it is changed: its name in the folder "
            "`application`, or the path of its file. Given more than once: more that can run beside it.",
        ),
    ] = None,
    containers: Annotated[
        Literal["auto", "images", "stand-ins"] | None,
        typer.Option(
            help="What new containers run; kept until it is changed. `auto`, at first: the image if it is in the cache "
            "or its registry answers, else a stand-in."
        ),
    ] = None,
    origin: From = "auto",
) -> None:
    """Start a lab, or resume it with everything in it, and wait until workloads can run.

    The first time it fetches or builds its tools, which takes a while. It also clears up after a killed `pulumi`:
    removes the lock and ends the providers that it left.
    """
    from lab import cluster, folder, inotify, locks, orphans
    from lab.ports import check_unchanged
    from lab.status import status as inspect
    from ops.applications.standin_files import lab_applications
    from ops.certificates.development_certificates import development_certificate

    lab_folder = folder.folder(name)
    applications = lab_applications(lab_folder, application or [])
    before = inspect(lab_folder)
    if containers is not None:
        lab_folder.create()
        replace(folder.settings(lab_folder), containers=containers).write(lab_folder)
    ports = {"api": port, "https": https_port, "http": http_port}
    chosen = {key: number for key, number in ports.items() if number is not None}
    if before.ready:
        check_unchanged(name, chosen, folder.settings(lab_folder).ports)
        typer.echo(f"lab {name} is already running at {before.api}", err=True)
        applications.write(lab_folder)
    else:
        from ops.lab_views.lab_tools import toolchain

        tools = toolchain(origin=origin)
        if message := inotify.warning():
            typer.echo(f"warning: {message}", err=True)
        lab_folder.create()
        applications.write(lab_folder)
        with show_start(name) as progress:
            cluster.up(lab_folder, tools, chosen, progress)
    development_certificate(lab_folder.certificate, _HOSTS)
    show_locks(locks.clear(lab_folder.pulumi_state))
    show_orphans(orphans.end(lab_folder.pulumi_home))


@app.command()
def down(
    name: Name = "default",
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the cluster's data and the Pulumi state too.")
    ] = False,
) -> None:
    """Stop a lab; `boutique lab up` resumes it with nothing lost, unless it is deleted."""
    from lab import cluster, folder

    lab_folder = folder.folder(name)
    existed = lab_folder.root.is_dir()
    was_running = cluster.down(lab_folder, delete=delete)
    done = "stopped" if was_running else "was not running"
    typer.echo(f"lab {name} {done}{' and is deleted' if delete and existed else ''}", err=True)


@app.command()
def status(
    name: Name = "default",
    every: Annotated[bool, typer.Option("--all", help="All labs.")] = False,
    as_json: Json = False,
) -> None:
    """Show the state of a lab, with its pods, their proxies and certificates, and the memory in use.

    Exit code: 0 if it is running and ready (with --all: if all are), 3 if not.
    """
    from lab import folder
    from lab.contents import contents
    from lab.status import status as inspect
    from ops.lab_views.lab_status_view import show_status

    folders = folder.folders() if every else [folder.folder(name)]
    statuses = [inspect(lab_folder) for lab_folder in folders]
    inside = [contents(lab_folder, lab_status) for lab_folder, lab_status in zip(folders, statuses, strict=True)]
    show_status(statuses, inside, as_json=as_json, as_list=every)
    if not all(lab_status.ready for lab_status in statuses):
        raise typer.Exit(_NOT_READY)


@app.command()
def env(name: Name = "default", as_json: Json = False) -> None:
    """Print what a shell needs to use the lab: eval "$(boutique lab env)".

    Afterwards kubectl, pulumi and the other tools are on PATH and talk to the lab. The lab need not be running.
    """
    from lab import environment, folder
    from lab.status import status as inspect

    lab_folder = folder.folder(name)
    path = os.environ.get("PATH", os.defpath)
    if as_json:
        unset = dict.fromkeys(environment.UNWANTED)
        typer.echo(json.dumps({**environment.variables(lab_folder, path), **unset}, indent=2))
    else:
        typer.echo(environment.script(lab_folder, path))
    show_environment(inspect(lab_folder))


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def exec(  # noqa: A001 - the command's name is that of the function
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after `--`.")],
    name: Name = "default",
) -> None:
    """Run a command inside the lab's network, with the lab's environment; its exit code is passed on.

    Inside, the API server is https://127.0.0.1:6443, and pods and Services have their own addresses.
    """
    from lab import environment, folder
    from lab.errors import LabError
    from lab.status import status as inspect
    from lab.supervision import namespaces
    from ops.lab_views.lab_tools import make_on_demand

    lab_folder = folder.folder(name)
    lab_status = inspect(lab_folder)
    if not lab_status.pid:
        message = f"lab {name} is not running: start it with `boutique lab up --name {name}`"
        raise LabError(message)
    # Inside, there is no network to download its sources.
    make_on_demand(command[0])
    inside = namespaces.command_inside(lab_status.pid, command)
    sys.stdout.flush()
    try:
        os.execvpe(inside[0], inside, environment.variables_inside(lab_folder, os.environ))  # noqa: S606 - no shell is wanted
    except FileNotFoundError as error:
        message = "the program 'nsenter' is missing: install the package util-linux"
        raise LabError(message) from error


@app.command()
def tools(
    names: Annotated[list[str] | None, typer.Argument(help="Only these tools; all by default.")] = None,
    as_json: Json = False,
    build: Annotated[
        bool, typer.Option("--build", help="Fetch or build missing tools first, also those that only tests need.")
    ] = False,
    only_path: Annotated[bool, typer.Option("--path", help="Print the paths and nothing else.")] = False,
    origin: From = "auto",
) -> None:
    """Show the tools of the lab and of its tests, with version and origin."""
    from ops.lab_views.lab_tools import show, toolchain

    if build:
        toolchain(tests=True, only=names or None, origin=origin)
    show(names or None, as_json=as_json, only_path=only_path)


@app.command()
def load(
    archives: Annotated[
        list[Path],
        typer.Argument(
            help="OCI layouts, as folders or tar archives, or archives of `docker save`.", metavar="FILE.tar|DIR"
        ),
    ],
    reference: Annotated[
        str,
        typer.Option("--as", help="The image's name, such as registry.example/shop/ads:1.2.3; for one archive only."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Add images to the cache of the labs, so that pods can run a build that is in no registry.

    A pod runs an image of the cache if its imagePullPolicy is IfNotPresent or Never, and its name is that of the image.
    """
    from lab.errors import LabError
    from lab.images.image_store import ImageStore

    if reference and len(archives) > 1:
        message = f"--as names one image: give one archive, not {len(archives)}"
        raise LabError(message)
    store = ImageStore.of_user()
    with show_progress() as progress:
        loaded = [image for path in archives for image in store.load(path, reference, progress)]
    show_loaded(loaded, as_json=as_json)


@app.command()
def images(
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove all images that no pod of a running lab uses, loaded ones too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the images in the cache, which all labs share, with their sizes."""
    from lab.images.image_store import ImageStore

    store = ImageStore.of_user()
    if prune:
        show_pruned(store.prune(show_waiting), as_json=as_json)
    else:
        show_images(store.images(), as_json=as_json)
