#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The installed copy, as somebody finds it who knows only pkg-config.

Builds the library anew, without sanitizers, in the folder given by H2T_SCRATCH (kept,
so that the next run is quick), and installs it to a folder beside it.
"""
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from support import tap

sys.path.insert(0, str(tap.ROOT / "tools"))
from loopback_server import LoopbackServer  # noqa: E402

SCRATCH = pathlib.Path(os.environ.get("H2T_SCRATCH", tap.ROOT / "build"), "installed").resolve()
PREFIX = SCRATCH / "prefix"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
LIBRARY_DIR = PREFIX / "lib"
ENVIRONMENT = {
    **os.environ,
    "PKG_CONFIG_PATH": str(LIBRARY_DIR / "pkgconfig"),
    "LD_LIBRARY_PATH": str(LIBRARY_DIR),
}


def run(*command, **options):
    """The finished process; its output is text. Raises with the output on a failure."""
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def install():
    build = SCRATCH / "build"
    if not (build / "build.ninja").is_file():
        options = [f"--prefix={PREFIX}", "--libdir=lib", "--buildtype=debug"]
        parts = ["-Dtests=false", "-Dexamples=false", "-Dtools=false"]
        run("meson", "setup", build, tap.ROOT, *options, *parts)
    shutil.rmtree(PREFIX, ignore_errors=True)
    run("meson", "install", "-C", build)


def compile_with(compiler, source, *more, package="libh2client"):
    """Compiles against the installed copy only, and returns the program's path."""
    program = SCRATCH / f"{pathlib.Path(source).stem}-{compiler}"
    flags = run("pkg-config", "--cflags", "--libs", package).stdout.split()
    run(compiler, *STRICT, *more, tap.ROOT / source, "-o", program, *flags)
    return program


def exported_symbols(library="libh2client.so"):
    lines = run("nm", "-D", "--defined-only", LIBRARY_DIR / library).stdout.splitlines()
    names = [line.split()[-1].split("@")[0] for line in lines]
    return [name for name in names if not re.fullmatch(r"H2CLIENT_(TESTING_)?0", name)]


def declared_functions():
    """The names of all functions the installed headers declare as the library's."""
    headers = sorted((PREFIX / "include/h2client").glob("*.h"))
    text = "\n".join(header.read_text() for header in headers)
    return re.findall(r"^H2CLIENT_API\b[^;(]*?\b(h2client_\w+)\(", text, re.MULTILINE)


class TlsOptions(ctypes.Structure):
    """As far as a program of the first days would know them: `size` says so."""

    _fields_ = [("size", ctypes.c_size_t), ("ca_file", ctypes.c_char_p)]


class SessionOptions(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("defaults", ctypes.c_void_p),
        ("tls", ctypes.POINTER(TlsOptions)),
    ]


class Bytes(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]


def load_library():
    library = ctypes.CDLL(LIBRARY_DIR / "libh2client.so")
    for name in ("session_create", "start", "call_await"):
        getattr(library, f"h2client_{name}").restype = ctypes.c_void_p
    library.h2client_response_body.restype = Bytes
    return library


def fetch_by_ctypes(library, ca_file, url):
    """Status and body of one GET, through plain functions and no macro."""
    tls = TlsOptions(ctypes.sizeof(TlsOptions), ca_file.encode())
    options = SessionOptions(ctypes.sizeof(SessionOptions), None, ctypes.pointer(tls))
    session = ctypes.c_void_p(library.h2client_session_create(ctypes.byref(options)))
    call = ctypes.c_void_p(library.h2client_start(session, b"GET", url.encode(), None))
    resp = ctypes.c_void_p(library.h2client_call_await(call))
    body = library.h2client_response_body(resp)
    fetched = library.h2client_response_status(resp), ctypes.string_at(body.data, body.len)
    library.h2client_call_destroy(call)
    library.h2client_session_destroy(session)
    return fetched


def setUpModule():
    SCRATCH.mkdir(parents=True, exist_ok=True)
    install()


class Installed(unittest.TestCase):
    def test_all_headers_of_the_tree_are_there(self):
        def names(folder):
            return sorted(path.name for path in folder.glob("*.h"))

        for part in ("include/h2client", "include/h2client-testing"):
            self.assertEqual(names(PREFIX / part), names(tap.ROOT / part))

    def test_pkg_config_tells_the_version_of_the_headers(self):
        version = run("pkg-config", "--modversion", "libh2client").stdout.strip()
        text = (PREFIX / "include/h2client/version.h").read_text()
        self.assertIn(f'#define H2CLIENT_VERSION "{version}"', text)

    def test_soname_has_the_abi_in_it(self):
        dynamic = run("readelf", "-d", LIBRARY_DIR / "libh2client.so").stdout
        self.assertIn("Library soname: [libh2client.so.0]", dynamic)

    def test_only_public_names_are_exported(self):
        foreign = [name for name in exported_symbols() if not name.startswith("h2client_")]
        self.assertEqual(foreign, [])

    def test_testers_library_exports_its_own_names_only(self):
        names = exported_symbols("libh2client-testing.so")
        self.assertGreater(len(names), 60)
        self.assertEqual([name for name in names if not name.startswith("h2t_")], [])

    def test_every_declared_function_is_exported(self):
        self.assertGreater(len(declared_functions()), 40)
        self.assertEqual(set(declared_functions()) - set(exported_symbols()), set())


