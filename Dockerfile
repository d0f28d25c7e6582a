# One image; the command decides the role (migrate, serve, or any other `matcher` command).
FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/matcher \
 && /opt/matcher/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY config ./config
COPY matcher ./matcher
RUN /opt/matcher/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-trixie
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/matcher --create-home matcher
COPY --from=build /opt/matcher /opt/matcher
ENV PATH=/opt/matcher/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MATCHER_CONFIG=/etc/matcher
WORKDIR /var/lib/matcher
USER matcher
ENTRYPOINT ["matcher"]
CMD ["serve"]
