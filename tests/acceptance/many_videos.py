"""A gallery of thousands within seconds: finished videos copied in the record, files and all."""

from __future__ import annotations

import psycopg

from tests.acceptance.running_studio import Studio

_COLUMNS = """
select string_agg(quote_ident(column_name), ', ' order by ordinal_position)
from information_schema.columns
where table_schema = 'studio' and table_name = 'videos' and is_generated = 'NEVER'
    and column_name not in (
        'id', 'person_id', 'team_id', 'created_at', 'campaign_id', 'batch_id', 'rating_hundredths',
        'rating_count', 'verdict', 'verdict_at')
"""
"""Copies differ from what they are copied from in these."""

_COPIES = """
with sources as (
    -- By their submits: which of two videos is finished first is up to the machine.
    select v.*, row_number() over (order by g.created_at) - 1 as place, count(*) over () as many
    from studio.videos as v
    inner join studio.generations as g on g.id = v.id
    inner join studio.people as p on p.id = v.person_id
    where p.email = %(source)s and v.status = 'ready'
),

made as (
    select gen_random_uuid() as new_id, n, s.*
    from generate_series(1, %(count)s) as n
    inner join sources as s on s.place = mod(n * 5 + n / 7, s.many)
),

kept as (
    insert into studio.videos (
        id, person_id, team_id, created_at, batch_id, rating_hundredths, rating_count, verdict,
        verdict_at, {columns})
    select
        new_id, p.id, p.team_id, now() - make_interval(mins => n * 29),
        case when mod(n, 3) = 0 then md5('batch' || n / 24)::uuid end,
        case when mod(n, 5) = 1 then 300 + 50 * mod(n, 4) else 0 end,
        case when mod(n, 5) = 1 then 2 else 0 end,
        case mod(n, 7) when 2 then 'approved' when 4 then 'needs_change' end,
        case when mod(n, 7) in (2, 4) then now() end, {of_source}
    from made
    cross join (select id, team_id from studio.people where email = %(target)s) as p
    returning id
),

files as (
    select
        made.new_id, r.key as original, replace(r.key, made.id::text, made.new_id::text) as key_now,
        r.*
    from made
    inner join studio.renditions as r on r.video_id = made.id
    where r.kind in ('web', 'poster', 'preview')
),

written as (
    insert into studio.renditions (video_id, key, {rendition_columns})
    select new_id, key_now, {rendition_columns} from files
)

select key_now, original from files
"""

_RENDITION_COLUMNS = """
select string_agg(quote_ident(column_name), ', ' order by ordinal_position)
from information_schema.columns
where table_schema = 'studio' and table_name = 'renditions' and is_generated = 'NEVER'
    and column_name not in ('video_id', 'key')
"""


def copy_videos(studio: Studio, source: str, target: str, count: int) -> None:
    """Give `target` (an address) `count` videos, half an hour apart, copied from `source`'s.

    Their generations are not copied, so nothing checks references while they are written.
    """
    columns, renditions = (studio.ask(query)[0][0] for query in (_COLUMNS, _RENDITION_COLUMNS))
    query = _COPIES.format(
        columns=columns,
        of_source=", ".join(f"made.{name}" for name in columns.split(", ")),
        rendition_columns=renditions,
    )
    url = studio.endpoints.database_url
    assert url is not None
    with psycopg.connect(url.get_secret_value(), connect_timeout=5) as connection:
        connection.execute("set session_replication_role = replica")
        written = connection.execute(
            query, {"source": source, "target": target, "count": count}
        ).fetchall()
    for key, original in written:
        place = studio.data / "objects" / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(studio.data / "objects" / original)
