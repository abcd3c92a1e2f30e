#!/usr/bin/env bash
# Builds the images without a docker daemon: bases from Debian's packages, wheels fetched beforehand, buildah. As root.
# images/build.sh PYTHON TARGET...    PYTHON is one with pip.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly suite=bookworm bases=build/bases wheels=build/wheels
readonly lists=(build.txt run.txt mock-mq.txt rehearsal.txt pymqi.txt)
export BUILDAH_ISOLATION=chroot

need() {
    local tool missing=()
    for tool in "$@"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    if ((${#missing[@]})); then
        echo "images: needed and not here: ${missing[*]}: on Debian, apt-get install ${missing[*]}" >&2
        exit 1
    fi
    if ((EUID)); then
        echo "images: only root can build and try images without a daemon: sudo make images" >&2
        exit 1
    fi
}

# A base is made once: a root file system of Debian's packages, imported as an image.
base() {
    local name=$1 container
    shift
    if ! buildah inspect --type image "localhost/$name" >/dev/null 2>&1; then
        echo "images: making $name from Debian's packages"
        mkdir -p "$bases"
        mmdebstrap --quiet "$@" "$suite" "$bases/$name.tar"
        container=$(buildah from scratch)
        buildah add --quiet "$container" "$bases/$name.tar" / >/dev/null
        buildah commit --quiet --rm "$container" "localhost/$name" >/dev/null
        rm "$bases/$name.tar"
    fi
}

# What the images run on: Python and the libraries beneath it, and no shell. The packages are unpacked and no
# more; the list of them is where scanners look for it.
runtime() {
    # shellcheck disable=SC2016 # a hook's own variables
    base bridge-runtime-bare --variant=extract --include=base-files,python3-minimal,libpython3-stdlib,libstdc++6 \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --extract-hook='for deb in "$1"/var/cache/apt/archives/*.deb; do
            dpkg-deb --field "$deb" && printf "Status: install ok unpacked\n\n"
        done > "$1/var/lib/dpkg/status"
        rm "$1/etc/apt/sources.list"'
}

# The packages that the build installs, so that it needs no network and no index's address gets into an image.
fetch() {
    local python=$1 list fetched
    fetched=$wheels/.$(cd requirements && sha256sum "${lists[@]}" | sha256sum | cut -c1-16)
    [[ -e $fetched ]] && return
    echo "images: fetching the locked packages"
    rm -rf "$wheels" && mkdir -p "$wheels"
    for list in "${lists[@]}"; do
        "$python" -m pip --disable-pip-version-check --quiet download --no-deps --require-hashes \
            --python-version 3.11 --no-build-isolation --dest "$wheels" --requirement "requirements/$list"
    done
    touch "$fetched"
}

# Builds a target; what had its tag before goes, so that builds do not pile up.
build() {
    local target=$1 tag=$2 revision=$3 before
    before=$(buildah images --quiet --no-trunc "$tag" 2>/dev/null || true)
    buildah bud --quiet --layers --network none --target "$target" --tag "$tag" \
        --build-arg BUILD_IMAGE=localhost/bridge-build --build-arg RUNTIME_IMAGE=localhost/bridge-runtime-bare \
        --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/src/build/wheels \
        --build-arg MQ_CLIENT_SHA256="${MQ_CLIENT_SHA256:-}" --build-arg REVISION="$revision" \
        --format docker . >/dev/null
    if [[ -n $before && $before != "$(buildah images --quiet --no-trunc "$tag")" ]]; then
        buildah rmi "$before" >/dev/null 2>&1 || echo "images: the former $tag stays: something uses it"
    fi
}

main() {
    local python=$1 target revision
    shift
    need buildah mmdebstrap
    base bridge-build --variant=essential --include=python3-venv,python3-dev,gcc,libc6-dev,ca-certificates
    runtime
    fetch "$python"
    revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
    # The stages have tags of their own, for what they hold to be found the next time.
    for target in build build-rehearsal "$@"; do
        echo "images: building $target"
        case $target in
            build*) build "$target" "localhost/bridge-stage-$target" "$revision" ;;
            *) build "$target" "localhost/$target" "$revision" ;;
        esac
    done
}

main "$@"
