"""Rows of a task table: the rows of one task, halves of torn rows, merged cells."""
