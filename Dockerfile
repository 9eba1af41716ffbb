# rebond in a container. doc/operations.md says how it is built and run; config/compose.example.yaml is a place to start.
#
# It runs as a user of its own on a read-only root file system. It writes to /var/lib/rebond and nowhere else.

FROM docker.io/library/node:22-bookworm-slim AS build
WORKDIR /src
# The packages first: this layer is built again only when the lock file changes.
COPY package.json package-lock.json ./
# No install scripts: the store's binary comes inside its package, and nothing else has one to run.
RUN npm ci --include=dev --ignore-scripts --no-fund --no-audit
COPY tsconfig.json ./
COPY src ./src
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts --no-fund --no-audit \
 # Binaries of the store for other systems, and what only compilers read: half of the weight.
 && find node_modules/classic-level/prebuilds -mindepth 1 -maxdepth 1 ! -name 'linux-*' -exec rm -r {} + \
 && rm -rf node_modules/classic-level/deps dist/.tsbuildinfo \
 && find node_modules -type f \( -name '*.ts' -o -name '*.map' \) -delete \
 && chmod 755 dist/main.js

# Node's image carries npm, yarn and their caches; what runs here needs the one binary.
FROM docker.io/library/debian:bookworm-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin rebond \
 && install -d -m 700 -o rebond -g rebond /var/lib/rebond \
 && ln -s /opt/rebond/dist/main.js /usr/local/bin/rebond
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src/node_modules /opt/rebond/node_modules
COPY --from=build /src/package.json /opt/rebond/package.json
COPY --from=build /src/dist /opt/rebond/dist
# What the page loads: style, scripts, icon.
COPY assets /opt/rebond/assets
# The build ends here when a library that node needs, or a file that rebond needs, is missing.
RUN ["rebond", "--version"]

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="rebond" \
      org.opencontainers.image.description="Self-hosted SMTP relay that refuses dead recipients before they are mailed again, and says why" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

# Where `rebond address …` and the health check find the API.
ENV NODE_ENV=production REBOND_URL=http://127.0.0.1:8025
# By number, so that a platform that demands "not root" can see that it is not.
USER 10001:10001
VOLUME /var/lib/rebond
# No EXPOSE: `docker run -P` publishes what is exposed, and a published relay port is an open relay (config/compose.example.yaml says why).
STOPSIGNAL SIGTERM
# /livez, not /readyz: an upstream that is away is no reason to restart us.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(new URL('/livez', process.env.REBOND_URL)).then(reply => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["rebond"]
CMD ["serve", "--config", "/etc/rebond/rebond.yaml"]
