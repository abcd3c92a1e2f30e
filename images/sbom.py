"""Writes what a built image is made of, as CycloneDX JSON: `sbom.py DIRECTORY IMAGE...`.

Read from the image itself, not from what was asked for: Debian's packages by dpkg's list, Python's by their
metadata, IBM's MQ client by what images/mq_client.py noted. As root, as `buildah` mounts the image.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path

from cyclonedx.model import HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL


def main(directory: Path, images: list[str]) -> None:
    """One file an image, `DIRECTORY/IMAGE.json`."""
    directory.mkdir(parents=True, exist_ok=True)
    for image in images:
        container = _buildah("from", "--pull-never", f"localhost/{image}")
        try:
            found = contents(Path(_buildah("mount", container)))
        finally:
            _buildah("rm", container)
        config = json.loads(_buildah("inspect", "--type", "image", f"localhost/{image}"))["Docker"]["config"]
        version = config["Labels"]["org.opencontainers.image.version"]
        bom = Bom(components=found)
        bom.metadata.component = Component(type=ComponentType.CONTAINER, name=image, version=version)
        bom.register_dependency(bom.metadata.component, found)
        file = directory / f"{image}.json"
        make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_to_file(
            str(file), allow_overwrite=True, indent=2
        )
        print(f"sbom: {file}: {len(found)} components")  # noqa: T201 - what make shows


def contents(root: Path) -> list[Component]:
    """The components found under an image's root."""
    return [*_debian(root), *_python(root), *_mq_client(root)]


def _debian(root: Path) -> Iterator[Component]:
    release = dict(line.split("=", 1) for line in (root / "etc/os-release").read_text().splitlines())
    distribution = f"{release['ID']}-{release['VERSION_ID'].strip(chr(34))}"
    status = (root / "var/lib/dpkg/status").read_text()
    for paragraph in filter(None, status.split("\n\n")):
        package = HeaderParser().parsestr(paragraph)
        name, version, architecture = package["Package"], package["Version"], package["Architecture"]
        purl = PackageURL("deb", "debian", name, version, {"arch": architecture, "distro": distribution})
        yield Component(name=name, version=version, purl=purl, bom_ref=str(purl))


def _python(root: Path) -> Iterator[Component]:
    for packages in sorted(root.glob("opt/*/lib/python3*/site-packages")):
        for package in metadata.distributions(path=[str(packages)]):
            purl = PackageURL("pypi", None, package.name.lower().replace("_", "-"), package.version)
            yield Component(
                name=package.name,
                version=package.version,
                purl=purl,
                bom_ref=str(purl),
                licenses=_licences(package.metadata.json),
            )


def _licences(told: dict[str, str | list[str]]) -> list[License]:
    if expression := told.get("license_expression"):
        return [LicenseExpression(str(expression))]
    text = str(told.get("license", ""))
    # Some have the whole text there; its name is what is wanted.
    return [DisjunctiveLicense(name=text)] if text and "\n" not in text else []


def _mq_client(root: Path) -> Iterator[Component]:
    note = root / "opt/mqm/archive.json"
    if note.exists():
        archive = json.loads(note.read_text())
        yield Component(
            name="IBM MQ redistributable client",
            version=archive["name"].partition("-")[0],
            hashes=[HashType.from_composite_str(f"sha256:{archive['sha256']}")],
        )


def _buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        sys.exit(f"sbom: {done.stderr.strip()}: `make images` builds them")
    return done.stdout.strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
