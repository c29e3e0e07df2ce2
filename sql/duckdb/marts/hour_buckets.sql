-- name: hour_buckets
-- How long completed generations took from submit to playable, in buckets of 5 %: what the roll-up
-- by hour counts, for filters that it has not.
-- grain: one row for each completed generation
-- day: the day in the company's time zone on which it was created
-- weekday: 1 is Monday, 7 is Sunday
-- hour: 0 to 23 in the company's time zone
-- team_id: whose it is
-- campaign_id: the campaign; null: none
-- person_id: who asked for it
-- model: the Seedance model
-- resolution: 480p, 720p or 1080p as asked for
-- bucket: it took from 1.05^bucket to 1.05^(bucket + 1) seconds
-- n: 1
select
    day, weekday, hour, team_id, campaign_id, person_id, model, resolution,
    floor(ln(greatest(total_s, 0.001)) / ln(1.05))::smallint as bucket,
    1::bigint as n
from generations
where status = 'completed' and total_s is not null;
