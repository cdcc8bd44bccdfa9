# One compiled binary in a small image: migrations, pages and the API document are inside it.
FROM oven/bun:1.4.5 AS build
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
COPY patches ./patches
RUN bun install --frozen-lockfile
COPY tsconfig.json ./
COPY scripts ./scripts
COPY drizzle ./drizzle
COPY src ./src
RUN bun scripts/build.ts dist/trawl

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates curl \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /data --create-home trawl
COPY --from=build /app/dist/trawl /usr/local/bin/trawl
USER trawl
WORKDIR /data
ENV NODE_ENV=production PORT=3000 DATABASE_URL=sqlite:/data/trawl.db
# As in package.json: free memory goes back to the system every ten seconds, not every tenth of one.
ENV MIMALLOC_PURGE_DELAY=10000 MIMALLOC_PURGE_HOLES_MIN_INTERVAL=10000 MIMALLOC_PURGE_HOLES_FULL_EVERY=1
EXPOSE 3000
VOLUME /data
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD curl -fsS http://127.0.0.1:3000/livez || exit 1
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/trawl"]
