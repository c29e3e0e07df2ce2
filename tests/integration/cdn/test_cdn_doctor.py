"""What the doctor finds in the CDN, and what it says to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from werkzeug.wrappers import Response

from jobs.cdn_checks import cdn_checks
from jobs.checks import Check
from jobs.doctor import examine
from tests.contract.s3_server import s3_error
from tests.integration.cdn.conftest import House

AddVideo = Callable[..., UUID]
PROBE = "the CDN keeps a file and gives it out"
LOST = "the CDN holds every copy that the record counts on"
BEHIND = "the CDN has followed the record"
TOKEN = "Cloudflare accepts the API token"


def found(house: House) -> dict[str, Check]:
    return {check.name: check for check in cdn_checks(house.services)}


def test_a_well_cdn_has_no_findings_and_keeps_nothing(public: House) -> None:
    assert [check.problems for check in found(public).values()] == [[], [], [], []]
    assert public.held() == set()


def test_the_doctor_asks_for_the_cdn(signed: House) -> None:
    assert {PROBE, LOST, BEHIND} <= {check.name for check in examine(signed.services)}


def test_a_studio_without_a_cdn_has_nothing_to_check(signed: House) -> None:
    assert cdn_checks(replace(signed.services, cdn=None)) == []


def test_refused_keys_name_what_to_check(signed: House) -> None:
    signed.s3.answer = lambda request: s3_error(403, "AccessDenied")
    (problem,) = found(signed)[PROBE].problems
    assert "R2_ACCESS_KEY_ID" in problem


def test_a_domain_that_leads_elsewhere_is_told(public: House) -> None:
    public.s3.answer = lambda request: (
        Response("Not here", 404) if "Authorization" not in request.headers else None
    )
    (problem,) = found(public)[PROBE].problems
    assert "connect CDN_PUBLIC_URL to the bucket copies" in problem
    assert public.held() == set()


@pytest.mark.parametrize("status", ["disabled", "expired"])
def test_a_token_that_is_over_is_told(public: House, status: str) -> None:
    public.cloudflare.token_status = status
    assert found(public)[TOKEN].problems == [
        f"The token is {status}: make another and put it into CLOUDFLARE_API_TOKEN."
    ]


def test_a_token_that_may_not_purge_here_is_told(public: House) -> None:
    public.cloudflare.host = "cdn.other.test"
    (problem,) = found(public)[TOKEN].problems
    assert "Cache Purge" in problem


def test_a_copy_that_is_gone_is_told(signed: House, add_video: AddVideo) -> None:
    add_video()
    signed.keep()
    (lost,) = signed.held()
    signed.cdn.bucket.delete([lost])
    check = found(signed)[LOST]
    assert not check.ok
    assert check.problems == [f"{lost} is gone from the bucket: the watcher copies it again."]


def test_what_the_cdn_did_not_follow_is_worth_a_look(signed: House, add_video: AddVideo) -> None:
    signed.s3.answer = lambda request: (
        s3_error(403, "AccessDenied") if request.method == "PUT" else None
    )
    video_id = add_video()
    signed.keep()
    check = found(signed)[BEHIND]
    assert check.ok
    assert check.problems[0].startswith(f"videos/{video_id}/web.mp4 (copying, tried 1 times): ")
