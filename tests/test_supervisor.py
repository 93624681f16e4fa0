"""The supervisor, run for real on toy processes: what it prints, restarts, stops and leaves behind."""

import os
import pty
import re
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

SUPERVISOR = Path(__file__).resolve().parent.parent / "deploy" / "supervisor.py"
PATIENCE = 10.0  # seconds before a test gives up; none comes near it when all is well

PREAMBLE = f"""
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.path.insert(0, {str(SUPERVISOR.parent)!r})
from supervisor import Process, Supervisor, Timing

def toy(name, code, **more):
    return Process(name, (sys.executable, "-c", code), **more)

"""
FOR_EVER = "import os, time; print('pid', os.getpid()); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOR_EVER}"
WITH_WORKER = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {FOR_EVER!r}]); {FOR_EVER}"

T = TypeVar("T")
Start = Callable[..., "Running"]


def until(question: Callable[[], T], what: str) -> T:
    deadline = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return answer


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not: an orphan's reaping is up to the machine's init."""
    try:
        os.kill(pid, 0)
        return sys.platform == "linux" and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return True


class Running:
    """A supervisor at work and the lines it has printed."""

    def __init__(self, arguments: Sequence[str], output: int, environment: Mapping[str, str]) -> None:
        ours = {"PORT", "BIND", "PYTHONUNBUFFERED"}
        inherited = {name: value for name, value in os.environ.items() if name not in ours}
        self.popen = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**inherited, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        if self.popen.stdout:
            with self.popen.stdout:
                for line in self.popen.stdout:
                    self.lines.append(line.decode().removesuffix("\n"))

    def matches(self, pattern: str) -> list[str]:
        found = (re.search(pattern, line) for line in list(self.lines))
        return [match[match.re.groups] for match in found if match]

    def see(self, pattern: str, times: int = 1) -> list[str]:
        """The last group (or the whole) of the matches, once there are so many."""
        until(lambda: len(self.matches(pattern)) >= times, f"{times} x {pattern!r} in {self.lines}")
        return self.matches(pattern)[:times]

    def pids(self, times: int = 1) -> list[int]:
        return [int(pid) for pid in self.see(r"\| pid (\d+)$", times)]

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def exit_code(self) -> int:
        code = self.popen.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code

    def clear_away(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        for pid in map(int, self.matches(r"\| pid (\d+)$")):
            if not is_gone(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def launch() -> Iterator[Start]:
    """Starts a supervisor, and clears up after it whatever becomes of the test."""
    launched: list[Running] = []

    def launch(*arguments: str, output: int = subprocess.PIPE, **environment: str) -> Running:
        launched.append(Running(arguments, output, environment))
        return launched[-1]

    yield launch
    for running in launched:
        running.clear_away()


@pytest.fixture
def start(launch: Start) -> Start:
    """Runs a script that has the supervisor's names and `toy` at hand."""
    return lambda script, **options: launch("-c", PREAMBLE + script, PYTHONUNBUFFERED="1", **options)


def supervise(*processes: tuple[str, str], options: str = "") -> str:
    toys = "".join(f"toy({name!r}, {code!r}), " for name, code in processes)
    return f"sys.exit(Supervisor(({toys}), {options}).run())"


def test_every_line_carries_the_aligned_name_of_its_process(start: Start) -> None:
    web = f"import sys; print('out'); print('err', file=sys.stderr); {FOR_EVER}"
    running = start(supervise(("web", web), ("relay", FOR_EVER)))
    running.pids(2)
    assert "web   | out" in running.lines
    assert "web   | err" in running.lines
    assert all(re.fullmatch(r"(web  |relay) \| (out|err|pid \d+)", line) for line in running.lines)


def test_lines_of_two_talkative_processes_never_mix(start: Start) -> None:
    talk = "import os, time\nfor _ in range(300): os.write(1, b'{0}' * 50); os.write(1, b'{0}' * 50 + b'\\n')\n"
    processes = [(name, talk.format(letter) + FOR_EVER) for name, letter in (("one", "a"), ("two", "b"))]
    running = start(supervise(*processes))
    running.pids(2)
    said = [line for line in running.lines if "pid" not in line]
    assert sorted(set(said)) == ["one | " + "a" * 100, "two | " + "b" * 100]
    assert len(said) == 600


