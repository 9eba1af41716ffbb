#!/usr/bin/env bash
# Builds the Dockerfile without Docker and without its registry, and runs the image as an orchestrator would: a user of its own, a read-only root.
#
# The two official images that it starts from are stood in for by a Debian base made here, with this machine's node and npm, under
# their names. So this proves the Dockerfile and the image's behaviour, not the official images.
#
# Needs root, and: apt-get install buildah mmdebstrap. Debian's and npm's registries must be within reach.
# Set BASE to a file to keep the base (two minutes) for the next run. Nothing outside the temporary directory is touched.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in buildah mmdebstrap node npm; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed" >&2; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo 'skipped: needs root' >&2; exit 77; }

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true; buildah_ rm --all >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
buildah_() { buildah --root "$work/root" --runroot "$work/run" --storage-driver vfs "$@"; }

base=${BASE:-$work/base.tar}
[ -s "$base" ] || mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$base"

# One official image, by name; more arguments are what is added to the base: FROM TO.
stand_in() {
  local name=$1 container
  shift
  container=$(buildah_ from scratch)
  buildah_ add --quiet "$container" "$base" /
  while [ $# -gt 0 ]; do
    buildah_ copy --quiet "$container" "$1" "$2"
    shift 2
  done
  if [ "$name" = node:22-bookworm-slim ]; then
    buildah_ run --isolation chroot "$container" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
    # A company's own certificate authority, where this machine's npm needs one; it stays in the build stage.
    if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
      buildah_ copy --quiet "$container" "$NODE_EXTRA_CA_CERTS" /etc/ssl/extra-ca.pem
      buildah_ config --env NODE_EXTRA_CA_CERTS=/etc/ssl/extra-ca.pem "$container"
    fi
  fi
  buildah_ commit --quiet --rm "$container" "docker.io/library/$name" >/dev/null
}
npm_home=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
stand_in debian:bookworm-slim
stand_in node:22-bookworm-slim "$(readlink -f "$(command -v node)")" /usr/local/bin/node "$npm_home" /usr/local/lib/node_modules/npm

# The docker format keeps HEALTHCHECK, which the OCI format has no place for.
buildah_ bud --isolation chroot --pull-never --format docker --tag rebond:test .

field() { buildah_ inspect --type image --format "{{.Docker.Config.$1}}" rebond:test; }
check() { if eval "$2"; then echo "ok - $1"; else echo "not ok - $1"; exit 1; fi; }
check 'the image runs as a user of its own' '[ "$(field User)" = 10001:10001 ]'
check 'the image exposes no port' '[ "$(field ExposedPorts)" = "map[]" ]'
check 'the image has a health check' '[[ "$(field Healthcheck)" == *livez* ]]'

container=$(buildah_ from rebond:test)
root=$(buildah_ mount "$container")
check 'the image carries no npm and no compiler' '[ ! -e "$root/usr/local/bin/npm" ] && [ ! -e "$root/opt/rebond/node_modules/typescript" ]'
plain=$(buildah_ mount "$(buildah_ from debian:bookworm-slim)")
echo "# the image adds $(($(du -sm "$root" | cut -f1) - $(du -sm "$plain" | cut -f1))) MB to its base, $(du -sm "$root/opt/rebond" | cut -f1) MB of it rebond and its packages"

# A mount namespace of its own, the root read-only, the volume and /tmp on top; then as uid 10001, with no capability left.
port=$(node -e 'const server = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(server.address().port); server.close() })')
mkdir "$work/data"
chown 10001:10001 "$work/data"
printf 'relay: { listen: [{ host: 127.0.0.1, port: 0 }] }\nbounce: { listen: [{ host: 127.0.0.1, port: 0 }] }\nhttp: { listen: { port: %s } }\nstore: { path: /var/lib/rebond }\n' "$port" >"$work/rebond.yaml"
inside='mount --bind "$1" "$1" && mount --bind "$2/data" "$1/var/lib/rebond" && mount -t tmpfs tmpfs "$1/tmp" && mount -t proc proc "$1/proc" &&
  mkdir -p "$1/etc/rebond" && cp "$2/rebond.yaml" "$1/etc/rebond/" && mount -o remount,ro,bind "$1" &&
  shift 2 && exec chroot --userspec=10001:10001 "$@"'
# The root is argument 3 again for chroot.
in_image=(unshare --mount sh -c "$inside" sh "$root" "$work" "$root"
  env -i PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production REBOND_URL=http://127.0.0.1:$port)

"${in_image[@]}" rebond serve --config /etc/rebond/rebond.yaml >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 100); do grep -q '^ready$' "$work/out" && break; kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
check 'it starts as that user on a read-only root' 'grep -q "^ready$" "$work/out" || { cat "$work/out" "$work/log" >&2; false; }'
mapfile -t health < <(node -e '
  const { Test } = JSON.parse(process.argv[1])
  for (const word of Test.slice(1)) console.log(word)' "$(buildah_ inspect --type image rebond:test | node -e '
  const image = JSON.parse(require("node:fs").readFileSync(0, "utf8")); console.log(JSON.stringify(image.Docker.config.Healthcheck))')")
check 'the health check says healthy' '"${in_image[@]}" "${health[@]}"'
check 'the command line reaches it' '"${in_image[@]}" rebond address show jean@example.com >/dev/null'
check 'what it keeps lies in the volume' '[ -s "$work/data/return-path.key" ]'
kill -TERM "$server"
check 'it stops cleanly' 'wait "$server"'
server=
check 'the health check then says unhealthy' '! "${in_image[@]}" "${health[@]}" 2>/dev/null'
