#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch's (H2T_H2FETCH) -F, as other people's parsers of multipart/form-data read it."""
import email
import email.policy
import http.server
import os
import threading

import test_h2fetch as common
from support import tap


def parse(content_type, body):
    """(name, filename, type or None, bytes) of each part."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert not message.defects and message.is_multipart(), message.defects
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part["content-type"] and str(part["content-type"]),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.heads.append(self.headers)
        if self.headers["transfer-encoding"] == "chunked":
            body = b"".join(iter(self.read_chunk, b""))
        else:
            body = self.rfile.read(int(self.headers["content-length"]))
        self.server.forms.append(parse(self.headers["content-type"], body))
        is_first = self.path == "/moved"
        self.send_response(307 if is_first else 200)
        self.send_header("location", "/")
        self.send_header("content-length", "0")
        self.end_headers()

    def read_chunk(self):
        chunk = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return chunk

    def log_message(self, *arguments):
        pass


class OverHttp1(common.H2fetch):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        self.server.heads, self.server.forms = [], []
        self.addCleanup(self.server.server_close)
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)

    def post(self, *arguments, path="/", **options):
        words = [word for form in arguments for word in ("-F", form)]
        url = f"http://127.0.0.1:{self.server.server_port}{path}"
        return common.fetch("-L", *words, url, cwd=self.folder, **options)

    def test_fields_and_files_arrive_as_they_are(self):
        content = os.urandom(300_000)
        (self.folder / "bytes").write_bytes(content)
        (self.folder / "note.txt").write_bytes(b"a\r\nb\n")
        done = self.post("a=1", 'b="x; y"', "up=@bytes", "up=@note.txt;filename=n", "in=<note.txt")
        self.ended(done, 0)
        expected = [
            ("a", None, None, b"1"),
            ("b", None, None, b"x; y"),
            ("up", "bytes", "application/octet-stream", content),
            ("up", "n", "application/octet-stream", b"a\r\nb\n"),
            ("in", None, None, b"a\r\nb\n"),
        ]
        self.assertEqual(self.server.forms, [expected])
        self.assertIn("content-length", self.server.heads[0])

    def test_types_and_names_with_quotes_arrive(self):
        (self.folder / 'q"x').write_bytes(b"")
        done = self.post('f=@"q\\"x";type=text/x; charset=utf-8', "g=<b>;type=text/html", 'h"=1')
        self.failed(done, 26, r'\(26\) http.*: part "g": b>: .*')
        done = self.post('f=@"q\\"x";type=text/x; charset=utf-8', 'g="<b>";type=text/html', 'h"=1')
        self.ended(done, 0)
        expected = [
            ("f", "q%22x", 'text/x; charset="utf-8"', b""),
            ("g", None, "text/html", b"<b>"),
            ("h%22", None, None, b"1"),
        ]
        self.assertEqual(self.server.forms, [expected])

    def test_stdin_is_a_file_with_a_length(self):
        self.ended(self.post("f=@-", "g=1", stdin=b"from\0stdin"), 0)
        expected = [
            ("f", "-", "application/octet-stream", b"from\0stdin"),
            ("g", None, None, b"1"),
        ]
        self.assertEqual(self.server.forms, [expected])

    def test_a_pipe_has_no_length_and_comes_in_chunks(self):
        os.mkfifo(self.folder / "pipe")
        writer = threading.Thread(target=(self.folder / "pipe").write_bytes, args=[b"x" * 100_000])
        writer.start()
        self.ended(self.post("f=@pipe", "g=1"), 0)
        writer.join()
        self.assertEqual(self.server.forms[0][0][3], b"x" * 100_000)
        self.assertEqual(self.server.forms[0][1], ("g", None, None, b"1"))
        self.assertNotIn("content-length", self.server.heads[0])

    def test_a_redirect_by_307_gets_it_all_again(self):
        (self.folder / "bytes").write_bytes(b"some")
        self.ended(self.post("a=1", "f=@bytes", path="/moved"), 0)
        self.assertEqual(len(self.server.forms), 2)
        self.assertEqual(self.server.forms[0], self.server.forms[1])

    def test_a_file_that_is_not_there_is_26(self):
        done = self.post("a=1", "f=@nothing")
        self.failed(done, 26, r'\(26\) http.* : .*part "f": nothing: No such file.*')
        self.assertEqual(self.server.forms, [])

    def test_stdin_makes_no_two_parts(self):
        done = self.post("f=@-", "g=<-", stdin=b"x")
        self.failed(done, 2, r"stdin can be read for one thing only \(-d @-, -F a=@-, .*\)")


class OverHttp2(common.WithPlainServer):
    def test_a_form_comes_back_as_it_was(self):
        content = os.urandom(300_000)
        (self.folder / "bytes").write_bytes(content)
        done = self.fetch("-F", "a=1", "-F", "f=@bytes", self.url("form"))
        self.ended(done, 0)
        line = next(line for line in self.server.log.splitlines() if " content-type: mu" in line)
        expected = [
            ("a", None, None, b"1"),
            ("f", "bytes", "application/octet-stream", content),
        ]
        self.assertEqual(parse(line.split("content-type: ")[1], done.stdout), expected)
        self.assertIn(f"content-length: {len(done.stdout)}\n", self.server.log)

    def test_each_url_gets_the_form(self):
        (self.folder / "bytes").write_bytes(b"some")
        outputs = [word for i in range(5) for word in ("-o", str(i), self.url(str(i)))]
        self.ended(self.fetch("-F", "f=@bytes", *outputs), 0)
        for i in range(5):
            self.assertIn(b"\r\n\r\nsome\r\n", (self.folder / str(i)).read_bytes())


if __name__ == "__main__":
    tap.main()
