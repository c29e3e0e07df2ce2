-- name: latency_hour
-- How long completed generations took from submit to playable, by hour of the day, in buckets of 5 %.
-- grain: one row for each day, hour, team and bucket
-- day: the day in the company's time zone on which the generations were created
-- weekday: 1 is Monday, 7 is Sunday
-- hour: 0 to 23 in the company's time zone
-- team_id: whose they are
-- bucket: durations from 1.05^bucket to 1.05^(bucket + 1) seconds
-- n: generations
select
    day, weekday, hour, team_id,
    floor(ln(greatest(total_s, 0.001)) / ln(1.05))::integer as bucket,
    count(*)::bigint as n
from generations
where status = 'completed' and total_s is not null
group by all;
