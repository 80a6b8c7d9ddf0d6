"""A document's grid to a plan: tasks, responsible units, dates, and review codes. Pure.

Each room reads one thing: words (`vocabulary/`), dates (`dates/`), units (`actors/`), rows and
columns (`table/`); `plans/` puts them together, and `plans/reading.py` is the entry point.
"""
