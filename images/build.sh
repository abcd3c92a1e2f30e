#!/usr/bin/env bash
# Builds the images without a docker daemon: bases from Debian's packages, wheels fetched beforehand, buildah.
# images/build.sh PYTHON TARGET...    PYTHON is one with pip, of the version that Debian has (3.11).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly suite=bookworm bases=build/bases wheels=build/wheels
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs

need() {
    command -v "$1" >/dev/null || {
        echo "images: $1 is needed: on Debian, apt-get install $2" >&2
        exit 1
    }
}

# A base is made once: a root file system of Debian's packages, imported as an image.
base() {
    local name=$1 packages=$2
    if ! buildah inspect --type image "localhost/$name" >/dev/null 2>&1; then
        echo "images: making $name from Debian's packages"
        mkdir -p "$bases"
        mmdebstrap --quiet --variant=essential --include="$packages" "$suite" "$bases/$name.tar"
        local container
        container=$(buildah from scratch)
        buildah add --quiet "$container" "$bases/$name.tar" / >/dev/null
        buildah commit --quiet "$container" "localhost/$name" >/dev/null
        buildah rm "$container" >/dev/null
        rm "$bases/$name.tar"
    fi
}

# The packages that the build installs, so that it needs no network and no index's address gets into an image.
fetch() {
    local python=$1 list
    mkdir -p "$wheels"
    for list in build run mock-mq dev pymqi; do
        "$python" -m pip --disable-pip-version-check --quiet download --no-deps --require-hashes \
            --python-version 3.11 --no-build-isolation --dest "$wheels" --requirement "requirements/$list.txt"
    done
}

main() {
    local python=$1 target revision
    shift
    need buildah buildah
    need mmdebstrap mmdebstrap
    base bridge-build python3-venv,python3-dev,gcc,libc6-dev,ca-certificates
    base bridge-runtime python3-minimal,libpython3-stdlib,ca-certificates
    fetch "$python"
    revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
    for target in "$@"; do
        echo "images: building $target"
        buildah bud --quiet --layers --network none --target "$target" --tag "localhost/$target" \
            --build-arg BUILD_IMAGE=localhost/bridge-build --build-arg RUNTIME_IMAGE=localhost/bridge-runtime \
            --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/src/build/wheels \
            --build-arg MQ_CLIENT_SHA256="${MQ_CLIENT_SHA256:-}" --build-arg REVISION="$revision" \
            --format docker . >/dev/null
    done
}

main "$@"
