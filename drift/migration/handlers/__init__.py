"""Handlers: one module for each kind of object, one function for each kind of repair."""
