-- name: generations
-- Every request to make a video, with its money, its times and what people made of it.
-- grain: one row for each generation
-- id: the generation
-- created_at: when it was admitted (UTC)
-- day: the day of created_at in the company's time zone
-- hour: the hour of created_at in the company's time zone, 0 to 23
-- weekday: the weekday of created_at in the company's time zone, 1 is Monday
-- submitted_at: when it was sent to fal (UTC); null: it was not
-- finished_at: when it was completed, failed or canceled (UTC); null: not yet
-- person_id: who asked for it
-- team_id: their team at that time
-- campaign_id: the campaign it was made for; null: none
-- parent_id: the generation it was made from; null: none
-- batch_id: the batch it was made in; null: by itself
-- lane: interactive or batch
-- model: the Seedance model
-- resolution: 480p, 720p or 1080p as asked for
-- aspect_ratio: as asked for, such as 16:9
-- duration_s: length as asked for, in seconds
-- with_audio: whether sound was asked for
-- status: where it stands: completed, failed and canceled are final
-- cause: why it failed; null when it did not
-- title: its title when it was admitted
-- prompt: what the person wrote
-- fingerprint: the same for two generations that ask fal for the same video
-- price_usd_per_unit: the price of one of fal's units when it was admitted, in USD
-- estimate_usd: what it was going to cost by that price, in USD
-- charge_usd: what it cost, corrections included, in USD; null: no charge yet
-- verified: whether fal said what it billed; null: no charge yet
-- our_queue_s: from created to accepted by fal, in seconds; null: fal did not accept it
-- fal_queue_s: from accepted to begun at fal, in seconds; null: it did not begin
-- inference_s: from begun to ended at fal, in seconds; null: it did not end
-- store_s: from ended at fal to finished here, in seconds; null: it did not come so far
-- total_s: from created to finished, in seconds; null when it is not completed
-- attempts: how often it was sent to fal
-- verdict: approved, needs_change or rejected; null: nobody has judged the video
-- verdict_at: when that was said (UTC)
-- rating: mean of everybody's stars, 1 to 5; null: none
-- trashed: whether its video is in the trash or was purged
-- reused: whether the same had been completed before it was asked for
-- size_bytes: size of the video that is played, in bytes; null: there is no video
with sent as (
    select
        generation_id,
        count(*) as n,
        max_by(accepted_at, number) as accepted_at,
        max_by(started_at, number) as started_at,
        max_by(completed_at, number) as completed_at
    from pulled_attempts
    group by generation_id
),

costs as (
    select
        generation_id,
        sum(amount_usd::decimal(14, 6))::decimal(14, 6) as charge_usd,
        bool_and(verified) filter (where kind = 'charge') as verified
    from pulled_charges
    where generation_id is not null
    group by generation_id
)

select
    g.id,
    g.created_at,
    g.created_there::date as day,
    hour(g.created_there)::utinyint as hour,
    isodow(g.created_there)::utinyint as weekday,
    g.submitted_at,
    g.finished_at,
    g.person_id,
    g.team_id,
    g.campaign_id,
    g.parent_id,
    g.batch_id,
    g.lane,
    g.model,
    g.resolution,
    g.aspect_ratio,
    g.duration_s,
    g.with_audio,
    g.status,
    g.cause,
    g.title,
    g.prompt,
    g.fingerprint,
    g.price_usd_per_unit::decimal(18, 9) as price_usd_per_unit,
    g.estimate_usd::decimal(14, 6) as estimate_usd,
    c.charge_usd,
    c.verified,
    if(s.accepted_at < g.created_at, 0, epoch(s.accepted_at - g.created_at)) as our_queue_s,
    if(s.started_at < s.accepted_at, 0, epoch(s.started_at - s.accepted_at)) as fal_queue_s,
    if(s.completed_at < s.started_at, 0, epoch(s.completed_at - s.started_at)) as inference_s,
    if(g.finished_at < s.completed_at, 0, epoch(g.finished_at - s.completed_at)) as store_s,
    case when g.status = 'completed' then epoch(g.finished_at - g.created_at) end as total_s,
    least(coalesce(s.n, 0), 255)::utinyint as attempts,
    v.verdict,
    v.verdict_at,
    nullif(v.rating_hundredths, 0) / 100.0 as rating,
    coalesce(v.trashed, false) as trashed,
    coalesce(f.finished_at < g.created_at, false) as reused,
    v.size_bytes
from pulled_generations as g
left join sent as s on s.generation_id = g.id
left join costs as c on c.generation_id = g.id
left join pulled_videos as v on v.id = g.id
left join pulled_first_made as f on f.fingerprint = g.fingerprint;
