# Botswain in a container: `botswain up` with its own Redis and SQLite in the volume /data.
# syntax=docker/dockerfile:1

FROM node:20-bookworm-slim AS build
# The SQLite driver is compiled where no prebuilt one can be fetched; the image brings Node's headers.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 make g++ redis-server \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN node scripts/setup.mjs && npm prune --omit=dev

FROM node:20-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends redis-server \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=build --chown=node:node /app /app
USER node
ENV BOTSWAIN_HOME=/data NODE_ENV=production
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["bin/botswain", "ps"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["bin/botswain"]
CMD ["up"]
