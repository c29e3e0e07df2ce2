import re

from hypothesis import given
from hypothesis import strategies as st

from dashboard.file_names import slug


def test_a_title_becomes_plain_letters_with_dashes() -> None:
    assert slug("  Frühling & Sommer: 50% off! ") == "fruhling-sommer-50-off"


@given(st.text())
def test_no_title_makes_a_name_that_a_system_refuses(title: str) -> None:
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", slug(title))
    assert len(slug(title)) <= 60
