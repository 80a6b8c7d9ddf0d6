"""The whole plan: tasks and their duties, targets, rules for all tasks. Entry: `reading.py`."""
