"""Other programs' doors into drift: health endpoints, test suites, Alembic, Flask."""
