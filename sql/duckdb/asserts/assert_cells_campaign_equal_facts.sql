-- name: assert_cells_campaign_equal_facts
-- The roll-up by campaign adds up to what it was made from, each day, to the cent.
with kept as (
    select
        day, sum(generations)::bigint, sum(completed)::bigint, sum(failed)::bigint,
        sum(canceled)::bigint, sum(approved)::bigint, round(sum(video_s), 3),
        sum(estimate_usd), sum(billed_usd), sum(wasted_usd), sum(spend_usd),
        sum(again_usd), sum(charged)::bigint, sum(good)::bigint, sum(good_usd),
        sum(foretold)::bigint, sum(foretold_usd), sum(settled_usd), sum(unverified)::bigint,
        sum(charges)::bigint
    from cells_campaign group by day
),

facts as (
    select
        day, sum(generations)::bigint, sum(completed)::bigint, sum(failed)::bigint,
        sum(canceled)::bigint, sum(approved)::bigint, round(sum(video_s), 3),
        sum(estimate_usd), sum(billed_usd), sum(wasted_usd), sum(spend_usd),
        sum(again_usd), sum(charged)::bigint, sum(good)::bigint, sum(good_usd),
        sum(foretold)::bigint, sum(foretold_usd), sum(settled_usd), sum(unverified)::bigint,
        sum(charges)::bigint
    from cells
    where generations > 0 or charges > 0
    group by day
)

select
    day::varchar as id,
    'the roll-up and the facts differ' as problem
from ((from kept except from facts) union all (from facts except from kept))
group by day;
