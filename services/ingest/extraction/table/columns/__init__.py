"""Columns of a task table: the header, the role of each column, the layout of a page."""
