"""SQL text from nouns, one module for each database product."""
