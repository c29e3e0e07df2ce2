-- A made-up history for `studio demo` and `studio bench warehouse`: rows of every dataset, decided by
-- the seed alone. Chances are hashes of what they decide about, so nothing depends on the order in
-- which rows are made, and no step needs more memory than its small tables.
--
-- Variables of the connection: seed, generations, months, until_at (naive UTC), zone.

-- name: make_chances
-- Even numbers from 0 to 1, normal ones, and ids, by what is decided about what.
create or replace temp macro chance(i, about) as
    (hash(i, about, getvariable('seed')) >> 11)::double / 9007199254740992.0;
create or replace temp macro normal(i, about) as
    sqrt(-2 * ln(1 - chance(i, about || ' 1'))) * cos(2 * pi() * chance(i, about || ' 2'));
create or replace temp macro id_of(i, kind) as
    md5(concat(kind, ' ', i, ' ', getvariable('seed')))::uuid;
create or replace temp macro here(moment) as
    (moment at time zone 'UTC') at time zone getvariable('zone');
create or replace temp macro one_of(words, i, about) as
    words[1 + floor(chance(i, about) * len(words))::bigint];

-- name: make_epochs
-- An eighth of the history each: people and models come and go between them.
create or replace table demo_epochs as
select unnest(range(8)) as epoch;

-- name: make_teams
-- The teams, with a number for each.
create or replace table demo_teams as
select unnest(range(1, 11)) as number, id_of(number, 'team') as id,
    [
        'Brand', 'Performance', 'Social', 'E-commerce', 'Retail', 'Product', 'Nordics',
        'Southern Europe', 'Partnerships', 'Insights'
    ][number] as name;

-- name: make_people
-- Everybody. The first of each team manages it; some come later, some have left.
create or replace table demo_people as
with numbered as (
    select unnest(range(1, 21 + (getvariable('generations') ** 0.35)::bigint)) as number
),

placed as (
    select number, 1 + (number - 1) % 10 as team_number, number <= 10 as manages,
        if(number <= 20 or chance(number, 'joins') < 0.6, 0, chance(number, 'joined'))
            as joined,
        if(number > 20 and chance(number, 'leaves') < 0.08, 0.4 + 0.5 * chance(number, 'left'), 2)
            as left_at
    from numbered
),

