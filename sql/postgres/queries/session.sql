-- name: act_as
-- Take a role and its claims until the end of the transaction.
select
    set_config('role', %(role)s, true),
    set_config('request.jwt.claims', %(claims)s, true);
