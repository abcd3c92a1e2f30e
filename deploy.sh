#!/usr/bin/env bash
# Puts the bridge into an AWS account, and takes it away again: ./deploy.sh --help
# Sets up what it needs first (quick when that was done before), then hands over to infra/deploy/.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
if ! command -v make >/dev/null; then
    echo 'deploy.sh: make is needed: on Debian, apt-get install make' >&2
    exit 1
fi
make --silent --directory "${root}" .venv/.infra infra/node_modules/.ready >&2

# -P and not the working directory: that may hold an infra/ of its own.
export PYTHONPATH="${root}${PYTHONPATH:+:${PYTHONPATH}}"
exec "${root}/.venv/bin/python" -P -m infra.deploy "$@"
