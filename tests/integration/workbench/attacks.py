"""What a hostile analyst would write. `{lake}` is the lake's folder, `{file}` one of its files,
`{scratch}` a folder that must stay empty."""

FILES = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from '/etc/passwd'",
    "from '/etc/hosts.csv'",
    "select * from read_json('/etc/hosts')",
    "select * from read_ndjson_objects('/etc/hosts')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from glob('/etc/*')",
    "select * from glob('{lake}/**')",
    "select * from parquet_metadata('{file}')",
    "select * from parquet_kv_metadata('{file}')",
    "select * from read_parquet('{file}')",
    "select * from '{file}'",
    "select * from read_parquet('{lake}/../other/*.parquet')",
    "select * from read_text('/proc/self/environ')",
    "select * from read_text('/proc/self/maps')",
    "select * from read_duckdb('{lake}/x.duckdb')",
    "from query('select * from read_text(''/etc/passwd'')')",
    "from query_table('/etc/passwd')",
    "from query_table('{file}')",
    "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "with t as (select * from read_text('/etc/passwd')) select * from t",
    "select (select content from read_text('/etc/passwd'))",
    "select * from generations where exists (from read_text('/etc/passwd'))",
    "describe select * from read_text('/etc/passwd')",
    "summarize '/etc/passwd'",
    "explain analyze select * from read_text('/etc/passwd')",
    "select 1 union all select content from read_text('/etc/passwd')",
    "with recursive t as (select 1 as n union all from read_text('/etc/passwd')) from t",
    "select * from generations, lateral (select * from read_text('/etc/passwd'))",
    "select * from generations order by (select content from read_text('/etc/passwd'))",
    "select * from main.read_text('/etc/passwd')",
    'select * from "/etc/passwd"',
]
WRITES = [
    "copy (select 1) to '{scratch}/x.csv'",
    "copy generations from '/etc/passwd'",
    "with x as (copy (select 1) to '{scratch}/y.csv') select 1",
    "with x as (copy (select 1) to '{file}' (use_tmp_file false)) select 1",
    "explain analyze copy (select 1) to '{scratch}/z.csv'",
    "export database '{scratch}/all'",
    "import database '{scratch}'",
    "create table mine as select 1",
    "create view generations as select 1",
    "create or replace macro now() as 1",
    "drop view generations",
    "insert into people select * from people",
    "with x as (delete from people returning *) select * from x",
    "with x as (update people set name = 'x' returning *) select * from x",
    "checkpoint",
    "vacuum",
    "begin transaction",
]
ATTACHES = [
    "attach '{scratch}/a.duckdb'",
    "attach '{lake}/a.duckdb' as a",
    "attach 'dbname=studio' as pg (type postgres)",
    "attach ':memory:' as other",
    "detach memory",
    "copy from database memory to other",
    "use memory",
    "connect 'somewhere'",
]
NETWORK = [
    "select * from 'https://example.com/a.parquet'",
    "select * from read_csv('http://127.0.0.1:5432/')",
    "select * from read_parquet('s3://bucket/a.parquet')",
    "select * from read_text('http://169.254.169.254/latest/meta-data/')",
]
EXTENSIONS = [
    "install httpfs",
    "load httpfs",
    "load '{scratch}/evil.so'",
    "force install httpfs from 'http://127.0.0.1/'",
    "from add_grammar_extension('x')",
]
SETTINGS = [
    "set enable_external_access = true",
    "set global lock_configuration = false",
    "set memory_limit = '64GB'",
    "set threads = 64",
    "reset memory_limit",
    "set max_execution_time = 0",
    "set allowed_directories = ['/']",
    "set temp_directory = '/tmp'",
    "set allow_unsigned_extensions = true",
    "pragma threads = 64",
    "pragma enable_profiling",
    "set profiling_output = '{scratch}/p.json'",
    "call enable_logging(storage = 'file')",
    "from enable_logging(storage = 'file', storage_config = {{'path': '{scratch}'}})",
    "from enable_profiling(save_location = '{scratch}/p.json')",
    "select set_config('threads', '64')",
    "set variable x = 1",
    "pragma add_parquet_key('k', '0123456789112345')",
]
SECRETS = [
    "create secret s (type s3, key_id 'a', secret 'b')",
    "from duckdb_secrets()",
    "from which_secret('s3://a', 's3')",
    "select getenv('HOME')",
    "select current_setting('temp_directory')",
    "from duckdb_settings()",
    "select sql from duckdb_views()",
    "select * from duckdb_views",
    "from duckdb_databases()",
    "from pragma_storage_info('generations')",
    "select * from information_schema.tables",
    "select * from pg_catalog.pg_settings",
    "select * from sqlite_master",
    "with duckdb_views as (select 1) select (from system.main.duckdb_views)",
    "with a as (with duckdb_views as (select 1) from duckdb_views) from duckdb_views",
    "select getvariable('files')",
    "select current_query()",
    "from duckdb_logs()",
    "select write_log('a', level := 'error')",
    "show databases",
]
PYTHON = [
    "select * from start",
    "select * from engine",
    "from pandas_scan(1)",
    "from arrow_scan(1, 2, 3)",
    "from python_map_function(1)",
    "from seq_scan('generations')",
]
SEVERAL = [
    "select 1; select 2",
    "select 1; drop view generations",
    "explain select 1; drop view generations",
    "call pragma_version()",
    "prepare p as select 1",
    "execute p",
    "select pg_sleep(100)",
    "select sleep_ms(100000)",
    "",
    "--",
    "select",
    "\x00",
]
BOMBS = {
    "time, by a join": "select count(*) from range(10000000) a, range(10000000) b "
    "where (a.range * b.range) % 7 = 3",
    "time, within one call": "select sum(list_sum(list_transform(range(2000000), "
    "lambda x: sin(x) * range))) from range(1000)",
    "time, by recursion": "with recursive t as (select 1 as n union all select n + 1 from t "
    "where n < 1000000000) select max(n) from t",
    "memory, by a list": "select list_sum(range(500000000))",
    "memory, by a text": "select length(repeat(repeat('ab', 1000000), 900))",
    "memory, by doubling": "with recursive t as (select 'x' as s, 1 as n union all "
    "select s || s, n + 1 from t where n < 60) select max(length(s)) from t",
    "memory, by groups": "select max(len(l)) from (select a.range, list(b.range) as l from "
    "range(1000000) a, range(1000) b group by 1)",
    "disk, by sorting": "select sum(x) from (select a.range * b.range as x, repeat('x', 100) as s "
    "from range(20000) a, range(10000) b order by s, x desc offset 10)",
    "size, by one text": "select repeat('x', 100000000)",
}
"""Each is cut off by a limit."""
OUTPUTS = {
    "rows": "select range from range(1000000000)",
    "bytes": "select repeat('x', 10000) as s from range(1000000)",
    "columns": "select " + ", ".join(f"range as c{n}" for n in range(900)) + " from range(1000000)",
}
"""Each is answered, and only its beginning is handed over."""
REFUSED = [
    *FILES, *WRITES, *ATTACHES, *NETWORK, *EXTENSIONS, *SETTINGS, *SECRETS, *PYTHON, *SEVERAL
]  # fmt: skip
