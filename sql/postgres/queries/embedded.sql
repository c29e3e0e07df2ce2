-- name: create_database
-- The one database of the embedded Postgres. Runs once, in single-user mode, while the cluster is made.
create database studio;