def test_bytes_that_are_no_text_are_replaced(start: Start) -> None:
    running = start(supervise(("web", f"import os; os.write(1, b'caf\\xe9 \\xc3\\xa9\\n'); {FOR_EVER}")))
    assert running.see("caf.*") == ["caf\N{REPLACEMENT CHARACTER} é"]


def test_the_last_words_of_a_crash_come_before_the_news_of_it(start: Start) -> None:
    words = "import os; os.write(2, b'some words\\n' * 5000 + b'no newline'); os._exit(3)"
    running = start(supervise(("web", words)))
    running.see("starting it again")
    assert running.lines[4999:5002] == [
        "web | some words",
        "web | no newline",
        "run | web ended with exit code 3; starting it again in 0.5 s",
    ]


def test_colour_is_for_terminals_and_a_terminal_that_goes_away_does_not_prevent_a_clean_stop(
    start: Start,
) -> None:
    master, slave = pty.openpty()
    running = start(supervise(("web", FOR_EVER)), output=slave)
    os.close(slave)
    seen = b""
    while b"\n" not in seen:
        until(lambda: select.select([master], [], [], 0)[0], "a line")
        seen += os.read(master, 1000)
    os.close(master)
    line = re.fullmatch(rb"\x1b\[\d+mweb \|\x1b\[0m pid (\d+)\r\n", seen)
    assert line
    running.send(signal.SIGTERM)
    assert running.exit_code() == 0
    assert is_gone(int(line[1]))


@pytest.mark.parametrize(
    ("last_act", "ending"),
    [("sys.exit(3)", "exit code 3"), ("sys.exit()", "exit code 0"), ("os.kill(os.getpid(), 9)", "signal 9")],
)
def test_a_process_that_ends_however_it_ends_is_started_again(start: Start, last_act: str, ending: str) -> None:
    code = f"import os, sys; print('pid', os.getpid()); {last_act}"
    running = start(supervise(("web", code), options="timing=Timing(first_pause=0.05)"))
    assert len(set(running.pids(3))) == 3
    assert running.see(r"ended with (.*);", 2) == [ending, ending]


def test_the_pause_before_a_restart_doubles_up_to_a_limit(start: Start) -> None:
    code = "import time; print('born', time.monotonic()); raise SystemExit(1)"
    running = start(supervise(("web", code), options="timing=Timing(first_pause=0.1, longest_pause=0.3)"))
    births = [float(moment) for moment in running.see(r"born ([\d.]+)", 5)]
    assert running.see(r"again in ([\d.]+) s", 4) == ["0.1", "0.2", "0.3", "0.3"]
    gaps = [later - earlier for earlier, later in pairwise(births)]
    assert all(gap >= pause for gap, pause in zip(gaps, (0.1, 0.2, 0.3, 0.3), strict=True))


def test_after_a_settled_life_the_pause_is_the_first_one_again(start: Start) -> None:
    running = start(supervise(("web", "exit(1)"), options="timing=Timing(first_pause=0.1, settled=0)"))
    assert running.see(r"again in ([\d.]+) s", 3) == ["0.1", "0.1", "0.1"]


