# SPDX-License-Identifier: MIT
"""Servers of Debian's packages over TLS: some with a log that tells their connections, others
that can be restarted while they work, in front of a back end that counts."""
import collections
import contextlib
import getpass
import http.server
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

from loopback_server import START_LIMIT_S, LoopbackServer, free_port

END_LIMIT_S = 2
BACK_END_DELAY_S = 0.005


def answers(process, port, deadline):
    """Whether it listens, before it ends and before that time."""
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        time.sleep(0.02)
    return False


class Nghttpd(LoopbackServer):
    """Over TLS, telling a file of what it sees."""

    def __init__(self, document_root, *options):
        super().__init__(document_root)
        self.options = options

    def _spawn(self):
        files = [os.path.join(self.folder.name, name) for name in ("server.key", "server.pem")]
        options = ["-v", "--address=127.0.0.1", *self.options]
        self.log_path = pathlib.Path(self.folder.name, "log")
        with open(self.log_path, "w") as log:
            return subprocess.Popen(
                ["nghttpd", *options, f"--htdocs={self.document_root}", str(self.port), *files],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.DEVNULL,
            )

    def n_connections(self):
        """Those that sent SETTINGS: the look whether it listens is one that did not."""
        return len(set(re.findall(r"\[id=(\d+)\] \[[^]]*\] recv SETTINGS", self.log_path.read_text())))


H2O_CONF = """\
user: {user}
num-threads: 1
access-log:
  path: {folder}/access
  format: "%{{connection-id}}x %s %r"
listen:
  host: 127.0.0.1
  port: {port}
  ssl:
    certificate-file: {folder}/server.pem
    key-file: {folder}/server.key
hosts:
  default:
    paths:
      /:
        file.dir: {root}
"""


