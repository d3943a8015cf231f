#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The floors of this tree are in order, and the script that says so can say no."""
import pathlib
import subprocess
import tempfile
import unittest

import check_layers
from support import tap

SPDX = "/* SPDX-License-Identifier: MIT */\n"
# A tree in miniature: something on every floor, all of it allowed.
GOOD_TREE = {
    "include/h2client/types.h": "#include <stddef.h>\n",
    "base/buf.h": "#include <h2client/types.h>\n",
    "base/alloc.c": '#include "buf.h"\nvoid *p(void) { return malloc(1); }\n',
    "transport/tcp.c": '#include "base/buf.h"\n#include <sys/socket.h>\nf(poll(0, 0, 0));\n',
    "transport/tcp.h": '#include "h2client/types.h"\n',
    "transport/tls_gnutls.c": "#include <gnutls/gnutls.h>\n",
    "resolver/ares_resolver.c": '#include <ares.h>\n#include "dns_cache.h"\n',
    "resolver/dns_cache.h": "",
    "h2client/http/field.h": '#include "base/buf.h"\n',
    "h2client/h1/h1_conn.h": '#include "h2client/http/field.h"\n',
    "h2client/h2/h2_conn.h": '#include <nghttp2/nghttp2.h>\n#include "h2client/http/field.h"\n',
    "h2client/h2/h2_conn.c": "/* like time(2) */ int g(void) { return ops->read(x, \"open(\"); }\n",
    "h2client/pool/pool.h": '#include "h2client/h2/h2_conn.h"\n#include "h2client/h1/h1_conn.h"\n',
    "h2client/coding.c": '#include <zlib.h>\n#include "h2client/pool/pool.h"\n',
    "h2client/session.c": '#include "transport/tcp.h"\n#include "resolver/dns_cache.h"\n',
    "tools/h2fetch/fetch.c": "#include <h2client/types.h>\n#include <time.h>\n",
    "examples/one.c": "#include <h2client/types.h>\nint main(void) { puts(text); }\n",
    "tests/test_x.c": '#include "h2client/h2/h2_conn.c"\n#include <nghttp2/nghttp2.h>\n',
}
ARROW, PLACE, SYSTEM = "must not see", "does not belong here", "reaches the system"
# A claim, a file that breaks it, and what the script has to say.
BAD_FILES = [
    ("base_sees_transport", "base/bad.c", '#include "transport/tcp.h"', ARROW),
    ("base_sees_http", "base/bad.h", '#include "h2client/http/field.h"', ARROW),
    ("transport_sees_http", "transport/bad.c", '#include "h2client/http/field.h"', ARROW),
    ("transport_sees_resolver", "transport/bad.c", '#include "resolver/dns_cache.h"', ARROW),
    ("resolver_sees_transport", "resolver/bad.c", '#include "transport/tcp.h"', ARROW),
    ("http_sees_h2", "h2client/http/bad.c", '#include "h2client/h2/h2_conn.h"', ARROW),
    ("h2_sees_h1", "h2client/h2/bad.c", '#include "../h1/h1_conn.h"', ARROW),
    ("h1_sees_h2", "h2client/h1/bad.c", '#include "h2client/h2/h2_conn.h"', ARROW),
    ("h2_sees_pool", "h2client/h2/bad.c", '#include "h2client/pool/pool.h"', ARROW),
    ("pool_sees_transport", "h2client/pool/bad.c", '#include "transport/tcp.h"', ARROW),
    ("pool_sees_resolver", "h2client/pool/bad.c", '#include "resolver/dns_cache.h"', ARROW),
    ("facade_sees_a_core", "h2client/bad.c", '#include "h2client/h2/h2_conn.h"', ARROW),
    ("tool_sees_the_inside", "tools/bad.c", '#include "base/buf.h"', ARROW),
    ("example_sees_the_inside", "examples/bad.c", '# include "base/buf.h"', ARROW),
    ("public_header_sees_base", "include/h2client/bad.h", '#include "base/buf.h"', ARROW),
    ("public_header_needs_a_library", "include/h2client/bad.h", "#include <ares.h>", PLACE),
    ("public_header_needs_more", "include/h2client/bad.h", "#include <time.h>", "must not need"),
    ("nghttp2_outside_h2", "h2client/pool/bad.c", "#include <nghttp2/nghttp2.h>", PLACE),
    ("nghttp2_in_a_tool", "tools/h2fetch/bad.c", "#include <nghttp2/nghttp2.h>", PLACE),
    ("gnutls_outside_tls", "transport/bad.c", "#include <gnutls/x509.h>", PLACE),
    ("cares_outside_resolver", "transport/bad.c", "#include <ares.h>", PLACE),
    ("a_library_in_two_files", "h2client/bad.c", "#include <zlib.h>", "one .c file"),
    ("a_library_in_a_header", "h2client/bad.h", "#include <brotli/decode.h>", "one .c file"),
    ("a_system_header_in_a_core", "h2client/h2/bad.c", "#include <sys/socket.h>", SYSTEM),
    ("a_clock_header_in_base", "base/bad.c", "#include <time.h>", SYSTEM),
    ("a_clock_in_a_core", "h2client/h2/bad.c", "long f(void) { return time(0); }", "time is not"),
    ("an_environment_in_the_facade", "h2client/bad.c", 'f(getenv("X"));', "getenv is not"),
    ("a_file_in_the_facade", "h2client/bad.c", 'f(fopen("x", "r"));', "fopen is not"),
    ("a_read_in_base", "base/bad.c", "int f(void) { return read (0, p, 1); }", "read is not"),
    ("a_print_in_the_pool", "h2client/pool/bad.c", 'f(); printf("here");', "printf is not"),
    ("a_stream_in_the_pool", "h2client/pool/bad.c", "g(stderr);", "stderr is not"),
    ("memory_past_the_allocator", "h2client/h2/bad.c", "p = malloc(3);", "malloc is not"),
    ("a_missing_file", "base/bad.c", '#include "base/nowhere.h"', "not a file"),
    ("two_files_of_one_name", "tests/field.h", "", "has the name of"),
]


