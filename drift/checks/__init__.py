"""What is wrong: one module for each family, one small decorated function for each check."""
