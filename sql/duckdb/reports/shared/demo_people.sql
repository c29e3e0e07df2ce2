-- name: demo_people
-- Through whose eyes the demo history is seen: the busiest people first.
-- parameters: none
select p.id, p.team_id, sum(c.generations) as generations
from people as p
left join cells_person as c on c.person_id = p.id
group by p.id, p.team_id
order by generations desc nulls last, p.id
limit 1;
