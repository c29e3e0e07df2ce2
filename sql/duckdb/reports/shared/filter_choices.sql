-- name: filter_choices
-- What the filters of a page offer: everything that has a row in the reader's scope.
-- parameters: none
select 'team' as kind, id::varchar as id, name
from teams
union all
select 'campaign', id::varchar, name
from campaigns
union all
select 'person', id::varchar, name
from people
union all
select distinct 'model', model, model
from cells_model
where model is not null
union all
select distinct 'resolution', resolution, resolution
from cells_model
where resolution is not null
order by kind, name;
