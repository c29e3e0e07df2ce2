"""The head of every page of figures: period, comparison, filters, how fresh, demo or real.

Everything is in the address (`dashboard/analytics_address.py`); the fields only show and change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import analytics_reads
from dashboard.analytics_address import FIELDS, FiguresView, show_view, view_of_address
from dashboard.components.drawer import drawer
from dashboard.components.period_words import PRESETS, period_words
from dashboard.error_frame import plain, worded
from dashboard.figures import Figures
from dashboard.services import services
from jobs.analytics import NOBODY, Filters
from jobs.periods import EARLIEST, Preset, custom_period, period_before
from storage.errors import WarehouseMissing
from storage.models import Person

_KEY = "figures_{}"
_MORE_PX = 320
_FILTERS = {  # in the order of the form
    "team": "Team",
    "campaign": "Campaign",
    "person": "Person",
    "model": "Model",
    "resolution": "Resolution",
}
_WITH_NOBODY = ("campaign",)
ALL_FILTERS = tuple(_FILTERS)


def figures_head(
    title: str,
    person: Person,
    *,
    filters: tuple[str, ...] = ALL_FILTERS,
    compares: bool = True,
    actions: Callable[[Figures], None] | None = None,
) -> Figures | None:
    """Title, fields and freshness. None when there are no figures, which the page then says.

    `actions` draws buttons beside the title.

    Raises:
        WarehouseError: the lake can't be read.
    """
    slot = _title(title, has_actions=actions is not None)
    try:
        figures, published_at = _look(person)
    except WarehouseMissing as exc:
        _show_nothing(exc)
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _choose_period(figures)
        _choose_filters(figures, filters)
        if compares:
            _choose_comparison(figures.view)
        _switch_demo(figures.view)
    _say_what_is_shown(figures, published_at, compares=compares)
    if actions and slot:
        with slot:
            actions(figures)
    return figures


def _title(title: str, *, has_actions: bool) -> DeltaGenerator | None:
    """The title, and the place beside it for buttons when there are some."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="stretch")
        return st.container(width="content", horizontal=True) if has_actions else None


def _look(person: Person) -> tuple[Figures, datetime]:
    """What is looked at, and how new it is."""
    demo = "1" in st.query_params.get_all("demo") and analytics_reads.has_demo()
    fresh = analytics_reads.freshness(demo=demo)
    zone = ZoneInfo(fresh.time_zone)
    today = datetime.now(zone).date()
    lens = analytics_reads.look(person, demo=demo)
    view = replace(view_of_address(today), demo=demo)
    figures = Figures(person, view, lens, analytics_reads.choices(lens), today, zone)
    return figures, fresh.published_at


def _choose_period(figures: Figures) -> None:
    view, today = figures.view, figures.today
    _keep("period", view.preset)
    st.selectbox(
        "Period",
        list(PRESETS),
        format_func=PRESETS.__getitem__,
        key=_key("period"),
        on_change=_take_period,
        args=(today,),
        label_visibility="collapsed",
        width=160,
    )
    if view.preset is Preset.CUSTOM:
        _keep("days", (view.period.since, view.period.last))
        st.date_input(
            "Days",
            key=_key("days"),
            min_value=EARLIEST,
            max_value=today,
            on_change=_take_days,
            args=(today,),
            label_visibility="collapsed",
            format="YYYY-MM-DD",
            width=240,
        )


def _choose_filters(figures: Figures, offered: tuple[str, ...]) -> None:
    active = sum(bool(getattr(figures.view.filters, FIELDS[name])) for name in offered)
    with drawer(
        f"Filters · {active}" if active else "Filters",
        icon=":material/tune:",
        kind="primary" if active else "secondary",
        key=_key("filters"),
    ) as is_open:
        if not is_open:
            return
        for name in offered:
            _choose_values(figures, name)
        if active:
            st.button(
                "Clear all filters", icon=":material/close:", key=_key("clear"), on_click=_clear
            )


def _choose_values(figures: Figures, name: str) -> None:
    """One filter; nothing to choose among is not offered."""
    chosen = [_written(value) for value in getattr(figures.view.filters, FIELDS[name])]
    options = list(figures.names[name])
    if name in _WITH_NOBODY and options:
        options.append(_written(NOBODY))
    if len(options) < 2 and not chosen:
        return
    _keep(name, chosen)
    st.multiselect(
        _FILTERS[name],
        list(dict.fromkeys([*options, *chosen])),
        format_func=lambda one: figures.name(name, None if one == _written(NOBODY) else one),
        key=_key(name),
        on_change=_take_filter,
        args=(name,),
        placeholder="All",
    )


def _choose_comparison(view: FiguresView) -> None:
    _keep("compare", view.compares)
    st.toggle(
        "Compare",
        key=_key("compare"),
        on_change=_take_comparison,
        help="Show the change against the period before.",
    )


def _switch_demo(view: FiguresView) -> None:
    if not analytics_reads.has_demo():
        return
    _keep("demo", view.demo)
    st.toggle(
        "Demo history",
        key=_key("demo"),
        on_change=_take_demo,
        help="A made-up history to look around in. It is never mixed with real money.",
    )


