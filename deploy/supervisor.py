"""Runs the whole project in one terminal: prepares it, keeps its processes alive, stops them together.

`make run` starts it with the project's interpreter; it uses nothing beyond the standard library.
"""

import contextlib
import ctypes
import functools
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    name: str
    arguments: tuple[str, ...]
    needed: bool = True  # whether nothing starts when it fails as a preparation


SETUP = Process("setup", (sys.executable, "manage.py", "migrate", "--noinput"))
DEMO = Process("demo", (sys.executable, "manage.py", "seed_demo", "--if-empty"), needed=False)
GUNICORN = ("-m", "gunicorn", "financebot.wsgi:application", "--config", "deploy/gunicorn.conf.py")
CELERY = ("-m", "celery", "--quiet", "--app", "financebot")
WORKER = (*CELERY, "worker", "--beat", "--without-gossip", "--without-mingle", "--loglevel", "WARNING")
PROCESSES = (
    Process("web", (sys.executable, *GUNICORN)),
    Process("stream", (sys.executable, "deploy/stream.py")),
    Process("relay", (sys.executable, "manage.py", "relay_events", "--follow")),
    Process("worker", (sys.executable, *WORKER)),
)


@dataclass(frozen=True)
class Timing:
    """In seconds; after `settled` a crash counts as the first one again."""

    first_pause: float = 0.5
    longest_pause: float = 10.0
    settled: float = 30.0
    grace: float = 10.0


ROOT = Path(__file__).resolve().parent.parent
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
BETWEEN_LOOKS = 0.1  # seconds, while something is starting; otherwise only signals wake the main thread
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded now: little is safe after a fork
PRINTING = threading.Lock()
WELCOME = """
  Running at  {url}
  Back office {url}/admin/
  API docs    {url}/docs
  Register    curl -X POST {url}/api/v1/auth/register -H 'Content-Type: application/json' \
-d '{{"email": "you@example.com", "password": "choose a long one"}}'
  Stop        Ctrl-C
"""


def write(text: str) -> None:
    """Print whole lines, whichever thread asks; a terminal that is gone must not stop the stopping."""
    data = text.encode(errors="replace")
    with PRINTING, contextlib.suppress(OSError):
        while data:
            data = data[os.write(1, data) :]


