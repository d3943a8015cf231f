#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_layers.py [TREE]: do the arrows between the floors still point down?

The rules are the tables below; docs/architecture.md has the picture. What the
compiler has to say about the public headers stands in test_check_layers.py.
"""
import pathlib
import re
import sys

# Room: what its files may include besides themselves. A file belongs to the room
# with the longest path that begins its own.
PUBLIC = ["include/h2client"]
GROUND = PUBLIC + ["base"]
ROOMS = {
    "include/h2client": [],
    "include/h2client-testing": PUBLIC,
    "base": PUBLIC,
    "transport": GROUND,
    "resolver": GROUND,
    "h2client/http": GROUND,
    "h2client/h1": GROUND + ["h2client/http"],
    "h2client/h2": GROUND + ["h2client/http"],
    "h2client/pool": GROUND + ["h2client/http", "h2client/h1", "h2client/h2", "h2client/auth"],
    "h2client/coding": GROUND,
    "h2client/cookies": GROUND + ["h2client/http"],
    "h2client/auth": GROUND,
    "h2client/payload": GROUND + ["h2client/http"],
    "h2client": GROUND
    + ["h2client/" + room for room in ("http", "pool", "coding", "cookies", "auth", "payload")]
    + ["transport", "resolver"],
    "testing": GROUND + ["include/h2client-testing", "transport"],
    "tools": PUBLIC,
    "examples": PUBLIC + ["include/h2client-testing"],
    "tests": None,  # everything
}
# The facade asks the core below the pool for one thing: the version of its library.
ARROWS_ON_PURPOSE = {("h2client/version.c", "h2client/h2/h2_conn.h")}
# Headers of libraries: the paths whose files may include them.
LIBRARIES = {
    r"nghttp2/": r"h2client/h2/|tests/|testing/|tools/bench/",
    r"gnutls/": r"transport/tls|tests/|tools/bench/",
    r"ares(_\w+)?\.h": r"resolver/|tests/",
    r"curl/": r"tools/bench/",
    r"check\.h": r"tests/",
}
# Libraries that exactly one file of ours may know; tests and examples are their users.
ONE_FILE_LIBRARIES = [
    r"zlib\.h", r"brotli/", r"zstd(_errors)?\.h", r"jansson\.h", r"idn2\.h", r"libpsl\.h", r"nettle/",
]  # fmt: skip
# Headers that reach neither the system nor the clock (arpa/inet: addresses as text);
# all others do.
PURE_HEADERS = set(
    "arpa/inet assert ctype errno inttypes limits stdalign stdarg stdatomic stdbool stddef"
    " stdint stdio stdlib string".split()
)
PUBLIC_HEADERS_MAY_USE = {"stdbool", "stddef", "stdint"}
# Rooms that may ask the system for something.
SYSTEM_ROOMS = {"transport", "resolver", "tools", "examples", "testing", "tests"}
SYSTEM_CALLS = (
    "time clock clock_gettime gettimeofday localtime gmtime getenv secure_getenv setenv"
    " rand random srand drand48 getrandom sleep usleep nanosleep"
    " fopen fdopen fclose fread fwrite fprintf vfprintf printf vprintf puts putchar fputs fputc"
    " fgets perror open openat close read write pread pwrite socket connect send recv sendmsg"
    " recvmsg poll select getaddrinfo gethostbyname fork system signal sigaction getpid"
).split()
STREAMS = ["stdin", "stdout", "stderr"]
# Memory comes through the allocator, whose default is the one that may call these.
MEMORY_CALLS = "malloc calloc realloc free strdup strndup asprintf vasprintf getline".split()
MEMORY_FILES = {"base/alloc.c"}
# The library's half of a port whose other half, under the same name, is public.
HALVES_OF_PORTS = {"base/fault.h", "base/reactor.h"}

SOURCES = {".c", ".h", ".cpp", ".py", ".sh", ".map"}
SPDX = "SPDX-License-Identifier: MIT"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]', re.MULTILINE)
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def room_of(path):
    fitting = [room for room in ROOMS if path.startswith(room + "/")]
    return max(fitting, key=len, default=None)


def files_of(tree):
    """Paths of all files in the rooms, relative and with slashes."""
    for room in sorted({room.split("/")[0] for room in ROOMS}):
        for path in sorted((tree / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(tree).as_posix()


def included_file(tree, path, name):
    """The file of this tree that an #include of `path` means, or None."""
    for base in (pathlib.PurePosixPath(path).parent, "include", "."):
        found = tree / base / name
        if found.is_file():
            return found.resolve().relative_to(tree.resolve()).as_posix()
    return None


