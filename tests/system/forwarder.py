# SPDX-License-Identifier: MIT
"""The link of forwarder.c (H2T_FORWARDER) in front of a server on loopback.

    with H2o(folder) as server, Forwarder(server, delay_s=0.025) as link:
        ... link.url("/name") ...
        link.say("unplug")
"""
import os
import subprocess

PROGRAM = os.environ["H2T_FORWARDER"]
QUEUE_BYTES = 4 * 1024 * 1024
END_LIMIT_S = 5


class Forwarder:
    def __init__(self, server, delay_s=0.0, bytes_a_second=0, queue_bytes=QUEUE_BYTES):
        self.server = server
        numbers = (server.port, int(delay_s * 1_000_000), bytes_a_second, queue_bytes)
        self.command = [PROGRAM, *map(str, numbers)]
        self.process = None
        self.port = None

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(END_LIMIT_S)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    @property
    def ca_file(self):
        return self.server.ca_file

    def url(self, path):
        return f"https://localhost:{self.port}{path}"

    def say(self, command):
        """unplug, plug or replace; done when this returns."""
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "ok\n":
            raise RuntimeError(f"the forwarder does not {command}")