def problems_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            target = pathlib.Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(SPDX + text + "\n")
        return check_layers.check_tree(folder)


class ThisTree(unittest.TestCase):
    def test_has_its_floors_in_order(self):
        problems = check_layers.check_tree(tap.ROOT)
        self.assertFalse(problems, "\n".join(problems))

    def compiles_alone(self, *command):
        command += ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only")
        command += (f"-I{tap.ROOT / 'include'}",)
        complaints = ""
        for header in sorted((tap.ROOT / "include").glob("h2client*/*.h")):
            checked = subprocess.run([*command, header], capture_output=True, text=True)
            complaints += checked.stderr
            self.assertEqual(checked.returncode, 0, complaints)
        self.assertEqual(complaints, "")

    def test_public_headers_compile_alone_as_c11(self):
        self.compiles_alone("gcc", "-std=c11", "-x", "c")

    @tap.needs("clang")
    def test_public_headers_compile_alone_as_c11_with_clang(self):
        self.compiles_alone("clang", "-std=c11", "-x", "c")

    @tap.needs("g++")
    def test_public_headers_compile_alone_as_cxx17(self):
        self.compiles_alone("g++", "-std=c++17", "-x", "c++")


class Script(unittest.TestCase):
    def test_takes_a_tree_in_order(self):
        self.assertEqual(problems_of(GOOD_TREE), [])

    def test_refuses_a_source_without_licence(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "base").mkdir()
            pathlib.Path(folder, "base/bad.c").write_text("int x;\n")
            self.assertIn("no line 'SPDX", "".join(check_layers.check_tree(folder)))


def refusal(path, text, words):
    def test(self):
        problems = problems_of({**GOOD_TREE, path: text})
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    return test


for claim, *sample in BAD_FILES:
    setattr(Script, f"test_refuses_{claim}", refusal(*sample))

if __name__ == "__main__":
    tap.main()
