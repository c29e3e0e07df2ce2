-- What `/metrics` asks every few seconds, without reading whole tables.

-- The history only grows at its end, in order of time: summaries of its pages are enough.
create index generation_history_at on studio.generation_history using brin (at);

create index charges_unverified on studio.charges (created_at) where not verified;

create index renditions_failed on studio.renditions (video_id) where state = 'failed';
