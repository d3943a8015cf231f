#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""quickstart_demo.py H2FETCH: 200 files over one connection, and the same one by one.

Starts a real server, fetches all files from it twice, compares every byte, and prints
a table of what h2fetch reported. The time is that of the whole process, by our clock.
"""
import filecmp
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from loopback_server import LoopbackServer

N_FILES = 200
LARGEST_FILE = 64 * 1024
ROW = "{:<20}{:>10}{:>14}{:>10}{:>12}{:>11}"


def make_files(folder):
    """Files of all sizes up to the largest, the same ones each time."""
    draw = random.Random(1)
    for number in range(N_FILES):
        content = draw.randbytes(draw.randint(1, LARGEST_FILE))
        pathlib.Path(folder, f"file-{number}").write_bytes(content)


def show_progress(label, n_done):
    text = f"{label}: {n_done} of {N_FILES}"
    if sys.stderr.isatty():
        print(f"\r{text}", end="\n" if n_done == N_FILES else "", file=sys.stderr, flush=True)
    elif n_done % (N_FILES // 4) == 0:
        print(text, file=sys.stderr, flush=True)


def read_reports(label, command):
    """The lines h2fetch reports, one a URL, as they come."""
    reports = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout:
                reports.append(json.loads(line))
                show_progress(label, len(reports))
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise RuntimeError(f"h2fetch ended with {process.returncode}")
    return reports


def fetch_all(label, h2fetch, server, folder, *options):
    """Fetches every file into the folder; the reports and the seconds it took."""
    todo = "".join(
        f"{server.url(f'/file-{number}')}\t{folder}/file-{number}\n" for number in range(N_FILES)
    )
    url_list = pathlib.Path(folder, "urls")
    url_list.write_text(todo)
    trust = ["--cacert", server.ca_file]
    start = time.monotonic()
    reports = read_reports(
        label, [h2fetch, "-sS", *trust, "--input-file", url_list, "--report", "-", *options]
    )
    return reports, time.monotonic() - start


def check_files(served, fetched):
    names = [f"file-{number}" for number in range(N_FILES)]
    _, different, missing = filecmp.cmpfiles(served, fetched, names, shallow=False)
    if different or missing:
        raise RuntimeError(f"not as served: {different + missing}")


def row(label, reports, seconds):
    streams = {(report["conn_id"], report["stream_id"]) for report in reports}
    n_conns = len({conn for conn, _ in streams})
    n_bytes = sum(report["size_download"] for report in reports)
    return ROW.format(
        label, len(reports), n_conns, len(streams), f"{n_bytes:,}", f"{seconds:.3f} s"
    )


def demonstrate(h2fetch):
    rows = [ROW.format("", "requests", "connections", "streams", "bytes", "time")]
    with tempfile.TemporaryDirectory(prefix="h2client-quickstart-") as top:
        served = pathlib.Path(top, "served")
        served.mkdir()
        make_files(served)
        with LoopbackServer(served) as server:
            source = f"{server.url('/')} (nghttpd)"
            print(f"{N_FILES} files from {source}, certificate verified", flush=True)
            ways = [("all at once", []), ("one after another", ["--parallel-max", "1"])]
            for label, options in ways:
                fetched = pathlib.Path(top, label.replace(" ", "-"))
                fetched.mkdir()
                reports, seconds = fetch_all(label, h2fetch, server, fetched, *options)
                check_files(served, fetched)
                rows.append(row(label, reports, seconds))
    print("Every byte arrived as it was served.\n", *rows, sep="\n")


def main():
    # A kill ends the server as an exception does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        demonstrate(sys.argv[1])
    except RuntimeError as error:
        sys.exit(f"quickstart: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
