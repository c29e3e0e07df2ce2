"""The front of the house: browser, HTTP and terminal. The only package that imports Streamlit."""
