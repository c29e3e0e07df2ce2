"""`python -m dashboard.cli`, for starting our own processes with this interpreter."""

from dashboard.cli.main import main

main()
