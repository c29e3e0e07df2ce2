from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from jobs.alert_delivery import receivers, split_urls
from storage.settings import load_settings

URLS = st.from_regex(
    r"(json|mailtos|slack)://[a-z0-9]([a-z0-9/?=@:,;&-]*[a-z0-9])?", fullmatch=True
)


def split(text: str | None) -> list[str]:
    found = split_urls(SecretStr(text) if text is not None else None)
    return [url.get_secret_value() for url in found]


@given(
    urls=st.lists(URLS.filter(lambda url: "," not in url), max_size=5),
    between=st.sampled_from([",", ", ", "\n", " \n  ", ",\n"]),
)
def test_addresses_are_separated_by_commas_and_lines(urls: list[str], between: str) -> None:
    assert split(between.join(urls)) == urls


def test_commas_within_an_address_are_its_own() -> None:
    two = "mailtos://u:p@acme.test?to=ann@acme.test,bob@acme.test, slack://a/b/c"
    assert split(two) == [
        "mailtos://u:p@acme.test?to=ann@acme.test,bob@acme.test",
        "slack://a/b/c",
    ]


def test_nothing_set_is_nobody_to_tell() -> None:
    assert split(None) == split("") == split(" ,\n ") == []
    assert receivers(load_settings()) == []


def test_receivers_are_known_by_their_service_and_numbered() -> None:
    urls = "json://h/1, jsons://h/2\nmailtos://ann:secret@acme.test, rubbish://x"
    names = [receiver.name for receiver in receivers(load_settings(alert_urls=urls))]
    assert names == ["Webhook", "Webhook 2", "E-mail", "Unreadable address"]
