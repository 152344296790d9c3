"""The pages of the dashboard, one file each; Streamlit runs the open one."""
