"""A fal made of sockets: books a request once the whole POST is in, then answers as told."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket, "TcpFal"], None]
REQUEST_ID = "7b1e0c1a-0000-4000-8000-000000000001"


@dataclass
class TcpFal:
    """What it was told to do and what it saw."""

    behaviour: Behaviour
    port: int = 0
    posts: list[dict[str, str]] = field(default_factory=list)
    """Headers of each POST that arrived whole."""
    bodies: list[bytes] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    """Method and path of each request."""
    connections: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over: ends an answer that never comes."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def tcp_fal(behaviour: Behaviour, port: int = 0) -> Iterator[TcpFal]:
    fal = TcpFal(behaviour)
    with socket.create_server(("127.0.0.1", port)) as server:
        fal.port = server.getsockname()[1]
        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=_accept, args=(server, fal, threads))
        accepting.start()
        try:
            yield fal
        finally:
            fal.released.set()
            server.shutdown(socket.SHUT_RDWR)
            for thread in [accepting, *threads]:
                thread.join(timeout=10)


def _accept(server: socket.socket, fal: TcpFal, threads: list[threading.Thread]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            fal.connections += 1
            thread = threading.Thread(target=_serve, args=(connection, fal))
            threads.append(thread)
            thread.start()


def _serve(connection: socket.socket, fal: TcpFal) -> None:
    connection.settimeout(10)
    with connection, suppress(OSError):
        while _request(connection, fal):
            fal.behaviour(connection, fal)


def _request(connection: socket.socket, fal: TcpFal) -> bool:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return False
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    fal.targets.append(" ".join(first.split(" ")[:2]))
    if first.startswith("POST"):
        fal.posts.append(headers)
        fal.bodies.append(body)
    return True


def accepted_body(fal: TcpFal) -> dict[str, object]:
    address = f"{fal.url}/fal-ai/bytedance/requests/{REQUEST_ID}"
    return {
        "status": "IN_QUEUE",
        "request_id": REQUEST_ID,
        "response_url": address,
        "status_url": f"{address}/status",
        "cancel_url": f"{address}/cancel",
        "queue_position": 3,
    }


def accept(connection: socket.socket, fal: TcpFal) -> None:
    answer(200, json.dumps(accepted_body(fal)))(connection, fal)


def answer(status: int, body: str = "", *headers: str, kind: str = "application/json") -> Behaviour:
    payload = body.encode()
    lines = [
        f"HTTP/1.1 {status} Told",
        f"content-type: {kind}",
        f"content-length: {len(payload)}",
        *headers,
    ]
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + payload
    return lambda connection, fal: connection.sendall(raw)


def close(connection: socket.socket, fal: TcpFal) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket, fal: TcpFal) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def truncate(connection: socket.socket, fal: TcpFal) -> None:
    body = json.dumps(accepted_body(fal)).encode()
    head = f"HTTP/1.1 200 OK\r\nx-fal-request-id: hint-1\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body[: len(body) // 2])
    connection.shutdown(socket.SHUT_RDWR)


def half_a_header(connection: socket.socket, fal: TcpFal) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-")
    connection.shutdown(socket.SHUT_RDWR)


def not_http(connection: socket.socket, fal: TcpFal) -> None:
    connection.sendall(b"+OK POP3 ready\r\n\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def bad_gzip(connection: socket.socket, fal: TcpFal) -> None:
    answer(200, json.dumps(accepted_body(fal)), "content-encoding: gzip")(connection, fal)


def silence(connection: socket.socket, fal: TcpFal) -> None:
    fal.released.wait(timeout=30)


def endless(connection: socket.socket, fal: TcpFal) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while not fal.released.wait(timeout=0.02):
        connection.sendall(b"1\r\n \r\n")