def test_one_process_that_crashes_leaves_the_others_alone(start: Start) -> None:
    running = start(supervise(("web", "exit(1)"), ("relay", FOR_EVER), options="timing=Timing(0.05)"))
    running.pids()
    running.see("web ended", 3)
    assert len(running.matches("relay .*pid")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_cleanly(start: Start, number: signal.Signals) -> None:
    running = start(supervise(("web", FOR_EVER), ("relay", FOR_EVER)))
    pids = running.pids(2)
    running.send(number)
    assert running.exit_code() == 0
    assert all(map(is_gone, pids))
    assert not running.matches("again in|killing|Traceback")


def test_every_process_leads_a_group_of_its_own_so_that_ctrl_c_reaches_the_supervisor_alone(
    start: Start,
) -> None:
    [pid] = start(supervise(("web", FOR_EVER))).pids()
    assert os.getpgid(pid) == pid


def test_a_process_may_finish_its_work_when_told_to_stop(start: Start) -> None:
    polite = f"import signal; signal.signal(signal.SIGTERM, lambda *_: exit(print('finished'))); {FOR_EVER}"
    running = start(supervise(("web", polite)))
    running.pids()
    running.send(signal.SIGTERM)
    assert running.exit_code() == 0
    assert running.matches("web . finished")
    assert not running.matches("killing")


def test_a_stubborn_process_is_killed_when_its_grace_is_over(start: Start) -> None:
    running = start(supervise(("web", STUBBORN), ("relay", FOR_EVER), options="timing=Timing(grace=0.3)"))
    pids = running.pids(2)
    running.send(signal.SIGTERM)
    assert running.exit_code() == 0
    assert running.matches("killing (.*)") == ["web"]
    assert all(map(is_gone, pids))


def test_a_second_ctrl_c_kills_at_once(start: Start) -> None:
    running = start(supervise(("web", STUBBORN), options="timing=Timing(grace=600)"))
    [pid] = running.pids()
    running.send(signal.SIGINT)
    running.see("stopping web")
    running.send(signal.SIGINT)
    assert running.exit_code() == 0
    assert is_gone(pid)


def test_a_signal_during_a_pause_stops_promptly(start: Start) -> None:
    running = start(supervise(("web", "exit(1)"), options="timing=Timing(600, 600)"))
    running.see("again in 600 s")
    running.send(signal.SIGTERM)
    assert running.exit_code() == 0


def test_under_nohup_a_hangup_is_ignored(start: Start) -> None:
    ignore = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    running = start(ignore + supervise(("web", FOR_EVER), options="timing=Timing(0.05)"))
    [pid] = running.pids()
    running.send(signal.SIGHUP)
    os.kill(pid, signal.SIGKILL)
    running.pids(2)
    running.send(signal.SIGTERM)
    assert running.exit_code() == 0


def test_workers_of_a_process_that_crashed_are_not_left_behind(start: Start) -> None:
    running = start(supervise(("web", WITH_WORKER)))
    pids = running.pids(2)
    leader = os.getpgid(pids[0])
    os.kill(leader, signal.SIGKILL)
    running.see("web ended with signal 9")
    until(lambda: all(map(is_gone, pids)), "the worker's end")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
@pytest.mark.parametrize("options", ["", f"prepare=[toy('setup', {FOR_EVER!r})]"])
def test_a_supervisor_that_is_killed_takes_its_processes_along(start: Start, options: str) -> None:
    running = start(supervise(("web", FOR_EVER), options=options))
    [pid] = running.pids()
    running.send(signal.SIGKILL)
    assert running.exit_code() == -signal.SIGKILL
    until(lambda: is_gone(pid), "the end of the orphan")


def test_the_processes_start_after_the_preparation(start: Start) -> None:
    prepare = "prepare=[toy('setup', 'import time; time.sleep(0.2); print(1)')]"
    running = start(supervise(("web", FOR_EVER), options=prepare))
    running.pids()
    assert [line[:7] for line in running.lines] == ["setup |", "web   |"]


@pytest.mark.parametrize(("last_act", "code"), [("exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)])
def test_a_failed_preparation_gives_its_exit_code_and_starts_nothing(start: Start, last_act: str, code: int) -> None:
    running = start(supervise(("web", FOR_EVER), options=f"prepare=[toy('setup', 'print(1); {last_act}')]"))
    assert running.exit_code() == code
    assert running.lines[0] == "setup | 1"
    assert running.lines[1].startswith("run   | nothing was started, because")
    assert len(running.lines) == 2


def test_what_is_not_needed_may_fail_and_the_processes_start(start: Start) -> None:
    first, second = "toy('setup', 'print(1)')", "toy('demo', 'exit(7)', needed=False)"
    running = start(supervise(("web", FOR_EVER), options=f"prepare=[{first}, {second}]"))
    running.see("^run   . going on, though .* ended with exit code 7$")
    running.pids()


def test_a_signal_during_the_preparation_stops_promptly(start: Start) -> None:
    running = start(supervise(("web", FOR_EVER), options=f"prepare=[toy('setup', {FOR_EVER!r})]"))
    [pid] = running.pids()
    running.send(signal.SIGINT)
    assert running.exit_code() == 0
    assert is_gone(pid)
    assert not running.matches("^web")


FAKE_MANAGE = "import sys, time; print(*sys.argv[1:]); time.sleep(600 if 'relay_events' in sys.argv else 0)"
FAKE_CELERY = "import sys, time; print(*sys.argv[1:], flush=True); time.sleep(600)"
FAKE_GUNICORN = """
import http.server, os, sys

class Health(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Health.asked += 1
        if healthy := self.path == "/health" and Health.asked > 2:
            print("healthy", flush=True)
        self.send_response(200 if healthy else 503)
        self.end_headers()

print(*sys.argv[1:], flush=True)
http.server.HTTPServer((os.environ["BIND"], int(os.environ["PORT"])), Health).serve_forever()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the same shape as ours whose gunicorn and manage.py are toys."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "gunicorn").mkdir()
    shutil.copy(SUPERVISOR, tmp_path / "deploy")
    (tmp_path / "gunicorn" / "__init__.py").touch()  # without it the installed one would come first
    (tmp_path / "gunicorn" / "__main__.py").write_text(FAKE_GUNICORN)
    (tmp_path / "manage.py").write_text(FAKE_MANAGE)
    (tmp_path / "celery.py").write_text(FAKE_CELERY)
    return tmp_path


@pytest.fixture
def make_run(launch: Start, project: Path) -> Start:
    """Runs what `make run` runs."""
    return lambda **environment: launch(str(project / "deploy" / "supervisor.py"), **environment)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def free_port() -> int:
    """A port that was in use a moment ago: the end of its last connection is still remembered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address) as client:
            server.accept()[0].close()
            client.recv(1)
        return int(address[1])


def test_make_run_prepares_starts_and_greets_the_person(make_run: Start, project: Path) -> None:
    port = free_port()
    (project / ".env").write_text(f"# where to listen\nPORT='{port}'\nBIND=0.0.0.0\n")
    running = make_run()
    running.see("Stop +Ctrl-C")
    running.see("^web    . financebot.wsgi:application --config deploy/gunicorn.conf.py$")
    running.see("^relay  . relay_events --follow$")
    running.see("^worker . --quiet --app financebot worker --beat ")
    running.send(signal.SIGINT)
    assert running.exit_code() == 0
    url = f"http://127.0.0.1:{port}"
    assert running.matches("^web    . healthy")
    assert running.lines[0] == "setup  | migrate --noinput"
    assert running.matches(f"Running at +{url}$")
    assert not running.matches("seed_demo")  # others could reach it there, and log in
    assert running.matches(f"API docs +{url}/docs$")
    assert running.matches(f"curl -X POST {url}/api/v1/auth/register .*email.*password")


def test_a_port_that_is_taken_ends_it_with_one_sentence(make_run: Start, taken: int) -> None:
    running = make_run(PORT=str(taken))
    assert running.exit_code() == 1
    [line] = running.lines
    assert line.startswith(f"Port {taken} of 127.0.0.1 cannot be used (Address already in use)")
    assert line.endswith("set PORT to another one.")


def test_the_port_may_come_from_the_env_file(make_run: Start, project: Path, taken: int) -> None:
    (project / ".env").write_text(f'PORT="{taken}"\n')
    running = make_run()
    assert running.exit_code() == 1
    assert running.matches(f"^Port {taken} ")


def test_the_environment_wins_over_the_env_file(make_run: Start, project: Path, taken: int) -> None:
    (project / ".env").write_text("PORT=none\n")
    running = make_run(PORT=str(taken))
    assert running.exit_code() == 1
    assert running.matches(f"^Port {taken} ")


@pytest.mark.parametrize("port", ["none", "0", "65536", "-1", "80.5", "²"])
def test_a_port_that_is_no_port_number_ends_it_with_one_sentence(make_run: Start, port: str) -> None:
    running = make_run(PORT=port)
    assert running.exit_code() == 1
    assert running.lines == [f"PORT must be a whole number from 1 to 65535, not {port!r}."]


def test_an_address_that_is_not_ours_ends_it_with_one_sentence(make_run: Start) -> None:
    running = make_run(BIND="192.0.2.1", PORT=str(free_port()))
    assert running.exit_code() == 1
    [line] = running.lines
    assert "192.0.2.1 cannot be used" in line


def test_the_env_file_is_read_line_by_line(tmp_path: Path) -> None:
    read_env_file = runpy.run_path(str(SUPERVISOR))["read_env_file"]
    path = tmp_path / ".env"
    assert read_env_file(path) == {}
    good = ["PLAIN=1", "  SPACED = a b ", "SINGLE='x # y'", 'DOUBLE="="', "EMPTY=", "ODD='"]
    path.write_text("\n".join(["# a comment", "", *good, "no sign", "#OFF=1", "PLAIN=2", ""]))
    assert read_env_file(path) == {
        "PLAIN": "1",
        "SPACED": "a b",
        "SINGLE": "x # y",
        "DOUBLE": "=",
        "EMPTY": "",
        "ODD": "'",
    }
