"""A real S3 server on 127.0.0.1 (moto), in front of which stands what moto leaves out.

moto takes every signed address; this compares the signature and the time as S3 does (AWS docs,
"Authenticating Requests: Using Query Parameters"). It also keeps the requests, for a test to look
at, and can answer in the server's place.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from pydantic import SecretStr
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

KEY_ID = SecretStr("an-access-key-id")
SECRET = SecretStr("a-secret-access-key")


@dataclass
class S3Server:
    """The server as a test sees it."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Response | None] = lambda request: None
    """Answers in the server's place when it returns something."""

    def forget(self) -> None:
        """Answer as S3 does again, and forget the requests."""
        self.requests.clear()
        self.answer = lambda request: None


@contextmanager
def serving_s3() -> Iterator[S3Server]:
    """The server for the length of a `with` block; its port is a free one."""
    server, moto = S3Server(), DomainDispatcherApplication(create_backend_app)

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        server.requests.append(request)
        reply = server.answer(request) or refusal(request)
        return reply(environ, start_response) if reply else moto(environ, start_response)

    http = make_server("127.0.0.1", 0, app, threaded=True)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join(10)
        http.server_close()


def s3_error(status: int, code: str) -> Response:
    """An error as S3 words it."""
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Response(body, status, content_type="application/xml")


def refusal(request: Request) -> Response | None:
    """What S3 answers to a signed address that is forged or over; None when it is good."""
    query = dict(parse_qsl(request.query_string.decode(), keep_blank_values=True))
    given = query.pop("X-Amz-Signature", None)
    if given is None:
        return None
    begin = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if datetime.now(UTC) > begin + timedelta(seconds=int(query["X-Amz-Expires"])):
        return s3_error(403, "AccessDenied")
    if not hmac.compare_digest(given, _signature(request, query)):
        return s3_error(403, "SignatureDoesNotMatch")
    return None


def _signature(request: Request, query: dict[str, str]) -> str:
    parameters = "&".join(f"{quote(k, '')}={quote(v, '')}" for k, v in sorted(query.items()))
    canonical = "\n".join(
        (
            request.method,
            quote(request.path),
            parameters,
            f"host:{request.host}\n",
            "host",
            "UNSIGNED-PAYLOAD",
        )
    )
    scope = query["X-Amz-Credential"].split("/")[1:]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), digest])
    key = f"AWS4{SECRET.get_secret_value()}".encode()
    for part in (*scope, text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def anyone_may_read(server: S3Server, bucket: str) -> None:
    """What a custom domain does for a bucket of R2, by the means that this server has."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    client = boto3.session.Session().client(
        "s3",
        region_name="auto",
        endpoint_url=server.url,
        aws_access_key_id=KEY_ID.get_secret_value(),
        aws_secret_access_key=SECRET.get_secret_value(),
    )
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
