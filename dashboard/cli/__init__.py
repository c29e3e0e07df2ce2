"""The `studio` command. Never imports Streamlit, so that `studio --help` answers at once."""
