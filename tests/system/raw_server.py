# SPDX-License-Identifier: MIT
"""A server that says what it is told to, byte by byte: for what real ones do not do.

    with RawServer([SETTINGS, head(1, length=10), data(1, b"half")]) as server: ...

Each connection gets all of the script at once after its preface, and then silence, or an
end if the script's last item is END.
"""
import socket
import struct
import threading

PREFACE_LEN = 24
END = object()

DATA, HEADERS, RST_STREAM, SETTINGS_TYPE = 0x0, 0x1, 0x3, 0x4
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
STATUS_200, CONTENT_LENGTH = b"\x88", b"\x0f\x0d"  # RFC 7541, appendix A: 8, and 28 as a name


def frame(type_, flags, stream_id, payload=b""):
    return struct.pack("!IBBI", len(payload), type_, flags, stream_id)[1:] + payload


SETTINGS = frame(SETTINGS_TYPE, 0, 0) + frame(SETTINGS_TYPE, ACK, 0)


def head(stream_id, length=None):
    """Status 200, and a content-length below 1000 if there is one to promise."""
    fields = STATUS_200
    if length is not None:
        digits = str(length).encode()
        fields += CONTENT_LENGTH + bytes([len(digits)]) + digits
    return frame(HEADERS, END_HEADERS, stream_id, fields)


def data(stream_id, content, flags=0):
    return frame(DATA, flags, stream_id, content)


def reset(stream_id, code):
    return frame(RST_STREAM, 0, stream_id, struct.pack("!I", code))


class RawServer:
    """With awaits_preface False it speaks at the client's first byte: not HTTP/2."""

    def __init__(self, script, awaits_preface=True):
        self.script = script
        self.awaits_preface = awaits_preface
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.conns = []
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for conn in self.conns:
            conn.close()

    def _serve(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.conns.append(conn)
            self._answer(conn)

    def _answer(self, conn):
        if not self.script:
            return
        conn.settimeout(10)
        if self.awaits_preface:
            conn.recv(PREFACE_LEN, socket.MSG_WAITALL)
            self._await_request(conn)
        else:
            conn.recv(1)
        for item in self.script:
            if item is END:
                conn.shutdown(socket.SHUT_WR)
            else:
                conn.sendall(item)

    @staticmethod
    def _await_request(conn):
        """Reads frames up to the first HEADERS."""
        type_ = None
        while type_ != HEADERS:
            header = conn.recv(9, socket.MSG_WAITALL)
            length = int.from_bytes(header[:3], "big")
            type_ = header[3]
            if length:
                conn.recv(length, socket.MSG_WAITALL)