def check_arrow(path, target):
    room, target_room = room_of(path), room_of(target)
    allowed = ROOMS[room]
    if allowed is None or target_room in allowed or (path, target) in ARROWS_ON_PURPOSE:
        return []
    return [] if target_room == room else [f"{path}: {room} must not see {target}"]


def check_foreign_header(path, name):
    """A header that is not of this tree: a library's, the C library's, the system's."""
    room = room_of(path)
    stem = name.removesuffix(".h")
    for pattern, places in LIBRARIES.items():
        if re.match(pattern, name):
            return [] if re.match(places, path) else [f"{path}: <{name}> does not belong here"]
    if room.startswith("include/"):
        fine = stem in PUBLIC_HEADERS_MAY_USE
        return [] if fine else [f"{path}: a public header must not need <{name}>"]
    if stem in PURE_HEADERS or room in SYSTEM_ROOMS:
        return []
    if any(re.match(pattern, name) for pattern in ONE_FILE_LIBRARIES):
        return []  # check_one_file_libraries counts them
    return [f"{path}: <{name}> reaches the system; only {sorted(SYSTEM_ROOMS)} may"]


def check_includes(tree, path, text):
    problems = []
    for quote, name in INCLUDE.findall(text):
        target = included_file(tree, path, name)
        if target:
            problems += check_arrow(path, target)
        elif quote == "<":
            problems += check_foreign_header(path, name)
        else:
            problems.append(f'{path}: "{name}" is not a file of this tree')
    return problems


def check_calls(path, text):
    """Calls by name; a call through a port (`ops->read(`) is none of the system."""
    if room_of(path) in SYSTEM_ROOMS:
        return []
    banned = list(SYSTEM_CALLS)
    if path not in MEMORY_FILES:
        banned += MEMORY_CALLS
    code = COMMENT_OR_TEXT.sub(" ", text)
    calls = re.findall(r"(?<![\w.>*])(" + "|".join(banned) + r")\s*\(", code)
    streams = re.findall(r"\b(" + "|".join(STREAMS) + r")\b", code)
    return [f"{path}: {name} is not for this floor" for name in sorted({*calls, *streams})]


def check_one_file_libraries(texts):
    problems = []
    for pattern in ONE_FILE_LIBRARIES:
        users = [
            path
            for path, text in texts.items()
            if any(re.match(pattern, name) for _, name in INCLUDE.findall(text))
            and room_of(path) not in {"tests", "examples"}
        ]
        if len(users) > 1 or any(not path.endswith(".c") for path in users):
            problems.append(f"{pattern}: must be known to one .c file, not to {', '.join(users)}")
    return problems


def check_basenames(paths):
    """gdb, grep and people find files by their names."""
    seen = {}
    problems = []
    for path in paths:
        name = path.rsplit("/", 1)[1]
        if path in HALVES_OF_PORTS or name == "meson.build":
            continue
        if name in seen:
            problems.append(f"{path}: has the name of {seen[name]}")
        seen.setdefault(name, path)
    return problems


def is_source(path, text):
    name = path.rsplit("/", 1)[1]
    return pathlib.PurePath(name).suffix in SOURCES or name == "meson.build" or text[:2] == "#!"


def check_tree(tree):
    """All that is wrong with the tree, a line each."""
    tree = pathlib.Path(tree)
    texts = {path: (tree / path).read_text(errors="replace") for path in files_of(tree)}
    sources = {path: text for path, text in texts.items() if is_source(path, text)}
    code = {path: text for path, text in sources.items() if path.endswith((".c", ".h", ".cpp"))}
    problems = check_basenames(texts)
    for path, text in sources.items():
        if SPDX not in "\n".join(text.splitlines()[:2]):
            problems.append(f"{path}: no line '{SPDX}' at its top")
    for path, text in code.items():
        problems += check_includes(tree, path, text) + check_calls(path, text)
    return problems + check_one_file_libraries(code)


def main():
    tree = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1]
    problems = check_tree(tree)
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
