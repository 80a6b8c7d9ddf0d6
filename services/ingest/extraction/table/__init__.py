"""A task table to the rows of each task; also tables printed as lines and plans without one."""
