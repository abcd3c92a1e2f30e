"""An AWS emulator as a process of its own: moto's server, on loopback.

`python -m examples.demo.emulator [PORT]` prints `aws-emulator: listening on http://127.0.0.1:PORT` once it
accepts.
"""

from __future__ import annotations

import signal
import sys

from moto.server import ThreadedMotoServer


def main() -> None:
    """Serves until SIGTERM or SIGINT; port 0, the default, takes any free one."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(f"aws-emulator: listening on http://{host}:{port}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop()


if __name__ == "__main__":
    main()