named as (
    select *,
        [
            'Ada', 'Amir', 'Anna', 'Aya', 'Ben', 'Carla', 'Chidi', 'Clara', 'Daniel', 'Elif',
            'Emma', 'Farid', 'Felix', 'Giulia', 'Hana', 'Ines', 'Ivan', 'Jonas', 'Karim', 'Lena',
            'Leo', 'Lucía', 'Mara', 'Mei', 'Milan', 'Nadia', 'Noah', 'Olga', 'Omar', 'Paula',
            'Priya', 'Rafael', 'Rosa', 'Sami', 'Sofia', 'Tariq', 'Tom', 'Vera', 'Yuki', 'Zoe'
        ][1 + (number * 7) % 40] as first_name,
        [
            'Almeida', 'Bauer', 'Berg', 'Costa', 'Demir', 'Dubois', 'Eriksen', 'Fischer',
            'García', 'Haddad', 'Hansen', 'Ito', 'Janssen', 'Kaya', 'Keller', 'Kowalski',
            'Lindqvist', 'Marino', 'Meyer', 'Nguyen', 'Novak', 'Okafor', 'Patel', 'Romano',
            'Sato', 'Schmidt', 'Silva', 'Tanaka', 'Virtanen', 'Weber', 'Yılmaz'
        ][1 + (number * 5 + number // 40) % 31] as last_name
    from placed
)

select number, team_number, id_of(number, 'person') as id,
    first_name || ' ' || last_name as name,
    lower(strip_accents(first_name || '.' || replace(last_name, 'ı', 'i'))) || number
        || '@example.com' as email,
    case
        when manages and team_number = 10 then 'admin'
        when manages then 'manager'
        when team_number = 10 then 'analyst'
        else 'member'
    end as role,
    joined, left_at,
    exp(1.15 * normal(number, 'diligence')) * if(manages or team_number = 10, 0.15, 1)
        * if(number <= 20, 1.5, 1) as diligence
from named;

-- name: make_people_slots
-- Who makes the next video: 512 lots for each part of the history and team (0: all teams).
create or replace table demo_people_slots as
with asked as (
    select e.epoch, t.team_number, p.number, p.diligence
    from demo_epochs as e
    cross join (select unnest(range(11)) as team_number) as t
    join demo_people as p on t.team_number in (0, p.team_number)
    where p.joined <= e.epoch / 8 and p.left_at > e.epoch / 8
),

summed as (
    select *,
        sum(diligence) over (partition by epoch, team_number order by number)
        / sum(diligence) over (partition by epoch, team_number) as upto
    from asked
),

ranges as (
    select *,
        coalesce(lag(upto) over (partition by epoch, team_number order by number), 0) as after
    from summed
),

lots as (
    select *, unnest(range(round(after * 512)::bigint, round(upto * 512)::bigint)) as slot
    from ranges
)

select l.epoch, l.team_number as asked_of, l.slot, p.number as person_number, p.id as person_id,
    t.id as team_id, p.team_number
from lots as l
join demo_people as p on p.number = l.number
join demo_teams as t on t.number = p.team_number;

-- name: make_choice_slots
-- What is asked of which model: 4096 lots for each part of the history, for drafts and finals.
create or replace table demo_choice_slots as
with asked as (
    select e.epoch, kind.final, c.*, if(kind.final, c.final_weight, c.draft_weight) as weight
    from demo_epochs as e
    cross join (values (true), (false)) as kind (final)
    join demo_choices as c on c.since <= (e.epoch + 0.5) / 8 and c.until > (e.epoch + 0.5) / 8
),

summed as (
    select *,
        sum(weight) over (partition by epoch, final order by number)
        / sum(weight) over (partition by epoch, final) as upto
    from asked
    where weight > 0
),

ranges as (
    select *, coalesce(lag(upto) over (partition by epoch, final order by number), 0) as after
    from summed
)

select *, unnest(range(round(after * 4096)::bigint, round(upto * 4096)::bigint)) as slot
from ranges;

-- name: make_campaigns
-- One campaign for each team and month of the history, and the one before.
create or replace table demo_campaigns as
select t.number as team_number, m.month, id_of(t.number * 1000 + m.month, 'campaign') as id,
    t.id as team_id,
    one_of(
        [
            'Spring launch', 'Summer sale', 'Back to school', 'Black week', 'Winter lookbook',
            'New arrivals', 'Gift guide', 'Festival season', 'Trail running', 'Home office',
            'Everyday essentials', 'Limited edition'
        ],
        t.number * 1000 + m.month, 'name of campaign'
    ) || ' ' || t.name || ' ' || strftime(
        getvariable('until_at') - to_months((getvariable('months') - m.month)::integer), '%Y-%m'
    ) as name
from demo_teams as t
cross join (select unnest(range(0, getvariable('months') + 1)) as month) as m
where t.number < 10;

-- name: make_hours
-- How many generations each hour has, and the number of its first. The last six are made in the last
-- two minutes and are not finished.
create or replace table demo_hours as
with hours as (
    select
        unnest(generate_series(
            date_trunc('day', getvariable('until_at') - to_months(getvariable('months')::integer)),
            date_trunc('hour', getvariable('until_at')) - interval 3 hours,
            interval 1 hour
        )) as began_at
),

placed as (
    select *, here(began_at) as here_at,
        (row_number() over (order by began_at) - 1)::double / count(*) over () as elapsed
    from hours
),

weighed as (
    select *, elapsed,
        date_trunc('week', here_at)::date as week,
        [
            2, 1, 1, 1, 1, 2, 6, 20, 60, 95, 110, 100, 65, 85, 110, 105, 90, 60, 30, 18, 14, 12, 8, 4
        ][hour(here_at) + 1]
        * [1.0, 1.12, 1.15, 1.05, 0.85, 0.12, 0.09][isodow(here_at)]
        * [0.9, 0.95, 1.05, 1.05, 1.0, 0.95, 0.8, 0.75, 1.1, 1.2, 1.45, 0.9][month(here_at)]
        * if(month(here_at) = 12 and day(here_at) > 22, 0.2, 1)
        * exp(1.3 * elapsed)
        * (0.85 + 0.3 * chance(epoch(began_at)::bigint, 'busy hour')) as base
    from placed
),

burst as (
    select *,
        -- A launch: one team makes most of what is made in that week.
        if(chance(week, 'launch') < 0.2, 1 + floor(chance(week, 'launching') * 9)::integer, 0)
            as launching,
        chance(here_at::date, 'incident') < 0.012 as incident
    from weighed
),

summed as (
    select *,
        sum(base * if(launching > 0, 1.8, 1)) over (order by began_at)
        / sum(base * if(launching > 0, 1.8, 1)) over () as upto
    from burst
),

counted as (
    select *,
        round(upto * (getvariable('generations') - 6))::bigint as last_i
    from summed
)

select began_at, here_at, elapsed, floor(elapsed * 8)::bigint as epoch, launching, incident,
    floor(elapsed * getvariable('months'))::bigint as month,
    coalesce(lag(last_i) over (order by began_at), 0) as first_i,
    last_i - coalesce(lag(last_i) over (order by began_at), 0) as n,
    3600.0 as span_s
from counted
union all
select getvariable('until_at') - interval 2 minutes, here(getvariable('until_at')), 0.999, 7, 0, false,
    getvariable('months') - 1, getvariable('generations') - 6, 6, 110.0;

-- name: make_rows
-- The generations, with what their charges, corrections and events are made from. Four in a row, a
-- quarter of an hour apart, are takes of one shot: three drafts and, when they are good, a final.
create or replace table demo_rows as
with numbered as (
    select h.*, k, first_i + k as i,
        ceil(n / 4)::bigint as m,
        first_i + k % ceil(n / 4)::bigint as shot,
        k // ceil(n / 4)::bigint as take
    from (select *, unnest(range(n)) as k from demo_hours where n > 0) as h
),

repeated as (
    select *,
        i >= getvariable('generations') - 6 as is_open,
        take % 2 = 1 and chance(i, 'again') < 0.08 as again,
        if(take % 2 = 1 and chance(i, 'again') < 0.08, i - m, i) as settings_of
    from numbered
),

asked as (
    select *,
        (
            (settings_of - shot) // m = 3 and chance(shot, 'final') < 0.7
            or (settings_of - shot) // m = 2 and chance(shot, 'early final') < 0.25
        ) as final,
        if(chance(shot, 'launch') < 0.5, launching, 0) as asked_of,
        floor(chance(shot, 'who') * 512)::bigint as who,
        floor(chance(settings_of, 'what') * 4096)::bigint as what,
        chance(shot, 'batch') < 0.15 as batched,
        chance(i, 'outcome') as outcome,
        chance(settings_of, 'outcome') as outcome_before
    from repeated
),

chosen as (
    select a.*, p.person_id, p.person_number, p.team_id, p.team_number, c.id as campaign_id,
        s.model, s.resolution, s.aspect_ratio, s.duration_s, s.with_audio,
        s.price_usd_per_unit::decimal(18, 9) as price_usd_per_unit,
        s.estimate_usd::decimal(14, 6) as estimate_usd, s.units, s.tokens, s.usual_s, s.drifting,
        0.045 * if(incident, 5, 1) * if(s.strict, 1.5, 1) as fails_below,
        one_of(
            [
                'running shoe', 'sneaker', 'backpack', 'desk lamp', 'water bottle', 'rain jacket',
                'wrist watch', 'perfume', 'headphones', 'coffee maker', 'sunglasses', 'armchair',
                'lipstick', 'mountain bike', 'ceramic mug', 'linen shirt', 'smart speaker', 'scarf'
            ], a.shot, 'product'
        ) as product
    from asked as a
    join demo_people_slots as p on p.epoch = a.epoch and p.asked_of = a.asked_of and p.slot = a.who
    join demo_choice_slots as s on s.epoch = a.epoch and s.final = a.final and s.slot = a.what
    left join demo_campaigns as c
        on c.team_number = p.team_number
        and c.month = a.month + 1 - if(chance(a.shot, 'old campaign') < 0.3, 1, 0)
        and chance(a.shot, 'campaign') < 0.75
),

ended as (
    select *,
        began_at + to_microseconds(((k + chance(i, 'moment')) / n * span_s * 1000000)::bigint)
            as created_at,
        case
            when is_open then ['running', 'running', 'running', 'waiting', 'waiting', 'queued'][
                i - getvariable('generations') + 7
            ]
            when outcome < fails_below then 'failed'
            when outcome > 0.98 then 'canceled'
            else 'completed'
        end as status,
        again and outcome_before between fails_below and 0.98 as reused,
        if(outcome < fails_below and not is_open, one_of(
            if(
                incident,
                [
                    'provider_down', 'provider_down', 'provider_down', 'timeout', 'timeout',
                    'refused_prompt'
                ],
                [
                    'refused_prompt', 'refused_prompt', 'refused_start_image',
                    'refused_start_image', 'refused_start_image', 'refused_output',
                    'refused_output', 'refused_end_image', 'bad_input', 'provider_down',
                    'provider_down', 'timeout', 'timeout', 'storage', 'media', 'our_bug'
                ]
            ), i, 'cause'
        ), null) as cause
    from chosen
),

timed as (
    select *,
        least(exp(-0.7 + 0.6 * normal(i, 'ours')) + if(batched, 40 * chance(i, 'lane'), 0), 600)
            as ours,
        least(
            exp(0.8 + 0.9 * normal(i, 'queue')) * if(hour(here_at) between 13 and 17, 2.2, 1)
            * if(incident, 4, 1), 900
        ) as queue,
        least(
            usual_s * duration_s / 5
            * case resolution when '480p' then 0.7 when '720p' then 1 else 1.6 end
            * exp(0.22 * normal(i, 'inference')) * if(incident, 1.9, 1), 2400
        ) as inference,
        1.1 + exp(0.2 + 0.5 * normal(i, 'store')) as store,
        case
            when status = 'completed' then 4
            when status = 'running' then 2
            when status = 'waiting' then 1
            when status = 'queued' then 0
            when status = 'canceled' then floor(chance(i, 'canceled') * 3)::integer
            when cause in ('storage', 'media', 'our_bug') then 3
            when cause in ('refused_output', 'timeout') then 3
            when cause = 'provider_down' then 1
            else 2
        end as came_to
    from ended
),

measured as (
    select * exclude (ours, queue, inference, store),
        if(came_to >= 1, round(ours, 3), null) as our_queue_s,
        if(came_to >= 2, round(queue, 3), null) as fal_queue_s,
        if(came_to >= 3, round(inference, 3), null) as inference_s,
        if(came_to >= 3, round(store, 3), null) as store_s,
        case when came_to < 3 and cause = 'provider_down' then 60 + 240 * chance(i, 'given up') else 2 end
            as given_up_s
    from timed
),

finished as (
    select *,
        if(is_open, null, created_at + to_microseconds((1000000 * (
            coalesce(our_queue_s, 0) + coalesce(fal_queue_s, 0) + coalesce(inference_s, 0)
            + coalesce(store_s, given_up_s)
        ))::bigint)) as finished_at,
        status = 'completed'
        or came_to = 3 and cause is not null and chance(i, 'billed') < 0.5
        or status = 'canceled' and came_to >= 1 and chance(i, 'billed') < 0.4 as billed,
        chance(i, 'verified') > 0.015 as said,
        units * (1 + greatest(least(
            0.006 * normal(i, 'bill') + if(drifting, 0.05 * greatest(elapsed - 0.5, 0), 0), 0.045
        ), -0.03)) as billed_units
    from measured
),

charged as (
    select * exclude (billed_units, said),
        if(billed and said, billed_units, null) as billable_units,
        if(billed, said, null) as verified,
        case
            when billed and said then billed_units * price_usd_per_unit::double
            when billed then estimate_usd::double
        end::decimal(14, 6) as ledger_usd
    from finished
),

corrected as (
    select *,
        if(
            ledger_usd is not null and chance(i, 'corrected') < 0.0015
            and finished_at + interval 6 days < getvariable('until_at'),
            (-0.5 * ledger_usd)::decimal(14, 6), null
        ) as correction_usd,
        finished_at + to_microseconds((chance(i, 'corrects') * 432000000000)::bigint) as corrected_at,
        case
            when status != 'completed' then null
            when chance(i, 'judged') > if(final, 0.65, 0.1) then null
            when chance(i, 'verdict') < if(final, 0.72, 0.45) then 'approved'
            when chance(i, 'verdict') < 0.9 then 'needs_change'
            else 'rejected'
        end as said,
        finished_at + to_microseconds((60000000 + chance(i, 'judges') ** 3 * 172800000000)::bigint)
            as said_at
    from charged
)

select
    i, m, shot, final, person_number, ledger_usd, correction_usd, corrected_at, billable_units,
    id_of(i, 'generation') as id,
    created_at,
    here(created_at)::date as day,
    hour(here(created_at))::utinyint as hour,
    isodow(here(created_at))::utinyint as weekday,
    if(came_to >= 1, created_at + to_microseconds((our_queue_s * 600000)::bigint), null)
        as submitted_at,
    finished_at, person_id, team_id, campaign_id,
    if(take > 0, id_of(i - m, 'generation'), null) as parent_id,
    if(batched, id_of(shot, 'batch'), null) as batch_id,
    if(batched, 'batch', 'interactive') as lane,
    model, resolution, aspect_ratio, duration_s::double as duration_s, with_audio, status, cause,
    upper(product[1]) || product[2:] || ' ' || (shot % 1000) as title,
    one_of(
        [
            'Slow orbit around the', 'Close-up of water drops on the', 'Golden morning light on the',
            'Macro shot, then a pull back from the', 'The camera glides low towards the',
            'Confetti falls in slow motion around the', 'Studio turntable with the',
            'Handheld walk through a busy market with the', 'Neon reflections move over the'
        ], shot, 'move'
    ) || ' ' || product || ' ' || one_of(
        [
            'on a marble table', 'on wet asphalt', 'in front of a white wall', 'on a wooden bench',
            'against a deep blue sky', 'in a sunlit kitchen', 'on moss in a forest',
            'on a rooftop at dusk'
        ], shot, 'place'
    ) || if(final, ', film grain, crisp focus', ', draft ' || (take + 1)) as prompt,
    sha256(concat(settings_of, ' ', getvariable('seed'))) as fingerprint,
    price_usd_per_unit, estimate_usd,
    (ledger_usd + coalesce(correction_usd, 0))::decimal(14, 6) as charge_usd,
    verified, our_queue_s, fal_queue_s, inference_s, store_s,
    if(status = 'completed', epoch(finished_at - created_at), null) as total_s,
    if(came_to = 0, 0, 1 + (chance(i, 'twice') < 0.02)::integer)::utinyint as attempts,
    if(said_at < getvariable('until_at'), said, null) as verdict,
    if(said is not null and said_at < getvariable('until_at'), said_at, null) as verdict_at,
    if(
        status = 'completed' and chance(i, 'rated') < if(final, 0.4, 0.12),
        round(least(greatest(3.6 + 0.9 * normal(i, 'stars'), 1), 5) * 2) / 2, null
    ) as rating,
    status = 'completed' and chance(i, 'trashed') < if(said = 'rejected', 0.5, 0.05) as trashed,
    reused,
    if(status = 'completed', (tokens * 38 * exp(0.35 * normal(i, 'size')))::bigint, null)
        as size_bytes
from corrected;

-- name: make_generations
-- The generations as the dataset has them.
create or replace view new_generations as
select * exclude (
    i, m, shot, final, person_number, ledger_usd, correction_usd, corrected_at, billable_units
)
from demo_rows;

-- name: make_charges
-- The ledger: charges, corrections of single ones, and a credit note of fal that is nobody's.
create or replace table new_charges as
select id_of(i, 'charge') as id, finished_at as created_at, here(finished_at)::date as day,
    id as generation_id, person_id, team_id, campaign_id, 'charge' as kind,
    ledger_usd as amount_usd, billable_units, verified, '' as note,
    model, resolution, duration_s, price_usd_per_unit, status, cause
from demo_rows
where ledger_usd is not null
union all
select id_of(i, 'correction'), corrected_at, here(corrected_at)::date, id, person_id, team_id,
    campaign_id, 'adjustment', correction_usd, null, true, 'fal refunded half of it',
    model, resolution, duration_s, price_usd_per_unit, status, cause
from demo_rows
where correction_usd is not null
union all
select id_of(n, 'credit'), created_at, here(created_at)::date, null, null, null, null, 'adjustment',
    (-7.5 * n)::decimal(14, 6), null, true, 'Credit note of fal', null, null, null, null, null, null
from (
    select n, getvariable('until_at') - to_days((n * 11)::integer) as created_at
    from (select unnest(range(1, 1 + greatest(1, getvariable('months') // 4))) as n)
);

-- name: make_events
-- What people and the studio did, about each generation and at the door. Ids rise with time.
create or replace table new_events as
with kinds as (
    select *
    from (
        values ('submitted', 1), ('ended', 1), ('viewed', 1), ('viewed', 2), ('viewed', 3),
            ('downloaded', 1), ('shared', 1)
    ) as kinds (kind, nth)
),

about as (
    select
        r.i * 8 + k.nth as i,
        if(k.kind = 'ended', r.status, k.kind) as kind,
        case k.kind
            when 'submitted' then r.created_at
            when 'ended' then r.finished_at
            else r.finished_at + to_microseconds(
                (5000000 + chance(r.i * 8 + k.nth, k.kind || ' at') ** 4 * 604800000000)::bigint
            )
        end as happened_at,
        if(k.kind = 'ended', null, r.person_id) as person_id,
        r.team_id, r.id as generation_id
    from demo_rows as r
    cross join kinds as k
    where case k.kind
        when 'submitted' then true
        when 'ended' then r.finished_at is not null
        when 'viewed' then
            r.status = 'completed' and chance(r.i * 8 + k.nth, 'views') < [0.8, 0.4, 0.2][k.nth]
        when 'downloaded' then
            r.status = 'completed' and chance(r.i, 'downloads') < if(r.final, 0.5, 0.06)
        else r.status = 'completed' and chance(r.i, 'shares') < if(r.final, 0.12, 0.01)
    end
),

door as (
    select min(i) * 8 as i, 'signed_in' as kind,
        min(created_at) - interval 5 minutes as happened_at,
        person_id, any_value(team_id) as team_id, null::uuid as generation_id
    from demo_rows
    group by person_id, day
)

select
    (epoch_us(happened_at) - epoch_us(timestamp '2020-01-01')) * 8192
        + (hash(i, kind) % 8192)::bigint as id,
    happened_at, here(happened_at)::date as day, kind, person_id, team_id, generation_id
from (from about union all from door)
where happened_at < getvariable('until_at');

-- name: make_small
-- People, teams, campaigns, and the holds of what is not finished.
create or replace view new_people as
select p.id, p.name, p.email, p.role, t.id as team_id, p.left_at > 1 as active,
    getvariable('until_at') - to_months(getvariable('months')::integer)
        + to_days((p.joined * getvariable('months') * 30)::integer) - interval 1 day as created_at
from demo_people as p
join demo_teams as t on t.number = p.team_number;
create or replace view new_teams as select id, name from demo_teams;
create or replace view new_campaigns as select id, team_id, name from demo_campaigns;
create or replace view new_holds as
select id as generation_id, person_id, team_id, campaign_id,
    (ceil(estimate_usd * 1050000) / 1000000)::decimal(14, 6) as amount_usd, created_at,
    created_at + interval 1 day as expires_at
from demo_rows
where finished_at is null;
create or replace table gone_generations (id uuid, day date);
create or replace table gone_charges (id uuid, day date);
create or replace table gone_events (id bigint, day date);
