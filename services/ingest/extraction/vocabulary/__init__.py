"""Closed sets of characters and words that all readers share, and the text forms they match."""
