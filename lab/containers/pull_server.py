"""Has images pulled for the node agent, whose own network leads nowhere.

A thread of the supervisor that stays in the machine's network when the supervisor leaves it: what a thread starts is in
the thread's network. Each request gets a process of its own, lab.containers.pull_command, with the connection as its
stdin and stdout.
"""

import os
import socket
import sys
import threading
from pathlib import Path


def serve_pulls(path: Path, store: Path, log: Path) -> None:
    """Begin to serve, in a thread that stays in the calling thread's network.

    Args:
        path: The socket, which only the lab's user can reach.
        store: The folder of the images.
        log: Where the pulls log to.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # From its folder: the path as a whole may be longer than the address of a socket can be.
    descriptor = os.open(path.parent, os.O_PATH | os.O_CLOEXEC)
    listener.bind(f"/proc/self/fd/{descriptor}/{path.name}")
    os.close(descriptor)
    listener.listen()
    threading.Thread(target=_serve, args=(listener, store, log), name="pulls", daemon=True).start()


def _serve(listener: socket.socket, store: Path, log: Path) -> None:
    command = [sys.executable, "-P", "-m", "lab.containers.pull_command", str(store)]
    while True:
        connection, _ = listener.accept()
        with connection:
            # Its parent, process 1 of the lab, takes note of its end, as of any other child's.
            os.posix_spawn(
                command[0],
                command,
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, connection.fileno(), 0),
                    (os.POSIX_SPAWN_DUP2, connection.fileno(), 1),
                    (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                ],
            )
