"""The services, each a process of its own.

The import of a service makes hundreds of thousands of objects that stay; looking for garbage among
them took a quarter of its time. `shared.process.running.tune_garbage_collector` sets it
again, after the import.
"""

import gc

gc.set_threshold(70_000, 10, 10)
