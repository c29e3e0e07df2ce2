-- name: family_of
-- The family of a file by its hash.
select family_id from studio.product_images
where team_id = %(team_id)s and sha256 = %(sha256)s;

-- name: nearest
-- The family of the image that looks most alike: whole against whole, whole against crop, crop
-- against whole. A crop of one is never held against a crop of the other, which may both be air.
select recent.family_id
from (
    select i.family_id, i.look, i.crop_looks, i.created_at from studio.product_images as i
    where i.team_id = %(team_id)s and i.look is not null
    order by i.created_at desc
    limit %(most)s
) as recent
cross join lateral (
    select min(bit_count((pair.a # pair.b)::bit(64))) as bits from (
        select recent.look as a, %(look)s::bigint as b
        union all
        select recent.look, mine from unnest(%(crop_looks)s::bigint []) as mine
        union all
        select theirs, %(look)s::bigint from unnest(recent.crop_looks) as theirs
    ) as pair
) as distance
where distance.bits <= %(within)s
order by distance.bits, recent.created_at
limit 1;

-- name: add
-- A new image of a family; nothing happens when the team has this file already.
insert into studio.product_images (id, team_id, family_id, sha256, key, look, crop_looks)
values (
    %(id)s, %(team_id)s, %(family_id)s, %(sha256)s, %(key)s, %(look)s, %(crop_looks)s)
on conflict (team_id, sha256) do nothing;
