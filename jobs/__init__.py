"""The workshop: deciding and doing. No Streamlit, no SQL text; imports `storage` only."""
