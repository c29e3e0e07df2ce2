import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import InvalidRequest
from jobs.export_names import (
    DEFAULT_TEMPLATE,
    FIELDS,
    LONGEST_NAME,
    Named,
    checked_template,
    file_names,
    safe_name,
)

BERLIN = ZoneInfo("Europe/Berlin")
SNEAKER = Named(
    id=UUID("1f0c6a2b-0000-4000-8000-000000000000"),
    title="Sneaker on its stand",
    campaign="Spring launch",
    aspect_ratio="16:9",
    duration_s=Decimal("5.040"),
    resolution="720p",
    model="seedance-1.0-pro",
    person="Ann",
    seed=7,
    created_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
)
TEXTS = st.text(max_size=300)
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)


def names(template: str, *videos: Named) -> list[str]:
    return list(file_names(checked_template(template), videos, BERLIN))


def named(title: str, **more: object) -> Named:
    return replace(SNEAKER, title=title, **more)  # type: ignore[arg-type]


def test_the_usual_template_tells_what_a_video_is() -> None:
    assert names(DEFAULT_TEMPLATE, SNEAKER) == [
        "Spring-launch_Sneaker-on-its-stand_16x9_5s_2026-03-02_1f0c6a2b"
    ]


def test_every_field_has_a_value_for_every_video() -> None:
    template = "_".join(f"{{{name}}}" for name in FIELDS)
    assert "{" not in names(template, replace(SNEAKER, campaign=None, seed=None))[0]


def test_what_is_not_there_is_said() -> None:
    bare = replace(SNEAKER, campaign=None, seed=None)
    assert names("{campaign} {seed}", bare) == ["no-campaign-no-seed"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("CON", "CON_"),
        ("nul.txt", "nul.txt_"),
        ("COM¹", "COM¹_"),
        ("=cmd()|' /C calc'!A0", "cmd()-'-C-calc'!A0"),
        ("Schöne Grüße 你好", "Schöne-Grüße-你好"),
        ("rocket 🚀 go", "rocket-🚀-go"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("ends with dots. . .", "ends-with-dots"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("a\tb\nc\0d", "a-b-cd"),
        ("\ud800", "video"),
        ("", "video"),
        ("x" * 300, "x" * 60),
    ],
)
def test_hostile_titles_become_harmless_names(title: str, expected: str) -> None:
    assert names("{title}", named(title)) == [expected]


@given(TEXTS, TEXTS)
def test_any_title_makes_a_name_for_every_file_system(title: str, campaign: str) -> None:
    (name,) = names(DEFAULT_TEMPLATE, named(title, campaign=campaign))
    assert 0 < len(name) <= LONGEST_NAME + 1
    assert len(name.encode()) + len(".json") <= 255
    assert not set(name) & set('<>:"/\\|?*\0')
    assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in name)
    assert name == unicodedata.normalize("NFC", name)
    assert name[0] not in ".-=+@ "
    assert name[-1] not in ". "
    assert not DEVICES.fullmatch(name)


@given(st.lists(TEXTS, min_size=2, max_size=12))
def test_no_two_names_are_one_where_case_and_accents_do_not_count(titles: list[str]) -> None:
    found = names("{title}", *map(named, titles))
    compared = {unicodedata.normalize("NFKD", name).casefold() for name in found}
    assert len(compared) == len(titles)


def test_equal_titles_are_numbered_in_their_order() -> None:
    found = names("{title}", named("Kettle"), named("KETTLE"), named("Kettle-2"), named("kettle"))
    assert found == ["Kettle", "KETTLE-2", "Kettle-2-2", "kettle-3"]


def test_long_equal_names_differ_too() -> None:
    found = names("{title}{title}{title}", named("y" * 300), named("y" * 300))
    assert len(set(found)) == 2
    assert max(map(len, found)) <= LONGEST_NAME


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("", "1 to 200"),
        ("{title}" * 40, "1 to 200"),
        ("{prompt}", "There is no {prompt}"),
        ("{title", "between braces"),
        ("{title.__class__}", "between braces"),
        ("{title!r:>10}", "between braces"),
        ("{}", "between braces"),
        ("{campaign}/{title}", "can't hold /"),
        ("a:b*c", "can't hold * :"),
        ("a\u202eb", "not visible"),
    ],
)
def test_a_template_that_can_not_work_says_why(template: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(words)):
        checked_template(template)


@given(st.text(max_size=250))
def test_any_template_is_refused_or_makes_a_good_name(template: str) -> None:
    try:
        clean = checked_template(template)
    except InvalidRequest:
        return
    (name,) = file_names(clean, [SNEAKER], BERLIN)
    assert safe_name(name) in {name, name.rstrip("_-. ")}
