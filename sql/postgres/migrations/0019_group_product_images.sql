-- Which start images show the same product: a family of images of one team. The same file is found
-- by its hash; a file that was saved anew, made smaller or cropped, by how it looks.

create table studio.product_images (
    id uuid primary key default gen_random_uuid(),
    team_id uuid not null references studio.teams (id),
    family_id uuid not null,
    sha256 text not null check (length(sha256) = 64),
    key text not null,
    look bigint,
    crop_looks bigint [] not null default '{}',
    created_at timestamptz not null default now(),
    constraint product_images_once unique (team_id, sha256)
);
comment on table studio.product_images is 'Start images by team; those of one family look alike.';
comment on column studio.product_images.family_id is 'Id of the first image of the family.';
comment on column studio.product_images.look is
    'Perceptual hash of 64 bits; null: from before looks were taken, found by its sha256 only.';
comment on column studio.product_images.crop_looks is 'The same of the picture''s crops.';
create index product_images_recent on studio.product_images (team_id, created_at desc);
create index product_images_family on studio.product_images (family_id);

alter table studio.product_images enable row level security;
create policy service on studio.product_images to service_role using (true) with check (true);
create policy team_reads on studio.product_images for select to authenticated using (
    team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin');
create policy team_adds on studio.product_images for insert to authenticated with check (
    team_id = (select studio.my_team()) and (select studio.takes_part()));
grant select, insert, update, delete on studio.product_images to service_role;
grant select on studio.product_images to authenticated;
grant insert (id, team_id, family_id, sha256, key, look, crop_looks)
on studio.product_images to authenticated;

alter table studio.videos add column family_id uuid, add column batch_id uuid;
comment on column studio.videos.family_id is 'Family of its start image; null: not known.';
comment on column studio.videos.batch_id is 'The batch it was made in; null: by itself.';

insert into studio.product_images (id, team_id, family_id, sha256, key, created_at)
select n.id, n.team_id, n.id, n.sha256, n.key, n.created_at
from (
    select distinct on (g.team_id, g.start_image ->> 'sha256')
        gen_random_uuid() as id, g.team_id, g.start_image ->> 'sha256' as sha256,
        g.start_image ->> 'key' as key, g.created_at
    from studio.generations as g
    where length(g.start_image ->> 'sha256') = 64
    order by g.team_id, g.start_image ->> 'sha256', g.created_at
) as n;
update studio.videos as v set batch_id = g.batch_id, family_id = i.family_id
from studio.generations as g
left join studio.product_images as i
    on i.team_id = g.team_id and i.sha256 = g.start_image ->> 'sha256'
where g.id = v.id;
