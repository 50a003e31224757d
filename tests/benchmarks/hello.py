"""The least a Streamlit app can be: what the first page is measured against."""

import streamlit as st

st.title("Hello")
st.write("world")
