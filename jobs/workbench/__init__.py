"""The workbench: an analyst's own SQL, answered in a process that can do nothing else."""
