-- name: favourites
-- Different videos that were marked as favourites in a period, whoever made them; also those that
-- were unmarked since.
-- parameters: since, until (the day after the last) and the filters of the page
select count(distinct generation_id)::bigint as favourites
from events
where day >= $since and day < $until and kind = 'favourited' /*filters*/;