class Example(unittest.TestCase):
    def prints_the_version(self, compiler):
        program = compile_with(compiler, "examples/ten_urls.c", "-std=c11")
        shown = subprocess.run([program], capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual(shown.returncode, 2)
        self.assertRegex(shown.stderr, r"libh2client \d+\.\d+\.\d+")

    def test_compiles_with_gcc_and_finds_the_library(self):
        self.prints_the_version("gcc")

    def test_compiles_with_clang_and_finds_the_library(self):
        self.prints_the_version("clang")


class Testers(unittest.TestCase):
    def works(self, compiler, *more):
        package = "h2client-testing"
        program = compile_with(compiler, "examples/testing_scripted.c", *more, package=package)
        shown = run(program).stdout
        results = re.findall(r"^(?:not )?ok \d", shown, re.MULTILINE)
        self.assertEqual(results, [f"ok {n}" for n in range(1, 5)])

    def test_program_tests_its_own_code_without_a_socket(self):
        self.works("gcc", "-std=c11")

    def test_program_tests_its_own_code_without_a_socket_by_clang(self):
        self.works("clang", "-std=c11")


class Fetching(unittest.TestCase):
    """The examples, against a real server."""

    @classmethod
    def setUpClass(cls):
        folder = SCRATCH / "served"
        folder.mkdir(exist_ok=True)
        for number in range(10):
            (folder / f"file-{number}").write_bytes(b"x" * (number * 1000))
        cls.server = LoopbackServer(folder)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def test_ten_urls_come_in_order_with_their_lengths(self):
        trusting = ["-Wl,--wrap=h2client_session_create", tap.ROOT / "tests/trust_test_ca.c"]
        program = compile_with("gcc", "examples/ten_urls.c", "-std=c11", *trusting)
        urls = [self.server.url(f"/file-{number}") for number in range(10)]
        shown = subprocess.run(
            [program, *urls],
            capture_output=True,
            text=True,
            env={**ENVIRONMENT, "H2T_CA_FILE": self.server.ca_file},
        )
        expected = "".join(f"200 {number * 1000} bytes\n" for number in range(10))
        self.assertEqual((shown.stdout, shown.returncode), (expected, 0))

    def test_ten_urls_of_a_server_nobody_trusts_tell_so(self):
        program = compile_with("gcc", "examples/ten_urls.c", "-std=c11")
        lines = run(program, *[self.server.url("/file-1")] * 10).stdout.splitlines()
        self.assertEqual(["not trusted" in line for line in lines], [True] * 10)

    def test_a_cxx17_program_uses_the_api(self):
        program = compile_with("g++", "tests/cxx_program.cpp", "-std=c++17")
        shown = run(program, self.server.ca_file, self.server.url("/file-7"))
        self.assertEqual(shown.stdout, "7000\n7000\n7000\n")

    def test_python_drives_it_through_ctypes(self):
        fetched = fetch_by_ctypes(load_library(), self.server.ca_file, self.server.url("/file-3"))
        self.assertEqual(fetched, (200, b"x" * 3000))


LEAKY_PROGRAM = """
#include <h2client/h2client.h>
int main(void)
{
    h2client_session *kept = h2client_session_create(NULL);
    h2client_session *named = h2client_session_create(H2CLIENT_SESSION(.max_conns = 1));
    h2client_call *asked = h2client_get(named, "http://127.0.0.1:1/asked");
    h2client_call *unasked = h2client_get(named, "http://127.0.0.1:1/unasked");
    h2client_call_await(asked);
    h2client_call_destroy(asked);
    h2client_call_destroy(unasked);
    return kept == NULL;
}
"""


class DebugBuild(unittest.TestCase):
    """What it tells on stderr; the installed copy is one."""

    @classmethod
    def setUpClass(cls):
        source = SCRATCH / "leaky.c"
        source.write_text(LEAKY_PROGRAM)
        cls.told = run(compile_with("gcc", source, "-std=c11")).stderr.splitlines()

    def test_sessions_never_destroyed_are_told_with_their_place(self):
        told = [line for line in self.told if line.endswith("was never destroyed")]
        self.assertEqual(len(told), 2)
        self.assertRegex(told[0], r"libh2client: the session made at .*leaky\.c:6 was never")
        self.assertRegex(told[1], r"libh2client: the session made at .*leaky-gcc\+0x[0-9a-f]+ was")

    def test_calls_never_awaited_are_told_with_their_place(self):
        told = [line for line in self.told if line.endswith("was never awaited")]
        self.assertEqual(len(told), 1)
        self.assertRegex(told[0], r"made at .*leaky\.c:8 \(GET http://127\.0\.0\.1:1/unasked\) was")


if __name__ == "__main__":
    tap.main()
