"""The expected side, and the other ways to obtain a schema."""
