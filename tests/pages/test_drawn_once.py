"""Elements that are drawn once and sent again."""

from uuid import uuid4

from streamlit.testing.v1 import AppTest


def page_of(key: str, words: str) -> AppTest:
    def script(key: str, words: str) -> None:
        import streamlit as st

        from dashboard import drawn_once

        def draw() -> None:
            st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
            with st.container(horizontal=True):
                st.markdown(words)

        st.title("Above")
        drawn_once.show(key, draw)
        st.caption("Below")

    return AppTest.from_function(script, args=(key, words)).run()


def test_they_stand_there_again_without_being_drawn_again() -> None:
    page = page_of(str(uuid4()), "One")
    for _ in range(2):
        page.run()
        assert [one.value for one in page.markdown] == ["One"]
        assert [one.value for one in page.caption] == ["Below"]
    assert page.session_state["drawn"] == 1


def test_what_is_made_of_something_else_is_drawn_by_itself() -> None:
    for words in ("Mine", "Theirs"):
        page = page_of(str(uuid4()), words).run()
        assert [one.value for one in page.markdown] == [words]
