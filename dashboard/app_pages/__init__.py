"""One plain script per page: filters, one call, empty state, output. Run by `dashboard/app.py`."""
