"""Who owes a duty: unit lists, owners at the end of a paragraph, actors inside a sentence."""
