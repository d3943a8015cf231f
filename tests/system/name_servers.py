# SPDX-License-Identifier: MIT
"""Real name servers on loopback, and one that keeps some of their answers waiting."""
import os
import pathlib
import pwd
import socket
import subprocess
import tempfile
import threading

os.environ["PATH"] += ":/usr/sbin"  # not in everybody's

A, AAAA = 1, 28
PATIENCE_S = 20


def free_port():
    """Free over UDP and TCP."""
    while True:
        with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            try:
                other.bind(one.getsockname())
            except OSError:
                continue
            return one.getsockname()[1]


class NameServer:
    """A running server, and what it logged. `started` and `asked` are in its log's words."""

    def __init__(self, command, started, asked):
        self.asked = asked
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.lines = []
        self.is_up = threading.Event()
        self.reader = threading.Thread(target=self._read, args=(started,))
        self.reader.start()
        if not self.is_up.wait(PATIENCE_S):
            self.stop()
            raise RuntimeError(f"{command[0]} does not start: " + "".join(self.lines))

    def _read(self, started):
        for line in self.process.stderr:
            self.lines.append(line)
            if started in line:
                self.is_up.set()

    def n_asked(self, host, kind="A"):
        """Questions so far. The log comes a little after the answer."""
        return sum(self.asked.format(host=host, kind=kind) in line for line in self.lines)

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        self.process.stderr.close()


class Dnsmasq(NameServer):
    """`records` are its options. Names of `hosts`, a file, have `hosts_ttl`."""

    def __init__(self, records, address="127.0.0.1", hosts=None, hosts_ttl=1):
        self.port = free_port()
        user = pwd.getpwuid(os.getuid()).pw_name
        command = ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"]
        command += ["--pid-file=", f"--user={user}", "--log-queries", "--log-facility=-"]
        command += [f"--port={self.port}", f"--listen-address={address}", "--bind-interfaces"]
        if hosts:
            command += [f"--addn-hosts={hosts}", f"--local-ttl={hosts_ttl}"]
        super().__init__(command + records, "started", "query[{kind}] {host} from")


UNBOUND = """
server:
  directory: "{folder}"
  chroot: ""
  username: ""
  interface: 127.0.0.1
  port: {port}
  do-daemonize: no
  use-syslog: no
  logfile: ""
  log-queries: yes
  pidfile: ""
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{upstream}
"""


class Unbound(NameServer):
    """A caching resolver that asks the server of that port."""

    def __init__(self, upstream):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        conf = pathlib.Path(self.folder.name) / "unbound.conf"
        conf.write_text(
            UNBOUND.format(folder=self.folder.name, port=self.port, upstream=upstream)
        )
        command = ["unbound", "-d", "-c", str(conf)]
        super().__init__(command, "start of service", " {host}. {kind} IN")

    def stop(self):
        super().stop()
        self.folder.cleanup()


def type_asked(question):
    """Of a DNS message with one question."""
    end = 12
    while question[end]:
        end += question[end] + 1
    return int.from_bytes(question[end + 1 : end + 3], "big")


class Delaying:
    """Passes questions on to the server of a port, over UDP; answers of the types in `delays`
    (seconds) come late, others at once."""

    def __init__(self, upstream, delays):
        self.upstream = upstream
        self.delays = delays
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.timers = []
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            question, asker = self.socket.recvfrom(512)
            if not question:
                return
            answer = self._ask(question)
            delay_s = self.delays.get(type_asked(question), 0)
            timer = threading.Timer(delay_s, self.socket.sendto, (answer, asker))
            self.timers.append(timer)
            timer.start()

    def _ask(self, question):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(PATIENCE_S)
            one.sendto(question, ("127.0.0.1", self.upstream))
            return one.recv(512)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(PATIENCE_S)
        for timer in self.timers:
            timer.cancel()
            timer.join(PATIENCE_S)
        self.socket.close()


class ResolveTool:
    """resolve_tool (H2T_RESOLVE_TOOL), asked by its standard input."""

    def __init__(self, servers, min_ttl_s=1):
        command = [os.environ["H2T_RESOLVE_TOOL"], servers, "1", str(min_ttl_s)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)  # fmt: skip

    def ask(self, host):
        self.process.stdin.write(host + "\n")
        words = self.process.stdout.readline().split()
        assert words and words[0] == host, words
        answer = dict(word.split("=", 1) for word in words[1:])
        answer["addresses"] = sorted(answer["addresses"].split(",")) if answer["addresses"] else []
        return {
            name: value if name == "addresses" else int(value) for name, value in answer.items()
        }

    def flush(self):
        self.process.stdin.write("flush\n")

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return code
