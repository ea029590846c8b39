# drift with drivers and Continuum. The project's own dependencies must be importable as well: build FROM this image.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY drift drift
COPY templates templates
RUN pip wheel --no-cache-dir --wheel-dir /wheels ".[postgresql,mysql,continuum,responses]"

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels \
    "sqlalchemy-drift[postgresql,mysql,continuum,responses]" \
    && useradd --create-home drift
USER drift
WORKDIR /project
ENTRYPOINT ["drift"]
CMD ["check"]