def end_with_parent(parent: int) -> None:
    """Between fork and exec: ask the kernel for a SIGTERM when the supervisor dies, however it dies."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the supervisor's handler would swallow one before exec
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was asked
            os.kill(os.getpid(), signal.SIGTERM)


class Child:
    """A process of the table while it runs: the group it leads, and the thread that prints what it says."""

    def __init__(self, process: Process, say: Callable[[str, str], None]) -> None:
        self.name, self.say, self.started = process.name, say, time.monotonic()
        self.popen = subprocess.Popen(  # noqa: S603
            process.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C in a terminal reaches the supervisor alone
            preexec_fn=functools.partial(end_with_parent, os.getpid()),  # noqa: PLW1509 - it takes no lock
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        for line in self.popen.stdout or ():
            self.say(self.name, line.decode("utf-8", "replace").rstrip("\r\n"))

    def ended(self) -> int | None:
        """The exit code once there is one; by then nothing of its group or its output is left behind."""
        code = self.popen.poll()
        if code is not None:
            self.kill_group()  # workers without their master would keep the port
            self.reader.join(timeout=1)
        return code

    def kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS forbids what has finished
            os.killpg(self.popen.pid, signal.SIGKILL)


@dataclass
class Supervisor:
    """Runs each of `prepare` to its end, then `processes` for ever; prints `welcome` once `ready()` is true."""

    processes: Sequence[Process]
    prepare: Sequence[Process] = ()
    ready: Callable[[], bool] | None = None
    welcome: str = ""
    timing: Timing = Timing()

    def __post_init__(self) -> None:
        self.width = max(len(name) for name in ("run", *(p.name for p in (*self.prepare, *self.processes))))
        self.running: dict[Process, Child] = {}
        self.due = dict.fromkeys(self.processes, 0.0)
        self.pauses = dict.fromkeys(self.processes, self.timing.first_pause)
        self.stopping = self.hurried = False

    def run(self) -> int:
        """Work until told to stop; the exit code."""
        self.catch_signals()
        try:
            code = 0
            for process in self.prepare:
                code = code or self.run_prepare(process)
            while not code and not self.stopping:
                for process in self.processes:
                    self.tend(process)
                if self.ready and self.ready():
                    self.ready = None
                    write(self.welcome)
                all_is_well = not self.ready and len(self.running) == len(self.processes)
                self.wait(None if all_is_well else BETWEEN_LOOKS)
            return code
        finally:
            self.stop()

    def catch_signals(self) -> None:
        """Have the signals written to a pipe, where a wait can neither miss one nor be torn by one."""
        self.pipe, end = os.pipe()
        os.set_blocking(end, False)
        signal.set_wakeup_fd(end, warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup is respected
                signal.signal(number, lambda *_: None)

    def wait(self, seconds: float | None) -> None:
        if select.select([self.pipe], [], [], seconds)[0]:
            for number in os.read(self.pipe, 512):
                self.hurried |= self.stopping and number == signal.SIGINT
                self.stopping |= number in STOP_SIGNALS

    def run_prepare(self, process: Process) -> int:
        if self.stopping:
            return 0
        child = self.running[process] = Child(process, self.say)
        while (code := child.ended()) is None:
            if self.stopping:
                return 0
            self.wait(None)
        del self.running[process]
        command = " ".join(process.arguments[1:])
        if code and not process.needed:
            self.say("run", f"going on, though `{command}` ended with {ending(code)}")
            return 0
        if code:
            self.say("run", f"nothing was started, because `{command}` ended with {ending(code)}")
        return code if code >= 0 else 128 - code

    def tend(self, process: Process) -> None:
        child, now = self.running.get(process), time.monotonic()
        if child is None:
            if now >= self.due[process]:
                self.running[process] = Child(process, self.say)
        elif (code := child.ended()) is not None:
            del self.running[process]
            settled = now - child.started >= self.timing.settled
            pause = self.timing.first_pause if settled else self.pauses[process]
            self.due[process] = now + pause
            self.pauses[process] = min(pause * 2, self.timing.longest_pause)
            self.say("run", f"{process.name} ended with {ending(code)}; starting it again in {pause:g} s")

    def stop(self) -> None:
        if self.running:
            self.say("run", f"stopping {', '.join(p.name for p in self.running)} (Ctrl-C again kills)")
        children = list(self.running.values())
        for child in children:
            child.popen.terminate()
        deadline = time.monotonic() + self.timing.grace
        while children := [child for child in children if child.ended() is None]:
            if self.hurried or (left := deadline - time.monotonic()) <= 0:
                break
            self.wait(left)
        for child in children:
            self.say("run", f"killing {child.name}")
            child.kill_group()
            child.popen.wait()
            child.ended()

    def say(self, name: str, text: str) -> None:
        label = f"{name:<{self.width}} |"
        if os.isatty(1):
            label = f"\x1b[{31 + sum(name.encode()) % 6}m{label}\x1b[0m"
        write(f"{label} {text}\n")


def ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def read_env_file(path: Path) -> dict[str, str]:
    """NAME=value lines, as the settings read them; it is they who complain about the others."""
    values: dict[str, str] = {}
    for line in path.read_text("utf-8", "replace").splitlines() if path.is_file() else ():
        name, equals, value = map(str.strip, line.partition("="))
        if value[:1] in {"'", '"'} and value[1:].endswith(value[:1]):
            value = value[1:-1]
        if equals and name.isidentifier():
            values.setdefault(name, value)
    return values


def check_port(host: str, port: str) -> int:
    if not (port.isascii() and port.isdigit() and int(port) in range(1, 65536)):
        raise SystemExit(f"PORT must be a whole number from 1 to 65535, not {port!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            why = f"Port {port} of {host} cannot be used ({error.strerror})"
            raise SystemExit(f"{why}: free it, or set PORT to another one.") from None
    return int(port)


def answers(host: str, port: int) -> bool:
    """Whether /health says 200, asked directly: neither a proxy nor a redirect may answer for it."""
    with (
        contextlib.suppress(OSError, http.client.HTTPException),
        contextlib.closing(http.client.HTTPConnection(host, port, timeout=1)) as connection,
    ):
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    return False


def main() -> int:
    os.chdir(ROOT)
    os.environ |= read_env_file(ROOT / ".env") | os.environ
    host = os.environ.get("BIND", "").strip() or "127.0.0.1"
    port = check_port(host, os.environ.get("PORT", "").strip() or "8000")
    os.environ |= {"BIND": host, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    near = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    ready, welcome = functools.partial(answers, near, port), WELCOME.format(url=f"http://{near}:{port}")
    prepare = (SETUP, DEMO) if host in LOOPBACK else (SETUP,)
    return Supervisor(PROCESSES, prepare=prepare, ready=ready, welcome=welcome).run()


if __name__ == "__main__":
    sys.exit(main())
