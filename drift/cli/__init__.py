"""The door: the command line. The only room that knows click, prints, and reads the environment."""
