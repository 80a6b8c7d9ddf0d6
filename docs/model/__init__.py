"""An executable model of the delivery protocol, explored exhaustively; see README.md beside it."""