def _say_what_is_shown(figures: Figures, published_at: datetime, *, compares: bool) -> None:
    view = figures.view
    words = [period_words(view.period)]
    if compares and view.compares:
        words.append(f"compared with {period_words(period_before(view.period, view.preset))}")
    published = published_at.astimezone(figures.zone)
    words.append(f"figures as of {published:%d %b %Y, %H:%M}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if view.demo:
            st.badge(
                "Demo history: nothing here was spent", icon=":material/science:", color="orange"
            )
        st.caption(" · ".join(words))
        for name in _FILTERS:
            _show_chip(figures, name)


def _show_chip(figures: Figures, name: str) -> None:
    """What a filter leaves in, as a button that ends it."""
    chosen = getattr(figures.view.filters, FIELDS[name])
    if not chosen:
        return
    first = figures.name(name, None if chosen[0] == NOBODY else str(chosen[0]))
    words = plain(first) if len(chosen) == 1 else f"{_FILTERS[name]}: {len(chosen)}"
    st.button(
        words,
        icon=":material/close:",
        key=_key(f"chip_{name}"),
        type="tertiary",
        on_click=_drop_filter,
        args=(name,),
        help="Show all again",
    )


def _show_nothing(error: WarehouseMissing) -> None:
    """No lake yet: say when there will be one, and offer the demo when it is there."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### No figures yet", text_alignment="center")
        st.markdown(worded(error.todo), text_alignment="center")
        if analytics_reads.has_demo():
            st.button(
                "Look at the demo history",
                icon=":material/science:",
                on_click=_show_demo,
                type="primary",
            )
        st.space("small")


@contextmanager
def loading(figures: Figures, page: str) -> Iterator[None]:
    """Shows below what is drawn that more is to come, while these figures are read for the first
    time. Later ones are kept, and it would only flicker."""
    looks = analytics_reads.looks_at(figures.lens, page, figures.view.filters)
    body = st.container()
    slot = None if looks else st.empty()
    if slot is not None:
        slot.skeleton(height=_MORE_PX)
    try:
        with body:
            yield
    finally:
        if slot is not None:
            slot.empty()
    if not looks:
        looks.append(True)


def show_empty(figures: Figures) -> None:
    """There are figures, but none of the days and filters that were chosen."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### Nothing in this period", text_alignment="center")
        st.markdown(
            f"Nothing was made or charged in {period_words(figures.view.period)}"
            + (" with these filters." if figures.view.filtered else "."),
            text_alignment="center",
        )
        if figures.view.filtered:
            st.button("Clear all filters", icon=":material/close:", on_click=_clear)
        elif figures.view.preset is not Preset.THIS_YEAR:
            st.button("Show this year", on_click=_show_year)
        st.space("small")


# --- what the fields do to the address ---


def _view(today: date | None = None) -> FiguresView:
    return view_of_address(today or datetime.now(services().settings.zone).date())


def _take_period(today: date) -> None:
    preset = Preset(st.session_state[_key("period")])
    view = _view(today)
    if preset is Preset.CUSTOM:
        show_view(replace(view, preset=preset))
        return
    for name in ("from", "to"):
        st.query_params.pop(name, None)
    show_view(replace(view, preset=preset))


def _take_days(today: date) -> None:
    days = st.session_state[_key("days")]
    if len(days) < 2:
        return
    period = custom_period(days[0], days[1], today)
    view = _view(today)
    filters = replace(view.filters, since=period.since, until=period.until)
    show_view(replace(view, preset=Preset.CUSTOM, filters=filters))


def _take_filter(name: str) -> None:
    _put_filter(name, tuple(st.session_state[_key(name)]))


def _drop_filter(name: str) -> None:
    _put_filter(name, ())


def _put_filter(name: str, chosen: tuple[str, ...]) -> None:
    view = _view()
    plain_names = name in ("model", "resolution")
    values: Any = chosen if plain_names else tuple(UUID(one) for one in chosen)
    changed: dict[str, Any] = {FIELDS[name]: values}
    show_view(replace(view, filters=replace(view.filters, **changed)))


def _clear() -> None:
    view = _view()
    show_view(replace(view, filters=Filters(view.filters.since, view.filters.until)))


def _take_comparison() -> None:
    show_view(replace(_view(), compares=st.session_state[_key("compare")]))


def _take_demo() -> None:
    # Ids of one history mean nothing in the other, so its filters end.
    _clear()
    show_view(replace(_view(), demo=st.session_state[_key("demo")]))


def _show_demo() -> None:
    show_view(replace(_view(), demo=True))


def _show_year() -> None:
    show_view(replace(_view(), preset=Preset.THIS_YEAR))


def _written(value: UUID | str) -> str:
    return str(value)


def _key(name: str) -> str:
    return _KEY.format(name)


def _keep(name: str, value: object) -> None:
    """Have a field say what the address says; set only when it differs, as setting redraws it."""
    key = _key(name)
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
