-- Conditions that the filters of a page add to a report where it says `/*filters*/`, each only when
-- its filter is in use: so a report needs the columns of the filters in use and no others.

-- name: teams
-- Only what belongs to these teams; the nil id stands for no team.
and list_contains($teams, coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid))

-- name: campaigns
-- Only what was made for these campaigns; the nil id stands for no campaign.
and list_contains($campaigns, coalesce(campaign_id, '00000000-0000-0000-0000-000000000000'::uuid))

-- name: people
-- Only what these people made; the nil id stands for nobody.
and list_contains($people, coalesce(person_id, '00000000-0000-0000-0000-000000000000'::uuid))

-- name: models
-- Only what these models made; the empty name stands for what belongs to no generation.
and list_contains($models, coalesce(model, ''))

-- name: resolutions
-- Only what was made in these resolutions.
and list_contains($resolutions, resolution)