class H2o(LoopbackServer):
    def _spawn(self):
        conf = pathlib.Path(self.folder.name, "conf")
        conf.write_text(
            H2O_CONF.format(
                user=getpass.getuser(),
                folder=self.folder.name,
                port=self.port,
                root=os.path.abspath(self.document_root),
            )
        )
        return subprocess.Popen(
            ["h2o", "-c", conf],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def n_connections(self):
        lines = pathlib.Path(self.folder.name, "access").read_text().splitlines()
        return len({line.split()[0] for line in lines})


class Restartable(LoopbackServer):
    """In front of back ends that listen on those ports; a subclass says how it is started,
    and which signal makes it start again without dropping what runs."""

    graceful = None

    def __init__(self, *back_ends):
        super().__init__(None)
        self.back_ends = back_ends

    def conf(self):
        raise NotImplementedError

    def command(self, conf):
        raise NotImplementedError

    def _spawn(self):
        conf = pathlib.Path(self.folder.name, "conf")
        conf.write_text(self.conf())
        with open(pathlib.Path(self.folder.name, "output"), "a") as output:
            return subprocess.Popen(
                self.command(conf),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # it can be killed with all its workers
            )

    def restart(self):
        self.process.send_signal(self.graceful)

    def kill(self):
        """All its processes at once: nobody says goodbye."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def start_again(self):
        """On its old port."""
        self.process = self._spawn()
        self._wait_for(self.process, self.port)

    @staticmethod
    def _wait_for(process, port):
        if not answers(process, port, time.monotonic() + START_LIMIT_S):
            raise RuntimeError(f"{process.args[0]} does not start")

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_LIMIT_S)
        with contextlib.suppress(ProcessLookupError):
            self.kill()  # workers that still drain
        self.folder.cleanup()


class Nginx(Restartable):
    graceful = signal.SIGHUP

    def __init__(self, *back_ends, with_h2=False, keepalive_requests=1000):
        super().__init__(*back_ends)
        self.with_h2 = with_h2
        self.keepalive_requests = keepalive_requests

    def conf(self):
        folder = self.folder.name
        temporary = "".join(
            f"  {name}_temp_path {folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"daemon off;\nuser {getpass.getuser()};\nworker_processes 2;\npid {folder}/pid;\n"
            f"error_log {folder}/errors;\nevents {{}}\nhttp {{\n  access_log off;\n{temporary}"
            f"  keepalive_requests {self.keepalive_requests};\n  server {{\n"
            f"    listen 127.0.0.1:{self.port} ssl{' http2' if self.with_h2 else ''};\n"
            f"    ssl_certificate {folder}/server.pem;\n    ssl_certificate_key {folder}/server.key;\n"
            f"    location / {{ proxy_pass http://127.0.0.1:{self.back_ends[0]}; }}\n  }}\n}}\n"
        )

    def command(self, conf):
        return ["nginx", "-e", f"{self.folder.name}/errors", "-p", self.folder.name, "-c", conf]


APACHE_CONF = """\
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/errors
User nobody
Group nogroup
ServerName localhost
Listen 127.0.0.1:{port}
StartServers 2
MinSpareThreads 25
MaxSpareThreads 75
ThreadsPerChild 25
MaxRequestWorkers 150
Protocols h2 http/1.1
SSLEngine on
SSLCertificateFile {folder}/server.pem
SSLCertificateKeyFile {folder}/server.key
ProxyPass / http://127.0.0.1:{back_end}/
"""


class Apache(Restartable):
    graceful = signal.SIGUSR1
    modules = ("mpm_event", "authz_core", "ssl", "http2", "proxy", "proxy_http")

    def conf(self):
        loads = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
            for name in self.modules
        )
        return loads + APACHE_CONF.format(
            folder=self.folder.name, port=self.port, back_end=self.back_ends[0]
        )

    def command(self, conf):
        return ["apache2", "-D", "FOREGROUND", "-f", conf]


H2O_PROXY_CONF = """\
user: {user}
num-threads: 1
pid-file: {folder}/pid
error-log: {folder}/errors
listen:
  host: 127.0.0.1
  port: {port}
  ssl:
    certificate-file: {folder}/server.pem
    key-file: {folder}/server.key
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:{back_end}/
"""


class H2oProxy(Restartable):
    graceful = signal.SIGHUP

    def conf(self):
        return H2O_PROXY_CONF.format(
            user=getpass.getuser(),
            folder=self.folder.name,
            port=self.port,
            back_end=self.back_ends[0],
        )

    def command(self, conf):
        return ["h2o", "-m", "master", "-c", conf]


class Haproxy(Restartable):
    """In front of all of them, one after the other."""

    graceful = signal.SIGUSR2

    def conf(self):
        folder = self.folder.name
        pair = pathlib.Path(folder, "pair.pem")
        pair.write_text("".join(
            pathlib.Path(folder, name).read_text() for name in ("server.pem", "server.key")
        ))
        servers = "".join(
            f"  server s{port} 127.0.0.1:{port}\n" for port in self.back_ends
        )
        return (
            f"global\n  stats socket {folder}/socket level admin expose-fd listeners\n"
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
            f"frontend f\n  bind 127.0.0.1:{self.port} ssl crt {pair} alpn h2,http/1.1\n"
            f"  default_backend b\nbackend b\n{servers}"
        )

    def command(self, conf):
        return ["haproxy", "-W", "-f", conf]


class NghttpdAlone(Restartable):
    """It knows no graceful end."""

    def __init__(self, document_root):
        super().__init__()
        self.document_root = document_root

    def conf(self):
        return ""

    def command(self, _):
        files = [os.path.join(self.folder.name, name) for name in ("server.key", "server.pem")]
        options = ["-v", "--address=127.0.0.1", f"--htdocs={self.document_root}"]
        return ["nghttpd", *options, str(self.port), *files]

    @property
    def seen(self):
        """As BackEnd counts, of the POSTs: their paths are theirs alone."""
        paths = re.findall(r":path: (/post/\S+)", pathlib.Path(self.folder.name, "output").read_text())
        return collections.Counter(f"POST {path}" for path in paths)


class NghttpdTurns(Haproxy):
    """Two nghttpd behind a balancer that knows no TLS and no HTTP. They know no graceful end:
    one that is restarted takes its connections with it, while the other one stands."""

    def __init__(self, document_root):
        super().__init__(free_port(), free_port())
        self.document_root = document_root
        self.twins = {}

    def conf(self):
        servers = "".join(f"  server s{port} 127.0.0.1:{port}\n" for port in self.back_ends)
        return (
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n"
            "  timeout server 30s\n  option redispatch 1\n"
            f"listen f\n  bind 127.0.0.1:{self.port}\n{servers}"
        )

    def _start(self):
        for port in self.back_ends:
            self.twins[port] = self._spawn_twin(port)
        super()._start()

    def _spawn_twin(self, port):
        files = [os.path.join(self.folder.name, name) for name in ("server.key", "server.pem")]
        options = ["-v", "--address=127.0.0.1", f"--htdocs={self.document_root}"]
        with open(os.path.join(self.folder.name, f"log{port}"), "a") as log:
            twin = subprocess.Popen(
                ["nghttpd", *options, str(port), *files],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.DEVNULL,
            )
        self._wait_for(twin, port)
        return twin

    def restart(self):
        port, twin = next(iter(self.twins.items()))
        del self.twins[port]  # and it is the last one from here on
        twin.kill()
        twin.wait()
        self.twins[port] = self._spawn_twin(port)

    @property
    def seen(self):
        """As BackEnd counts, of the POSTs: their paths are theirs alone."""
        logs = pathlib.Path(self.folder.name).glob("log*")
        paths = (re.findall(r":path: (/post/\S+)", log.read_text()) for log in logs)
        return collections.Counter(f"POST {path}" for path in itertools.chain(*paths))

    def __exit__(self, *_):
        for twin in self.twins.values():
            twin.kill()
            twin.wait()
        super().__exit__()


class _BackEndHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        with self.server.lock:
            self.server.seen[f"{self.command} {self.path}"] += 1
        self.rfile.read(int(self.headers.get("content-length", 0)))
        time.sleep(BACK_END_DELAY_S)
        self.send_response(200)
        self.send_header("content-length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class BackEnd(http.server.ThreadingHTTPServer):
    """Answers all with the same, a little later, over HTTP/1.1, and counts what it saw, as
    soon as it sees a request's head."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer=b"ok"):
        super().__init__(("127.0.0.1", 0), _BackEndHandler)
        self.answer = answer
        self.lock = threading.Lock()
        self.seen = collections.Counter()
        self.port = self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """A proxy that went away is what it is here for."""
