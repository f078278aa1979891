"""The product as separate processes on servers of its own, for tests that kill them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import psycopg2

from core.kernel import invariants
from launcher import provision

ROOT = Path(__file__).resolve().parents[2]
WORKER = ["-m", "celery", "-A", "config", "worker", "--without-gossip", "--without-mingle"]
BEAT = ["-m", "celery", "-A", "config", "beat", "--pidfile=", "--loglevel=WARNING"]


def wait_until(what, *, seconds, every=0.1):
    """Wait until ``what`` holds; return how long that took."""
    started = time.monotonic()
    while not what():
        waited = time.monotonic() - started
        assert waited < seconds, f"not within {seconds} s: {what}"
        time.sleep(every)
    return time.monotonic() - started


class Product:
    """Starts, kills and restarts the product's processes; looks into its database."""

    def __init__(self, stack, folder):
        self.stack, self.folder = stack, folder
        self.running = {}
        self.started = 0

    # Processes

    def run(self, code, **variables):
        """Run a few lines inside the product and return what they print."""
        done = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            cwd=ROOT,
            env=self.stack.env | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    def spawn(self, name, *arguments, **variables):
        self.started += 1
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.stack.env | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[name] = (process, arguments, variables)
        return process

    def start_workers(self, count=2, **variables):
        for number in range(count):
            name = f"worker{number}"
            flags = ["--concurrency=1", "--loglevel=WARNING", f"--hostname={name}@%h"]
            self.spawn(name, *WORKER, *flags, **variables)
        self.spawn("beat", *BEAT, f"--schedule={self.folder / 'beat'}", **variables)

    def restart_dead(self):
        """Do what a supervisor does."""
        for name, (process, arguments, variables) in list(self.running.items()):
            if process.poll() is not None:
                self.spawn(name, *arguments, **variables)

    def kill_a_worker(self, seed):
        """SIGKILL a worker process: one in five times the whole worker, else its busy child."""
        names = [name for name in self.running if name.startswith("worker")]
        process = self.running[seed.choice(names)][0]
        children = children_of(process.pid)
        whole = seed.random() < 0.2 or not children
        victim = process.pid if whole else seed.choice(children)
        with suppress(ProcessLookupError):
            if whole:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                os.kill(victim, signal.SIGKILL)
        return "worker" if whole else "child"

    def stop(self):
        for process, _, _ in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process, _, _ in self.running.values():
            process.wait()
        self.running.clear()

    # The database, as the owner: its rows of one brand

    @contextmanager
    def cursor(self, brand_id=None):
        with self.connected() as connection, connection.cursor() as cursor:
            if brand_id:
                cursor.execute("SELECT set_config('app.brand_id', %s, true)", [str(brand_id)])
            yield cursor

    @contextmanager
    def connected(self):
        dsn = self.stack.cluster.dsn(provision.DATABASE, provision.OWNER)
        connection = psycopg2.connect(dsn)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def all(self, brand_id, sql, *params):
        with self.cursor(brand_id) as cursor:
            cursor.execute(sql, params or None)
            return cursor.fetchall()

    def one(self, brand_id, sql, *params):
        return self.all(brand_id, sql, *params)[0][0]

    # What the tests look at

    def states(self, brand_id):
        rows = self.all(brand_id, "SELECT state, count(*) FROM communities_delivery GROUP BY state")
        return dict(rows)

    def settled(self, brand_id):
        states = self.states(brand_id)
        return sum(states.values()) - states.get("due", 0) - states.get("claimed", 0)

    def breaches(self, brand_id):
        """Return the data invariants that the brand breaks, as ``check_invariants`` finds them.

        Asked by this process, over one connection: starting another takes longer than asking.
        """
        broken = []
        with self.cursor(brand_id) as cursor:
            for one in invariants.registered():
                cursor.execute(one.sql, {"brand_id": brand_id})
                if cursor.rowcount:
                    broken.append(one.name)
        return broken

    def crash_database(self):
        """Stop PostgreSQL in the immediate way and start it again."""
        self.stack.cluster.crash()
        self.stack.cluster.start()

    def flush_queue(self):
        import redis

        redis.Redis.from_url(self.stack.env["REDIS_URL"]).flushall()


def children_of(pid):
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def answers(url, seconds=2):
    """The status of a page, or None where nobody answers."""
    try:
        with urlopen(url, timeout=seconds) as response:  # noqa: S310  our own server's
            return response.status
    except OSError as error:
        return getattr(error, "code", None)
