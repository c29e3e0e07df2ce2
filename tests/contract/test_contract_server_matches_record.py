"""The proof that the contract server follows the record: each recorded request, in order.

Left out are the four steps of a resumable upload ("tus"), which the store does not use. Ids,
times, tokens and checksums differ from run to run: an id or checksum must stand wherever the
recorded one stands and nowhere else, of a time and a token only the form is compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.supabase_contract_server import ContractServer, serving
from tests.contract.supabase_contract_state import token

RECORD = Path(__file__).with_name("supabase-storage.jsonl")
EXCHANGES = [json.loads(line) for line in RECORD.read_text().splitlines()]
REPLAYED = [exchange for exchange in EXCHANGES if exchange["step"] != "tus"]

FORMS = {
    "<time>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "<http time>": r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
    "<jwt>": r"(?<=token=)[\w-]+\.[\w-]+\.[\w-]+|^eyJ[\w-]+\.[\w-]+\.[\w-]+$",
    "<boundary>": r"(?<=boundary=)\S+",
}
NAMED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=\")[0-9a-f]{32}(?=\")")

FILE_BYTES = {"too large for bucket": 53_000_000, "empty file": 0, "upload wrong mime": 2}
CACHED_FOR_A_YEAR = {"upload", "upload public"}


@dataclass
class Compared:
    recorded: Any
    replayed: Any


class Names:
    """Gives each id or checksum a number in the order of its first sight."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def plain(self, value: Any) -> Any:
        """`value` with everything that differs from run to run put into one form."""
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        return self._plain_text(value) if isinstance(value, str) else value

    def _plain_text(self, text: str) -> str:
        for name, form in FORMS.items():
            text = re.sub(form, name, text)
        return NAMED.sub(self._number, text)

    def _number(self, match: re.Match[str]) -> str:
        return self._numbers.setdefault(match[0], f"<name {len(self._numbers)}>")


class Replay:
    """Sends recorded requests to the server at `address`, with tokens of its own."""

    def __init__(self, server: ContractServer, address: str) -> None:
        self._server = server
        self._http = httpx.Client(base_url=address)
        self._signed = ""

    def send(self, exchange: dict[str, Any]) -> httpx.Response:
        request = exchange["request"]
        reply = self._http.request(
            request["method"],
            request["path"],
            params={"token": self._address_token(exchange["step"])} if request["query"] else None,
            headers=self._headers(exchange),
            **body_of(exchange),
        )
        if "sign" in request["path"] and "token=" in reply.text:
            self._signed = re.findall(r"token=([\w.-]+)", reply.text)[0]
        return reply

    def close(self) -> None:
        self._http.close()

    def _headers(self, exchange: dict[str, Any]) -> dict[str, str]:
        headers = {
            name: value
            for name, value in exchange["request"]["headers"].items()
            if name in {"x-upsert", "range", "if-none-match"}
        }
        if "if-none-match" in headers:
            headers["if-none-match"] = self._server.files["videos", "g/1/web.mp4"].etag
        if exchange["request"]["auth"]:
            headers["authorization"] = f"Bearer {self._key(exchange['step'])}"
        return headers

    def _key(self, step: str) -> str:
        if "anon" in step:
            return self._server.anon_key
        if step == "expired key":
            return token({"role": "service_role"}, expires_s=-60)
        if step == "garbage key":
            return token({"role": "service_role"}, secret="another secret of the same length as")
        return self._server.service_key

    def _address_token(self, step: str) -> str:
        if step == "get signed tampered":
            return self._signed[:-8] + "tampered"
        if step == "get signed expired":
            return token({"url": "videos/g/1/web.mp4"}, expires_s=-1)
        return self._signed


def body_of(exchange: dict[str, Any]) -> dict[str, Any]:
    """What to tell httpx; the record keeps only the number of bytes of an upload."""
    request = exchange["request"]
    if not request["headers"].get("content-type", "").startswith("multipart/"):
        return {"json": json.loads(request["body"])} if request["body"] else {}
    name = request["path"].rpartition("/")[2]
    content = bytes(FILE_BYTES.get(exchange["step"], 200_000))
    mime = "text/plain" if name == "x.txt" else "video/mp4"
    seconds = "31536000" if exchange["step"] in CACHED_FOR_A_YEAR else "3600"
    return {"files": {"file": (name, content, mime)}, "data": {"cacheControl": seconds}}


@pytest.fixture(scope="module")
def compared() -> Iterator[list[Compared]]:
    """Of every exchange status, body and the headers that the record has."""
    server = ContractServer()
    recorded_names, replayed_names = Names(), Names()
    with serving(server.app()) as address:
        replay = Replay(server, address)
        yield [
            Compared(
                recorded_names.plain(of_record(exchange["response"])),
                replayed_names.plain(of_reply(replay.send(exchange), exchange["response"])),
            )
            for exchange in REPLAYED
        ]
        replay.close()


def of_record(response: dict[str, Any]) -> dict[str, Any]:
    body = response["body"]
    if "json" in response["headers"]["content-type"]:
        body = json.loads(body)
    return {"status": response["status"], "headers": response["headers"], "body": body}


def of_reply(reply: httpx.Response, response: dict[str, Any]) -> dict[str, Any]:
    is_json = "json" in response["headers"]["content-type"]
    return {
        "status": reply.status_code,
        "headers": {name: reply.headers.get(name) for name in response["headers"]},
        "body": reply.json() if is_json else f"<{len(reply.content)} bytes>",
    }


@pytest.mark.parametrize(
    "number", range(len(REPLAYED)), ids=[exchange["step"] for exchange in REPLAYED]
)
def test_answers_as_recorded(compared: list[Compared], number: int) -> None:
    assert compared[number].replayed == compared[number].recorded


@pytest.mark.parametrize(
    "exchange",
    [
        exchange
        for exchange in REPLAYED
        if re.fullmatch(r"<\d+ bytes>", exchange["request"]["body"])
    ],
    ids=lambda exchange: exchange["step"],
)
def test_uploads_are_rebuilt_to_the_byte(exchange: dict[str, Any]) -> None:
    sent = httpx.Request("POST", "http://127.0.0.1", **body_of(exchange)).read()
    assert f"<{len(sent)} bytes>" == exchange["request"]["body"]
