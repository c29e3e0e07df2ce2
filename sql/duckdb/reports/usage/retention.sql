-- name: retention
-- How many of those who began in a month made a generation or left an event in that month and in
-- later ones; over the whole history. A person begins on the first day they were active.
-- parameters: the filters of the page; its days are left aside
with months as (
    select distinct person_id, date_trunc('month', day)::date as month
    from /*cells*/
    where person_id is not null and (generations > 0 or events > 0) /*filters*/
),

began as (
    select person_id, min(month) as cohort
    from months
    group by person_id
)

select
    b.cohort,
    date_diff('month', b.cohort, m.month)::bigint as later,
    count(*)::bigint as people
from months as m
inner join began as b on b.person_id = m.person_id
group by b.cohort, later
order by b.cohort, later;
