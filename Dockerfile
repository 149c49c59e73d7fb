# The server, the dashboard and the client package, for linux/amd64 and linux/arm64. It needs a Postgres by DATABASE_URL.
# A base image with glibc: the native packages are built for it.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY admin-ui/package.json admin-ui/
COPY sdk/package.json sdk/
COPY server/package.json server/
COPY scripts/build.mjs scripts/pack-sdk.mjs scripts/prepare.mjs scripts/
RUN node scripts/build.mjs --packages
COPY . .
RUN node scripts/build.mjs

# What runs needs: neither what builds and tests it, nor what the dashboard was made of, nor the embedded Postgres and the demo.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY admin-ui/package.json admin-ui/
COPY sdk/package.json sdk/
COPY server/package.json server/
COPY docker docker
RUN npm ci --omit=dev --workspace server --ignore-scripts --loglevel=error && sh docker/prune.sh node_modules

FROM ${NODE_IMAGE}
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/admin-ui/dist admin-ui/dist
COPY --from=build /app/admin-ui/reference/dist admin-ui/reference/dist
COPY --from=build /app/sdk/dist sdk/dist
COPY --from=build /app/sdk/sdk.tgz /app/sdk/package.json sdk/
COPY --from=build /app/server/dist server/dist
COPY admin-ui/account admin-ui/account
COPY docker docker
COPY docs/reference docs/reference
COPY migrations migrations
COPY package.json ./
COPY server/package.json server/
# The folders that volumes are mounted at: a new volume takes their owner over.
RUN chmod 755 server/dist/main.js && ln -s /app/server/dist/main.js /usr/local/bin/underpin \
  && install -d -o 1000 -g 1000 -m 700 /data \
  && install -d -o 1000 -g 1000 /secrets /secrets/app /secrets/db /secrets/redis
USER 1000:1000
EXPOSE 8700
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 CMD ["bash", "/app/docker/healthy.sh"]
ENTRYPOINT ["node", "/app/server/dist/main.js"]
CMD ["start"]
