"""script/server: the whole product on this machine, until Ctrl-C.

Starts PostgreSQL and Valkey unless DATABASE_URL and REDIS_URL name others, migrates, loads demo
data into an empty database, then runs web, worker and beat and prints READY with the address.
A second start in the same checkout is refused; after a kill -9 the next start cleans up.
"""

import argparse
import http.client
import os
import signal
import socket
import sys
from collections.abc import Sequence

from launcher import children, guard, instance, locks, ports, prepare, stack, steps
from launcher.failure import LaunchFailed
from launcher.places import Places, here
from launcher.stack import Stack
from launcher.supervisor import Service, Signals, Supervisor

HEALTH_SECONDS = 60.0
# A task in hand may finish; what is cut off is taken up by the next worker when its lease ends.
WORKER_STOP = ((signal.SIGTERM, 20.0), (signal.SIGQUIT, 5.0))


def main(arguments: list[str]) -> int:
    """Serve until stopped; return the exit code."""
    options = _options(arguments)
    places = here()
    try:
        with instance.owned(places, by=instance.SERVER):
            return _serve(places, options)
    except locks.Taken as taken:
        raise LaunchFailed(
            f"This checkout is already in use by {taken.holder}. Stop it first, or use another "
            "clone: several run side by side."
        ) from None


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/server", description=__doc__)
    parser.add_argument("--port", type=int, default=_usual_port())
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--members", type=int, default=20_000, help="demo members for an empty database; 0: none"
    )
    parser.add_argument("--smoke", action="store_true", help="start, fetch one page, stop")
    return parser.parse_args(arguments)


def _usual_port() -> int:
    given = os.environ.get("PORT") or "8000"
    if not given.isdecimal():
        raise LaunchFailed(f"PORT must be a whole number, not {given!r}.")
    return int(given)


def _serve(places: Places, options: argparse.Namespace) -> int:
    children.end_strays(children.supervised_for(places.var), (signal.SIGTERM, 3.0))
    print("Starting the servers below …", flush=True)
    with (
        guard.posted(places.var),
        ports.listen(options.host, options.port) as listener,
        stack.serving(places) as servers,
    ):
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        prepare.everything(places, servers, members=options.members)
        instance.announce(places, servers.env)
        supervisor = Supervisor(_services(places, servers, listener))
        logins = steps.Step(places, servers.env, ["demo_logins"])
        try:
            supervisor.start()
            supervisor.await_health(lambda: _fetch(port, "/healthz") == 200, seconds=HEALTH_SECONDS)
            print(f"\nREADY {url}\n{logins.finish()}", flush=True)
            if options.smoke:
                return _smoke(port)
            print(f"Ctrl-C stops everything; logs are in {places.log}.", flush=True)
            supervisor.watch()
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
        finally:
            logins.cancel()
            supervisor.stop()
    print("Stopped.", flush=True)
    return 0


def _services(places: Places, servers: Stack, listener: socket.socket) -> list[Service]:
    """Return what is kept running, in starting order: servers, worker, beat, web."""
    celery = ["-m", "celery", "-A", "config"]
    worker = [*celery, "worker", "--without-gossip", "--without-mingle", "--loglevel=INFO"]
    worker += [f"--hostname=worker-{os.getpid()}@%h"]
    beat = [*celery, "beat", "--loglevel=INFO", "--pidfile="]
    beat += [f"--schedule={places.run / 'beat-schedule'}"]
    web = ["-m", "gunicorn", "-c", str(places.root / "config" / "gunicorn.conf.py")]
    web += ["--bind", f"fd://{listener.fileno()}", "config.wsgi:application"]
    return [
        *_servers_below(places, servers),
        _python(places, servers, "worker", worker, stop_with=WORKER_STOP),
        _python(places, servers, "beat", beat),
        _python(places, servers, "web", web, listener=listener),
    ]


def _servers_below(places: Places, servers: Stack) -> list[Service]:
    below = {"postgres": servers.cluster, "valkey": servers.valkey}
    return [
        Service(name, places.log / f"{name}.log", server.spawn, (), server.process)
        for name, server in below.items()
        if server is not None
    ]


def _python(
    places: Places,
    servers: Stack,
    name: str,
    arguments: Sequence[str],
    *,
    listener: socket.socket | None = None,
    stop_with: Signals = ((signal.SIGTERM, 12.0),),
) -> Service:
    log = places.fresh_log(name)
    command = children.Command(
        argv=[sys.executable, *arguments],
        env=servers.env | {children.SUPERVISED: str(places.var)},
        log=log,
        cwd=places.root,
        pass_fds=(listener.fileno(),) if listener else (),
        # Should we be killed: what the last signal of an ordinary stop would be.
        death_signal=stop_with[-1][0],
    )
    return Service(name, log, lambda: children.spawn(command), stop_with)


def _fetch(port: int, path: str) -> int:
    """Return the status of a page of ours, 0 while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return 0
    else:
        return response.status
    finally:
        connection.close()


def _smoke(port: int) -> int:
    status = _fetch(port, "/sign-in/")
    print(f"Sign-in page: {status}.", flush=True)
    return 0 if status == 200 else 1
