-- name: latency_hour
-- How long completed generations took from submit to playable, by hour of the day, in buckets of 5 %.
-- grain: one row for each day, hour and bucket
-- day: the day in the company's time zone on which the generations were created
-- weekday: 1 is Monday, 7 is Sunday
-- hour: 0 to 23 in the company's time zone
-- bucket: durations from 1.05^bucket to 1.05^(bucket + 1) seconds
-- n: generations
select day, weekday, hour, bucket, sum(n)::integer as n
from hour_buckets
group by all;
