import httpx

from tests.integration.front.front_studio import Studio

CARDS = "/app/static/gallery/cards"
AGAIN = "/app/static/gallery/again"


def ids_of(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["entries"]]


def test_a_colleague_gets_the_cards_of_a_view(studio: Studio) -> None:
    video_id = str(studio.add_video(studio.max))
    ada = studio.signed_in(studio.ada)
    assert ids_of(ada.get(CARDS)) == [video_id]
    assert ids_of(ada.get(CARDS, params={"mine": "1"})) == []
    assert ids_of(ada.get(AGAIN, params={"id": video_id})) == [video_id]


def test_another_team_gets_none(studio: Studio) -> None:
    video_id = str(studio.add_video(studio.max))
    eve = studio.signed_in(studio.eve)
    assert ids_of(eve.get(CARDS)) == []
    assert ids_of(eve.get(AGAIN, params={"id": video_id})) == []
    assert eve.get(CARDS, params={"after": video_id}).status_code == 404


def test_nobody_gets_anything(studio: Studio) -> None:
    video_id = str(studio.add_video(studio.max))
    answer = studio.browser().get(AGAIN, params={"id": video_id})
    assert answer.status_code in (303, 401)
    assert video_id not in answer.text


def test_cards_are_never_kept_by_a_cache(studio: Studio) -> None:
    answer = studio.signed_in(studio.max).get(CARDS)
    assert answer.headers["cache-control"] == "private, no-store"


def test_what_is_no_video_is_refused(studio: Studio) -> None:
    max_ = studio.signed_in(studio.max)
    assert max_.get(AGAIN, params={"id": "' or 1=1"}).status_code == 400
    assert max_.get(CARDS, params={"after": "'; drop table"}).status_code == 404
